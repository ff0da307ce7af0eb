//! Other spellings of a path or a host, in an Envoy that normalizes nothing: none of them bypasses
//! a rule.

use e2e::token::{self, Token, forged};
use e2e::{Client, Envoy, Response, raw};
use serde_json::{Value, json};

/// Everything is open except `/admin`, `/Case` in any case, `/exact`, `/v1/items`, three paths with
/// characters that may be encoded, and the host `admin.example.com`.
fn guarded() -> Envoy {
    let token = json!({"provider": {"name": "corp"}});
    let config = json!({
        "providers": {"corp": {
            "keys": {"jwks": serde_json::from_str::<Value>(token::JWKS).unwrap()},
            "claims_to_headers": [{"claim": "sub", "header": "x-jwt-sub"}],
        }},
        "rules": [
            {"match": {"paths": [{"prefix": "/admin"}]}, "require": token},
            {"match": {"paths": [{"prefix": "/Case", "ignore_case": true}]}, "require": token},
            {"match": {"paths": [{"exact": "/exact"}]}, "require": token},
            {"match": {"paths": [{"regex": "/v[0-9]+/items"}]}, "require": token},
            {"match": {"paths": [{"exact": "/v1/users:purge"}, {"prefix": "/@root"}, {"prefix": "/caf%C3%A9"}]}, "require": token},
            {"match": {"hosts": ["admin.example.com", "*.admin.example.com"]}, "require": token},
            {"require": "nothing"},
        ],
    });
    Envoy::with_filter("jwt-auth", config.to_string())
        .hcm("{normalize_path: false, merge_slashes: false, path_with_escaped_slashes_action: KEEP_UNCHANGED}")
        .start()
}

/// Returns the status of a request that is sent unchanged.
fn status(envoy: &Envoy, target: &str, host: &str) -> u16 {
    let request = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    raw::send(envoy.address(), request).response().status
}

/// What servers may serve as a guarded path. Without a token, each is 401.
///
/// jwt-auth: the requirements of all readings must
/// hold. Before, all but the plain spelling were refused with 400, with a token or without.
const SPELLINGS: &[&str] = &[
    "/admin",
    "/admin/",
    "/admin/users",
    "/admin?x=1",
    "http://other.example/admin",
    "/%61dmin",
    "/%61%64%6d%69%6e",
    "/%2561dmin",
    "/admi%6e/users",
    "//admin",
    "///admin",
    "/./admin",
    "/x/../admin",
    "/x/%2e%2e/admin",
    "/x/%2E./admin",
    "/x/..;/admin",
    "/x/..;a=b/admin",
    "/;/admin",
    "/admin;a",
    "/admin;a=b/users",
    "/%2fadmin",
    "/x/..%2fadmin",
    "/x/..%5cadmin",
    "/x\\..\\admin",
    "/x/%252e%252e/admin",
    // Decoding and dots in other orders: nginx, Tomcat, WSGI.
    "/public/a%5cb%2f..%2f..%2fadmin/users",
    "/%61dmin/%252e%252e/../users",
    "/;x/admin/;%252f../users",
    "/%61dmin/../x",
    "/admin/%2e%2e/x",
    "/admin%2f..%2fx",
    // Without `ignore_case`, another case is another path; with it, it is the same path.
    "/Case",
    "/case",
    "/CASE/x",
    "/%43ase",
    "/%63ASE",
    "//cAsE",
    "/exact",
    "/%65xact",
    "/exact;v=1",
    "/x/../exact",
    "/v1/items",
    "/v1//items",
    "/v1/%69tems",
    "/v%31/items",
    "/x/../v2/items",
    // Characters that need no encoding, and hexadecimal digits in upper and lower case.
    "/v1/users:purge",
    "/v1/users%3Apurge",
    "/v1/users%3apurge",
    "/v1/users%253Apurge",
    "/@root",
    "/%40root/x",
    "/caf%C3%A9",
    "/caf%c3%a9",
    "/c%61f%C3%a9/x",
    "/caf%25c3%25A9",
];

#[test]
fn no_spelling_of_a_path_walks_around_its_rule() {
    let envoy = guarded();
    let before = envoy.upstream().requests().len();
    for target in SPELLINGS {
        assert_eq!(status(&envoy, target, "open.example.com"), 401, "{target}");
    }
    // Envoy itself rejects a path that does not begin with a slash.
    assert_eq!(status(&envoy, "\\admin", "open.example.com"), 400);
    assert_eq!(
        envoy.upstream().requests().len(),
        before,
        "nothing reached the upstream"
    );
    let denied = envoy.stat("wasmcustom.jwt_auth.denied.missing_total");
    assert_eq!(denied, SPELLINGS.len() as u64);
}

#[test]
fn with_the_token_that_its_rule_requires_each_spelling_is_served_as_it_was_sent() {
    let envoy = guarded();
    let bearer = Token::new("ES256").bearer();
    let ask = |target: &str, token: &str| {
        let request = format!(
            "GET {target} HTTP/1.1\r\nhost: open.example.com\r\nauthorization: {token}\r\n\r\n"
        );
        raw::send(envoy.address(), request).response()
    };
    for target in SPELLINGS.iter().filter(|target| target.starts_with('/')) {
        let echo = ask(target, &bearer).echo();
        assert_eq!(echo.path, *target);
        assert_eq!(echo.header("x-jwt-sub"), Some("alice"), "{target}");
        assert_eq!(echo.header("authorization"), None, "{target}");
    }
    let forged = format!("Bearer {}", forged(&Token::new("ES256").sign()));
    for target in ["/%61dmin", "/x/..;/admin", "/v1/users%3Apurge"] {
        assert_eq!(ask(target, &forged).status, 401, "{target}");
    }
}

/// Meeting the requirement of one reading does not meet that of another.
#[test]
fn where_readings_fall_under_several_rules_all_their_requirements_must_hold() {
    let config = json!({
        "providers": {"corp": {"keys": {"jwks": serde_json::from_str::<Value>(token::JWKS).unwrap()}}},
        "rules": [
            {"match": {"paths": [{"prefix": "/admin"}]}, "require": {"provider": {"name": "corp", "scopes": {"all": ["admin"]}}}},
            {"match": {"paths": [{"prefix": "/audit"}]}, "require": {"provider": {"name": "corp", "scopes": {"all": ["audit"]}}}},
            {"require": "nothing"},
        ],
    });
    let envoy = Envoy::with_filter("jwt-auth", config.to_string()).start();
    let ask = |path: &str, scope: &str| {
        let token = Token::new("ES256").claim("scope", json!(scope)).bearer();
        let request = envoy.get(path);
        request.header("authorization", token).send().status
    };
    for (path, scope, status) in [
        ("/admin/..;/audit", "admin", 403),
        ("/admin/..;/audit", "audit", 403),
        ("/admin/..;/audit", "admin audit", 200),
        ("/admin/..;/open", "audit", 403),
        ("/admin/..;/open", "admin", 200),
        ("/open/..;/also", "", 200),
    ] {
        assert_eq!(ask(path, scope), status, "{path} with {scope:?}");
    }
}

// A path with more than 64 readings is refused with 400.
#[test]
fn a_path_with_too_many_readings_is_refused_whatever_token_comes_with_it() {
    let envoy = guarded();
    let path = format!("/%{}61dmin", "25".repeat(100));
    let ask = |path: &str| -> Response {
        envoy
            .get(path)
            .header("authorization", Token::new("ES256").bearer())
            .send()
    };
    assert_eq!(ask("/admin").status, 200);
    assert_eq!(ask("/%61dmin").status, 200);
    let refused = ask(&path);
    assert_eq!(refused.status, 400);
    let told = refused.text();
    assert!(told.starts_with("The path can be read in"), "{told}");
    assert_eq!(
        envoy.stat("wasmcustom.jwt_auth.denied.ambiguous_path_total"),
        1
    );
}

#[test]
fn paths_that_no_spelling_brings_under_a_rule_pass_as_they_are() {
    let envoy = guarded();
    for target in [
        "/",
        "/public",
        "/administrator",
        "/adminx",
        "/x/admin",
        "/ADMIN",
        "/exact/",
        "/v1/items/7",
        "/%70ublic",
        "/public//x",
        "/public/./x;v=1",
        "/a%20b",
        "/a%2Fb",
        // Legitimate, although a server may read them in several ways.
        "/login;jsessionid=A",
        "/public/..;/x",
        "/projects/group%2Fproject",
        "/100%25",
        "/caf%25C3",
        "/users:purge",
        "/v1/users%3Apurge/7",
    ] {
        let client = Client::http1();
        let echo = client
            .get(envoy.url(target))
            .host("open.example.com")
            .send()
            .echo();
        assert_eq!(echo.path, target);
    }
}

#[test]
fn no_spelling_of_a_host_walks_around_its_rule() {
    let envoy = guarded();
    for (host, refused) in [
        ("admin.example.com", true),
        ("ADMIN.Example.COM", true),
        ("admin.example.com:8080", true),
        ("admin.example.com.", true),
        ("ADMIN.example.com.:80", true),
        ("a.admin.example.com", true),
        ("a.b.ADMIN.example.com", true),
        ("open.example.com", false),
        ("xadmin.example.com", false),
        ("admin.example.com.evil.example", false),
    ] {
        let expected = if refused { 401 } else { 200 };
        assert_eq!(status(&envoy, "/", host), expected, "{host}");
        let http2 = Client::http2().get(envoy.url("/")).host(host).send();
        assert_eq!(http2.status, expected, "{host} over HTTP/2");
    }
    // The target names a host other than the field; the target counts (RFC 9112, section 3.2.2).
    assert_eq!(
        status(&envoy, "http://ADMIN.example.com/", "open.example.com"),
        401
    );
}

#[test]
fn in_the_sample_envoy_brings_paths_into_plain_form_first() {
    let envoy = Envoy::from_sample("jwt-auth").start();
    for (target, expected) in [
        ("/admin", 401),
        ("/%61dmin", 401),
        ("//admin", 401),
        ("/x/../admin", 401),
        ("/healthz/../admin", 401),
        ("/healthz/%2e%2e/admin", 401),
        ("/healthz%2f..%2fadmin", 307),
        // The requirements of all readings must hold.
        ("/admin;a", 401),
        ("/healthz/..;/admin", 401),
        ("/healthz", 200),
        ("//healthz", 200),
    ] {
        assert_eq!(status(&envoy, target, "a"), expected, "{target}");
    }
}
