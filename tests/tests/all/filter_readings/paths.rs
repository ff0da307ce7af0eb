//! Paths that servers decode, cut and resolve in different orders.

use super::{FILTERS, Filter, Seen};
use e2e::{Client, Envoy, raw};
use serde_json::json;

/// How many of the readings of a path are guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guarded {
    All,
    Some,
    None,
}

use Guarded::{All, None, Some};

/// Requests to an Envoy in which `/admin`, `/v1/users:purge`, `/@root`, `/caf%C3%A9` and
/// `/v1/items` are guarded.
const PATHS: &[(&str, Guarded)] = &[
    ("/admin", All),
    ("/admin?x=/../y", All),
    ("/admin/;a//b/%2e", All),
    // Characters that need no encoding, and hexadecimal digits in upper and lower case.
    ("/%61dmin", All),
    ("/%61%64%6D%69%6e/users", All),
    ("/v1/users:purge", All),
    ("/v1/users%3Apurge", All),
    ("/v1/users%3apurge", All),
    ("/v1/%75sers%3apurge", All),
    ("/@root", All),
    ("/%40root/x", All),
    ("/caf%C3%A9", All),
    ("/caf%c3%a9", All),
    ("/c%61f%c3%A9/x%2Fy", All),
    ("/v%31/items", All),
    // Decoded twice, or not.
    ("/%2561dmin", Some),
    ("/v1/users%253Apurge", Some),
    ("/caf%25c3%25A9", Some),
    // Slashes, dots and parameters.
    ("//admin", Some),
    ("/./admin", Some),
    ("/x/../admin", Some),
    ("/x/%2e%2e/admin", Some),
    ("/x/..;/admin", Some),
    ("/admin;a=b/users", Some),
    ("/;/admin", Some),
    ("/x\\..\\admin", Some),
    ("/%2fadmin", Some),
    ("/x/..%2fadmin", Some),
    ("/x/..%5cadmin", Some),
    ("/v1//items", Some),
    // In other orders: nginx and Tomcat decode before they resolve dots, some servers twice.
    ("/public/a%5cb%2f..%2f..%2fadmin/users", Some),
    ("/%61dmin/%252e%252e/../users", Some),
    ("/;x/admin/;%252f../users", Some),
    // WSGI servers pass the path on with its dots.
    ("/%61dmin/../x", Some),
    ("/admin/%2e%2e/x", Some),
    ("/admin/..;/x", Some),
    ("/admin%2f..%2fx", Some),
    // Only looks odd.
    ("/", None),
    ("/administrator", None),
    ("/x/admin", None),
    ("/ADMIN", None),
    ("/login;jsessionid=A", None),
    ("/public;jsessionid=1/x", None),
    ("/files/a%2Fb", None),
    ("/projects/group%2Fproject", None),
    ("/100%25", None),
    ("/caf%25C3", None),
    ("/a%20b%3Fc%23d", None),
    ("/users:purge", None),
    ("/v1/items/7", None),
    ("/public//x/./y", None),
    ("/%70ublic/..;/x", None),
];

fn guarded() -> serde_json::Value {
    json!({"paths": [{"prefix": "/admin"}, {"exact": "/v1/users:purge"}, {"prefix": "/@root"}, {"prefix": "/caf%C3%A9"},
        {"regex": "/v[0-9]+/items"}]})
}

// jwt-auth requires what the rules of all readings require. A limit of rate-limit counts a request
// if any reading matches. If readings select different policies, cors gives no permission and lets
// the request pass. If readings differ in which request operations apply, header-rewrite refuses
// the request with 400 `ambiguous_path`.
#[test]
fn no_spelling_of_a_path_opens_a_door_and_legitimate_ones_are_served() {
    for filter in FILTERS {
        let envoy = filter.start(&guarded());
        for (target, guarded) in PATHS {
            let expected = match guarded {
                All => Seen::Applied,
                Some if filter == Filter::HeaderRewrite => Seen::Refused,
                Some => Seen::Applied,
                None => Seen::Served,
            };
            let seen = filter.seen(&envoy, target, "a.example");
            assert_eq!(seen, expected, "{filter:?}: {target}");
        }
        if filter == Filter::HeaderRewrite {
            let refused = PATHS.iter().filter(|(_, guarded)| *guarded == Some).count();
            let counted = envoy.stat(&filter.refusals("ambiguous_path"));
            assert_eq!(counted, refused as u64);
        }
    }
}

/// Over HTTP/2 a path is also passed unchanged.
#[test]
fn no_spelling_opens_a_door_over_http2() {
    for filter in FILTERS {
        let envoy = filter.start(&guarded());
        let client = Client::http2();
        for (target, _) in PATHS.iter().filter(|(_, guarded)| *guarded == All) {
            let request = client.get(envoy.url(target));
            let answer = request.header("origin", "https://evil.example").send();
            let is_applied = match filter {
                Filter::JwtAuth => answer.status == 401,
                Filter::RateLimit => answer.header("ratelimit-policy").is_some(),
                Filter::HeaderRewrite => answer.echo().header("x-rule").is_some(),
                Filter::Cors => answer.header("access-control-allow-origin").is_none(),
            };
            assert!(is_applied, "{filter:?}: {target}: {}", answer.status);
        }
    }
}

// A path with more than 64 readings is refused with 400; cors gives no permission instead.
#[test]
fn a_path_with_too_many_readings_is_refused_or_gets_no_permission() {
    let nested = format!("/%{}61dmin", "25".repeat(100));
    let mixed = "/a%2F%252F%25252F%2525252F%255C/;%3B%253B/..%2e/%252e.//x\\".repeat(4);
    for filter in FILTERS {
        let envoy = filter.start(&guarded());
        for target in [nested.as_str(), &mixed] {
            let seen = filter.seen(&envoy, target, "a.example");
            let expected = match filter {
                Filter::Cors => Seen::Applied,
                _ => Seen::Refused,
            };
            assert_eq!(seen, expected, "{filter:?}: {target}");
        }
        if filter == Filter::Cors {
            let passed = envoy.stat("wasmcustom.cors.request.passed.ambiguous_path_total");
            assert_eq!(passed, 2);
        } else {
            assert_eq!(envoy.stat(&filter.refusals("ambiguous_path")), 2);
        }
        // Nothing depends on the path, so it has no readings.
        let open = filter.start(&json!({"methods": ["PURGE"]}));
        assert_eq!(filter.seen(&open, &mixed, "a.example"), Seen::Served);
    }
}

/// Response operations do not change the request, so no spelling has to be refused for them.
#[test]
fn a_rule_for_responses_alone_refuses_no_path() {
    let config = json!({"rules": [{
        "match": {"paths": [{"prefix": "/files"}]},
        "response": [{"set": {"name": "x-rule", "value": "applied"}}],
    }]});
    let envoy = Envoy::with_filter("header-rewrite", config.to_string()).start();
    for (target, is_applied) in [
        ("/files/a%2Fb", true),
        ("//files", true),
        ("/files/..;/x", true),
        ("/x/../files;v=1", true),
        ("/%2566iles", true),
        ("/x%2Ffiles", false),
        ("/login;jsessionid=A", false),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n");
        let answer = raw::send(envoy.address(), request).response();
        assert_eq!(answer.echo().path, target);
        assert_eq!(answer.header("x-rule").is_some(), is_applied, "{target}");
    }
}

#[test]
fn the_sample_of_rate_limit_serves_and_counts_a_path_with_parameters() {
    let envoy = Envoy::from_sample("rate-limit").start();
    for target in ["/login;jsessionid=A", "/%6cogin", "/x/..;/login"] {
        let answer = envoy.get(target).send();
        assert_eq!(answer.status, 200, "{target}");
        let policies = answer.headers_all("ratelimit-policy").join(", ");
        assert!(policies.contains("\"login\""), "{target}: {policies}");
    }
}
