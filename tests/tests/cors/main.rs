//! cors in a real Envoy: its sample, every row of its decision table, and origins that no browser sends.

mod parity;

use e2e::cases::cors::{PREFLIGHT_VARY, headers as cors};
use e2e::{Client, ConfigForm, Envoy, Response, cases, raw};

const APP: &str = "https://app.example.com";

const POLICY: &str = r#"{"policies": [{"match": {"hosts": ["api.example.com"]},
    "allow_origins": ["https://app.example.com", "https://example.org", "https://*.example.org"],
    "allow_methods": ["GET", "PUT"], "allow_headers": ["x-token"], "expose_headers": ["x-request-id"],
    "allow_credentials": true, "max_age": "10m"}]}"#;

fn with(config: &str) -> Envoy {
    Envoy::with_filter("cors", config).start().unwrap()
}

/// A GET from this origin to the policy's host; the upstream is asked to set these headers.
fn get(envoy: &Envoy, origin: &str, upstream: &[&str]) -> Response {
    let request = Client::http1()
        .get(envoy.url("/"))
        .host("api.example.com")
        .header("origin", origin);
    upstream
        .iter()
        .fold(request, |request, field| {
            request.header("x-echo-set", field)
        })
        .send()
}

fn preflight(envoy: &Envoy, origin: &str, method: &str, headers: &str) -> Response {
    Client::http1()
        .options(envoy.url("/"))
        .host("api.example.com")
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", headers)
        .send()
}

#[test]
fn the_sample_does_what_its_comments_say() {
    let envoy = Envoy::from_sample("cors").concurrency(2).start().unwrap();
    cases::cors::check(&envoy);
}

#[test]
fn no_policy_matches_then_nothing_is_touched() {
    let envoy = with(POLICY);
    let answer = Client::http1()
        .get(envoy.url("/"))
        .host("other.example.com")
        .header("origin", APP)
        .header("x-echo-set", "access-control-allow-origin: *")
        .send();
    assert_eq!(cors(&answer), [("access-control-allow-origin", "*")]);
    envoy.assert_vm_alive();
}

#[test]
fn no_origin_then_only_vary_is_added() {
    let envoy = with(POLICY);
    let ask = |vary: &[&str]| {
        let request = Client::http1().get(envoy.url("/")).host("api.example.com");
        vary.iter()
            .fold(request, |request, field| {
                request.header("x-echo-set", field)
            })
            .send()
    };
    for (upstream, expected) in [
        (&[][..], "Origin"),
        (&["vary: accept-encoding"], "accept-encoding, Origin"),
        (&["vary: origin, accept"], "origin, accept"),
        (&["vary: *"], "*"),
    ] {
        assert_eq!(cors(&ask(upstream)), [("vary", expected)]);
    }
    let twice = ask(&["vary: accept", "vary: origin"]);
    assert_eq!(
        twice
            .headers_all("vary")
            .join(", ")
            .matches("rigin")
            .count(),
        1
    );
    let kept = ask(&["access-control-allow-origin: *"]);
    assert_eq!(kept.header("access-control-allow-origin"), Some("*"));
    // An empty origin is none, in a preflight too.
    let empty = get(&envoy, "", &["access-control-allow-origin: *"]);
    assert_eq!(
        cors(&empty),
        [("access-control-allow-origin", "*"), ("vary", "Origin")]
    );
    let no_preflight = preflight(&envoy, "", "GET", "");
    assert_eq!(no_preflight.echo().method, "OPTIONS");
    assert_eq!(cors(&no_preflight), [("vary", "Origin")]);
    // Nor is it one without a method that it asks for.
    let plain = preflight(&envoy, APP, "", "");
    assert_eq!(plain.echo().method, "OPTIONS");
    envoy.assert_vm_alive();
}

#[test]
fn an_allowed_origin_gets_permission_in_place_of_the_upstreams() {
    let envoy = with(POLICY);
    let upstream = [
        "access-control-allow-origin: *",
        "access-control-allow-methods: PURGE",
        "access-control-expose-headers: x-secret",
        "vary: accept",
    ];
    let answer = get(&envoy, APP, &upstream);
    assert_eq!(
        cors(&answer),
        [
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-origin", APP),
            ("access-control-expose-headers", "x-request-id"),
            ("vary", "accept, Origin"),
        ]
    );
    assert_eq!(envoy.stat("wasmcustom.cors.request.allowed_total"), 1);
    envoy.assert_vm_alive();
}

#[test]
fn an_origin_that_is_not_allowed_passes_without_permission() {
    let envoy = with(POLICY);
    let upstream = [
        "access-control-allow-origin: *",
        "access-control-allow-credentials: true",
    ];
    let answer = get(&envoy, "https://evil.example", &upstream);
    assert_eq!(answer.status, 200);
    assert_eq!(cors(&answer), [("vary", "Origin")]);
    assert_eq!(envoy.stat("wasmcustom.cors.request.passed.origin_total"), 1);

    let method = Client::http1()
        .request("DELETE", envoy.url("/"))
        .host("api.example.com")
        .header("origin", APP)
        .send();
    assert_eq!(cors(&method), [("vary", "Origin")]);
    assert_eq!(envoy.stat("wasmcustom.cors.request.passed.method_total"), 1);
    envoy.assert_vm_alive();
}

#[test]
fn an_origin_that_is_not_allowed_is_refused_where_the_policy_says_so() {
    let envoy = Envoy::with_filter(
        "cors",
        r#"{"policies": [{"allow_origins": ["https://app.example.com"], "unmatched_origin": "refuse"}]}"#,
    )
    .access_log("%RESPONSE_CODE_DETAILS%\n")
    .start()
    .unwrap();
    let answer = get(&envoy, "https://evil.example", &[]);
    assert_eq!(answer.status, 403);
    assert_eq!(cors(&answer), [("vary", "Origin")]);
    envoy.wait_for_access_log("cors_origin_refused", std::time::Duration::from_secs(10));
    let own = get(&envoy, "https://api.example.com", &[]);
    assert_eq!((own.status, cors(&own)), (200, vec![("vary", "Origin")]));
    envoy.assert_vm_alive();
}

#[test]
fn a_preflight_is_answered_before_later_filters_and_without_a_route() {
    let mut envoy = Envoy::with_filter("cors", POLICY)
        .native("{name: envoy.filters.http.rbac, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC, rules: {action: ALLOW, policies: {}}}}")
        .start()
        .unwrap();
    let answer = preflight(&envoy, APP, "PUT", "x-token");
    assert_eq!(answer.status, 204);
    assert_eq!(
        cors(&answer),
        [
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-headers", "x-token"),
            ("access-control-allow-methods", "GET, PUT"),
            ("access-control-allow-origin", APP),
            ("access-control-max-age", "600"),
            PREFLIGHT_VARY,
        ]
    );
    // The refusal of a later filter can be read by the page.
    let refused = get(&envoy, APP, &[]);
    assert_eq!(refused.status, 403);
    assert_eq!(refused.header("access-control-allow-origin"), Some(APP));
    assert_eq!(envoy.upstream().count(), 0);
    envoy.upstream_mut().stop();
    assert_eq!(preflight(&envoy, APP, "GET", "").status, 204);
    envoy.assert_vm_alive();
}

#[test]
fn envoys_own_answers_carry_the_headers() {
    let mut envoy = Envoy::with_filter("cors", POLICY)
        .virtual_host(r#"{name: only, domains: [api.example.com], routes: [
            {match: {path: /known}, route: {cluster: upstream}}, {match: {path: /direct}, direct_response: {status: 204}},
            {match: {path: /moved}, redirect: {path_redirect: /x}}]}"#)
        .start()
        .unwrap();
    envoy.upstream_mut().stop();
    for (path, status) in [
        ("/none", 404),
        ("/direct", 204),
        ("/moved", 301),
        ("/known", 503),
    ] {
        let answer = Client::http1()
            .get(envoy.url(path))
            .host("api.example.com")
            .header("origin", APP)
            .send();
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some(APP),
            "{path}"
        );
        assert_eq!(answer.header("vary"), Some("Origin"), "{path}");
    }
    envoy.assert_vm_alive();
}

#[test]
fn a_preflight_that_is_not_allowed_is_refused_and_tells_nothing() {
    let envoy = with(POLICY);
    for (origin, method, headers, counter) in [
        ("https://evil.example", "GET", "", "origin"),
        (APP, "DELETE", "", "method"),
        (APP, "GET", "x-other", "header"),
    ] {
        let answer = preflight(&envoy, origin, method, headers);
        assert_eq!(answer.status, 403, "{counter}");
        assert_eq!(cors(&answer), [PREFLIGHT_VARY], "{counter}");
        assert_eq!(
            envoy.stat(&format!(
                "wasmcustom.cors.preflight.refused.{counter}_total"
            )),
            1
        );
    }
    assert_eq!(envoy.upstream().count(), 0);
    envoy.assert_vm_alive();
}

#[test]
fn a_preflight_that_is_not_allowed_is_forwarded_where_the_policy_says_so() {
    let envoy = with(
        r#"{"policies": [{"allow_origins": ["https://app.example.com"], "preflight": {"status": 200, "unmatched": "forward"}}]}"#,
    );
    let answer = Client::http1()
        .options(envoy.url("/"))
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "GET")
        .header(
            "x-echo-set",
            "access-control-allow-origin: https://evil.example",
        )
        .send();
    assert_eq!(answer.echo().method, "OPTIONS");
    assert_eq!(
        cors(&answer),
        [
            ("access-control-allow-origin", "https://evil.example"),
            PREFLIGHT_VARY
        ]
    );
    assert_eq!(preflight(&envoy, APP, "GET", "").status, 200);
    envoy.assert_vm_alive();
}

/// One policy for `/public`, another for every other path.
const BY_PATH: &str = r#"{"policies": [{"match": {"paths": [{"prefix": "/public"}]}, "allow_origins": ["*"]},
    {"allow_origins": ["https://app.example.com"]}]}"#;

/// A request with this target as it stands here, an origin that only one policy allows, and an upstream that allows every origin.
fn ask_by_path(envoy: &Envoy, method: &str, target: &str, more: &str) -> raw::RawResponse {
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: a\r\nx-echo-set: access-control-allow-origin: *\r\n{more}\r\n"
    );
    raw::send(envoy.address(), request).response()
}

// DESIGN 4 (v2), "What filters make of them": "cors: where readings select different policies there is no permission, and the request goes
// on." Before, such a request was refused with 400.
#[test]
fn a_path_whose_spelling_decides_on_the_policy_gets_no_permission_and_goes_on() {
    const EVIL: &str = "origin: https://evil.example\r\n";
    const PREFLIGHT: &str =
        "origin: https://evil.example\r\naccess-control-request-method: GET\r\n";
    let envoy = Envoy::with_filter("cors", BY_PATH)
        .access_log("%RESPONSE_CODE_DETAILS%")
        .start()
        .unwrap();
    // Too many readings are as readings that differ (DESIGN 4 (v2): "cors: no permission").
    let many = "/a%2F%252F%25252F%2525252F%255C/;%3B%253B/..%2e/%252e.//x\\".repeat(4);
    let spellings = [
        "//public",
        "/x/../public",
        "/public/..;/admin",
        "/public;x",
        many.as_str(),
    ];
    for (n, target) in (1..).zip(spellings) {
        let answer = ask_by_path(&envoy, "GET", target, EVIL);
        assert_eq!(answer.status, 200, "{target}");
        assert_eq!(answer.echo().path, target);
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("vary"), Some("Origin"), "{target}");
        let passed = envoy.stat("wasmcustom.cors.request.passed.ambiguous_path_total");
        assert_eq!(passed, n, "{target}");

        let answer = ask_by_path(&envoy, "OPTIONS", target, PREFLIGHT);
        assert_eq!(answer.status, 403, "{target}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        let (name, value) = PREFLIGHT_VARY;
        assert_eq!(answer.header(name), Some(value), "{target}");
        let refused = envoy.stat("wasmcustom.cors.preflight.refused.ambiguous_path_total");
        assert_eq!(refused, n, "{target}");

        // A legitimate path, and no page asks: what the upstream says stays.
        let answer = ask_by_path(&envoy, "GET", target, "");
        assert_eq!(answer.status, 200, "{target}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("vary"), Some("Origin"), "{target}");
    }
    envoy.wait_for_access_log(
        "cors_preflight_refused{ambiguous_path}",
        std::time::Duration::from_secs(10),
    );
    envoy.assert_vm_alive();
}

// DESIGN 4 (v2), "Readings of a path": "Patterns are compared with each reading, in decoded form on both sides": these have but one, and the
// policy for it is known.
#[test]
fn a_path_with_one_reading_falls_under_its_policy_however_it_is_encoded() {
    let envoy = with(BY_PATH);
    for target in ["/public", "/%70ublic", "/public/caf%c3%A9", "/public/a%3Ab"] {
        let answer = ask_by_path(&envoy, "GET", target, "origin: https://evil.example\r\n");
        assert_eq!(answer.status, 200, "{target}");
        assert_eq!(
            answer.headers.all("access-control-allow-origin"),
            ["*"],
            "{target}"
        );
        assert_eq!(answer.header("vary"), None, "{target}");
    }
    assert_eq!(envoy.stat("wasmcustom.cors.request.allowed_total"), 4);
    assert_eq!(
        envoy.stat("wasmcustom.cors.request.passed.ambiguous_path_total"),
        0
    );
    // Where a policy is for all paths, no spelling makes a difference.
    let envoy = with(POLICY);
    let request = Client::http1().get(envoy.url("//x/..;/y"));
    let answer = request.host("api.example.com").header("origin", APP).send();
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    envoy.assert_vm_alive();
}

#[test]
fn in_report_mode_a_path_that_is_ambiguous_is_counted_and_changes_nothing() {
    let envoy = with(&BY_PATH.replacen('{', r#"{"mode": "report", "#, 1));
    let origin = "origin: https://evil.example\r\n";
    let answer = ask_by_path(&envoy, "GET", "//public", origin);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("vary"), None);
    assert_eq!(
        envoy.stat("wasmcustom.cors.reported.request_passed_ambiguous_path_total"),
        1
    );
    let preflight = format!("{origin}access-control-request-method: GET\r\n");
    let answer = ask_by_path(&envoy, "OPTIONS", "//public", &preflight);
    assert_eq!(answer.echo().method, "OPTIONS");
    assert_eq!(
        envoy.stat("wasmcustom.cors.reported.preflight_refused_ambiguous_path_total"),
        1
    );
    assert_eq!(
        envoy.stat("wasmcustom.cors.request.passed.ambiguous_path_total"),
        0
    );
    envoy.wait_for_log(
        "report: the request passes without permission: its path is ambiguous",
        std::time::Duration::from_secs(10),
    );
    envoy.assert_vm_alive();
}

#[test]
fn what_a_policy_adds_is_sent_where_it_is_asked_for() {
    let envoy = with(
        r#"{"policies": [{"allow_origins": ["null", "https://app.example.com"], "allow_methods": ["*"], "allow_headers": ["*"],
            "allow_private_network": true, "timing_allow_origin": true}]}"#,
    );
    let answer = Client::http1()
        .options(envoy.url("/"))
        .header("origin", "null")
        .header("access-control-request-method", "PURGE")
        .header("access-control-request-headers", "authorization, x-a")
        .header("access-control-request-headers", "x-b")
        .header("access-control-request-private-network", "true")
        .send();
    assert_eq!(
        cors(&answer),
        [
            // Envoy itself has joined the two headers.
            ("access-control-allow-headers", "authorization, x-a,x-b"),
            ("access-control-allow-methods", "PURGE"),
            ("access-control-allow-origin", "null"),
            ("access-control-allow-private-network", "true"),
            PREFLIGHT_VARY,
        ]
    );
    let not_asked = preflight(&envoy, APP, "GET", "");
    assert_eq!(
        not_asked.header("access-control-allow-private-network"),
        None
    );
    let answer = get(&envoy, "null", &["timing-allow-origin: *"]);
    assert_eq!(
        cors(&answer),
        [
            ("access-control-allow-origin", "null"),
            ("timing-allow-origin", "null"),
            ("vary", "Origin"),
        ]
    );
    envoy.assert_vm_alive();
}

#[test]
fn report_mode_counts_and_changes_nothing() {
    let envoy = with(&POLICY.replacen('{', r#"{"mode": "report", "#, 1));
    let answer = preflight(&envoy, "https://evil.example", "GET", "");
    assert_eq!(answer.echo().method, "OPTIONS");
    let answer = get(&envoy, APP, &["access-control-allow-origin: *"]);
    assert_eq!(cors(&answer), [("access-control-allow-origin", "*")]);
    for counter in ["preflight_refused_origin", "request_allowed"] {
        assert_eq!(
            envoy.stat(&format!("wasmcustom.cors.reported.{counter}_total")),
            1
        );
    }
    assert_eq!(envoy.stat("wasmcustom.cors.request.allowed_total"), 0);
    envoy.assert_vm_alive();
}

#[test]
fn json_text_and_struct_behave_alike() {
    for form in [ConfigForm::Struct, ConfigForm::Text] {
        let envoy = Envoy::with_filter("cors", POLICY)
            .form(form)
            .start()
            .unwrap();
        assert_eq!(preflight(&envoy, APP, "PUT", "x-token").status, 204);
        assert_eq!(preflight(&envoy, APP, "POST", "x-token").status, 403);
    }
}

#[test]
fn origins_that_are_near_misses_are_told_from_those_that_are_allowed() {
    let envoy = with(POLICY);
    for (origin, allowed) in [
        (&b"https://example.org"[..], true),
        (b"https://a.example.org", true),
        (b"https://EXAMPLE.org", true),
        (b"https://example.org:443", true),
        (b"https://a.example.org.evil.com", false),
        (b"https://xexample.org", false),
        (b"https://example.org:8443", false),
        (b"https://example.org.", false),
        (b"http://example.org", false),
        (b"https://example.org/", false),
        (b"https://evil.com#.example.org", false),
        (b"https://example.org\xe9", false),
        (b"\xe9", false),
        (b"null", false),
        (b"*", false),
        (b"https://*.example.org", false),
    ] {
        let answer = Client::http1()
            .get(envoy.url("/"))
            .host("api.example.com")
            .header("origin", origin)
            .send();
        assert_eq!(answer.status, 200);
        let expected = allowed.then(|| String::from_utf8_lossy(origin).into_owned());
        assert_eq!(
            answer
                .header("access-control-allow-origin")
                .map(str::to_owned),
            expected
        );
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
    envoy.assert_vm_alive();
}

#[test]
fn two_origins_and_a_huge_one_get_no_permission() {
    let envoy = with(POLICY);
    let huge = format!("origin: https://{}.example.org\r\n", "a".repeat(20 * 1024));
    for origins in [
        "origin: https://example.org\r\norigin: https://example.org\r\n",
        "origin: https://example.org\r\norigin: https://evil.com\r\n",
        "origin: https://example.org, https://evil.com\r\n",
        huge.as_str(),
    ] {
        for rest in ["GET", "OPTIONS"] {
            let request = format!(
                "{rest} / HTTP/1.1\r\nhost: api.example.com\r\n{origins}access-control-request-method: GET\r\n\r\n"
            );
            let answer = raw::send(envoy.address(), request).response();
            assert_eq!(answer.status, if rest == "GET" { 200 } else { 403 });
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
    envoy.assert_vm_alive();
}
