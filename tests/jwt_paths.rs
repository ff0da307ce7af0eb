//! Other spellings of a path or a host, in an Envoy that normalizes nothing: none of them walks around a rule.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed assumption is a failed test"
)]

use e2e::token::{self, Token};
use e2e::{Client, Envoy, Response, raw};
use serde_json::{Value, json};

/// Everything is open but `/admin`, `/Case` in any case, `/exact`, `/v1/items` and the host `admin.example.com`.
fn guarded() -> Envoy {
    let token = json!({"provider": {"name": "corp"}});
    let config = json!({
        "providers": {"corp": {"keys": {"jwks": serde_json::from_str::<Value>(token::JWKS).unwrap()}}},
        "rules": [
            {"match": {"paths": [{"prefix": "/admin"}]}, "require": token},
            {"match": {"paths": [{"prefix": "/Case", "ignore_case": true}]}, "require": token},
            {"match": {"paths": [{"exact": "/exact"}]}, "require": token},
            {"match": {"paths": [{"regex": "/v[0-9]+/items"}]}, "require": token},
            {"match": {"hosts": ["admin.example.com", "*.admin.example.com"]}, "require": token},
            {"require": "nothing"},
        ],
    });
    Envoy::with_filter("jwt-auth", config.to_string())
        .hcm("{normalize_path: false, merge_slashes: false, path_with_escaped_slashes_action: KEEP_UNCHANGED}")
        .start()
        .unwrap()
}

/// The status of a request as it stands here.
fn status(envoy: &Envoy, target: &str, host: &str) -> u16 {
    let request = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    raw::send(envoy.address(), request).response().status
}

/// What servers may serve as the guarded path, and what the answer to it is without a token.
const SPELLINGS: &[(&str, u16)] = &[
    ("/admin", 401),
    ("/admin/", 401),
    ("/admin/users", 401),
    ("/admin?x=1", 401),
    ("http://other.example/admin", 401),
    ("/%61dmin", 400),
    ("/%61%64%6d%69%6e", 400),
    ("/%2561dmin", 400),
    ("/admi%6e/users", 400),
    ("//admin", 400),
    ("///admin", 400),
    ("/./admin", 400),
    ("/x/../admin", 400),
    ("/x/%2e%2e/admin", 400),
    ("/x/%2E./admin", 400),
    ("/x/..;/admin", 400),
    ("/x/..;a=b/admin", 400),
    ("/;/admin", 400),
    ("/admin;a", 400),
    ("/admin;a=b/users", 400),
    ("/%2fadmin", 400),
    ("/x/..%2fadmin", 400),
    ("/x/..%5cadmin", 400),
    ("/x\\..\\admin", 400),
    ("\\admin", 400),
    ("/x/%252e%252e/admin", 400),
    // Where the rule does not say `ignore_case`, another case is another path; where it does, it is not.
    ("/Case", 401),
    ("/case", 401),
    ("/CASE/x", 401),
    ("/%43ase", 400),
    ("/%63ASE", 400),
    ("//cAsE", 400),
    ("/exact", 401),
    ("/%65xact", 400),
    ("/exact;v=1", 400),
    ("/x/../exact", 400),
    ("/v1/items", 401),
    ("/v1//items", 400),
    ("/v1/%69tems", 400),
    ("/v%31/items", 400),
    ("/x/../v2/items", 400),
];

#[test]
fn no_spelling_of_a_path_walks_around_its_rule() {
    let envoy = guarded();
    let before = envoy.upstream().requests().len();
    for (target, refused) in SPELLINGS {
        let status = status(&envoy, target, "open.example.com");
        assert!(status == *refused || status == 400, "{target}: {status}");
        if target.starts_with('/') {
            assert_eq!(status, *refused, "{target}");
        }
    }
    assert_eq!(
        envoy.upstream().requests().len(),
        before,
        "nothing reached the upstream"
    );
    envoy.assert_vm_alive();
}

#[test]
fn a_good_token_does_not_make_an_ambiguous_path_plain() {
    let envoy = guarded();
    let ask = |path: &str| -> Response {
        Client::http1()
            .get(envoy.url(path))
            .header("authorization", Token::new("ES256").bearer())
            .send()
    };
    assert_eq!(ask("/admin").status, 200);
    assert_eq!(ask("/%61dmin").status, 400);
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
    // The target names another host than the field; the target counts (RFC 9112, section 3.2.2).
    assert_eq!(
        status(&envoy, "http://ADMIN.example.com/", "open.example.com"),
        401
    );
    envoy.assert_vm_alive();
}

#[test]
fn in_the_sample_envoy_brings_paths_into_plain_form_first() {
    let envoy = Envoy::from_sample("jwt-auth").start().unwrap();
    for (target, expected) in [
        ("/admin", 401),
        ("/%61dmin", 401),
        ("//admin", 401),
        ("/x/../admin", 401),
        ("/healthz/../admin", 401),
        ("/healthz/%2e%2e/admin", 401),
        ("/healthz%2f..%2fadmin", 307),
        ("/admin;a", 400),
        ("/healthz/..;/admin", 401),
        ("/healthz", 200),
        ("//healthz", 200),
    ] {
        assert_eq!(status(&envoy, target, "a"), expected, "{target}");
    }
}
