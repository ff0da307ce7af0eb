//! The whole filter on a scripted host: a request in, the continued request or the reply out. This
//! file contains the configuration and its rules; each file in `whole/` has one subject.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed assumption is a failed test"
)]

#[path = "../src/testing.rs"]
#[allow(dead_code, reason = "shared with the unit tests, which use all of it")]
mod testing;

#[path = "whole/answers.rs"]
mod answers;
#[path = "whole/challenges.rs"]
mod challenges;
#[path = "whole/claims.rs"]
mod claims;
#[path = "whole/preflights.rs"]
mod preflights;
#[path = "whole/providers.rs"]
mod providers;
#[path = "whole/signatures.rs"]
mod signatures;
#[path = "whole/upstream.rs"]
mod upstream;
#[path = "whole/waiting.rs"]
mod waiting;

use filter_kit::testing::{Answer, Run, ScriptedHost, request};
use jwt_auth::JwtAuth;
use jwt_auth::base64url;
use serde_json::{Value, json};
use std::time::Duration;
use testing::{NOW, jwks, token};

const RULES: &str = r#"[{"match": {"paths": [{"prefix": "/admin"}, {"prefix": "/@ops"}]}, "require": {"provider": {"name": "corp"}}},
    {"match": {"hosts": ["open.example.com"], "paths": [{"prefix": "/"}]}, "require": "nothing"}]"#;

fn configuration(keys: &Value, more: &str) -> String {
    let provider =
        json!({"keys": keys, "claims_to_headers": [{"claim": "sub", "header": "x-jwt-sub"}]});
    format!(r#"{{"providers": {{"corp": {provider}}}, "rules": {RULES}{more}}}"#)
}

fn inline() -> Value {
    json!({ "jwks": jwks() })
}

fn host() -> ScriptedHost {
    let host = ScriptedHost::install();
    host.set_now(Duration::from_secs(NOW));
    host
}

fn good() -> String {
    format!("Bearer {}", token(r#"{"sub":"alice"}"#))
}

fn details(answer: &Answer) -> &str {
    match answer {
        Answer::Replied(reply) => &reply.details,
        Answer::Continued(_) => "continued",
        Answer::Waits => "waits",
    }
}

fn values(answer: &Answer, name: &str) -> Vec<String> {
    let Answer::Continued(headers) = answer else {
        panic!("{answer:?}")
    };
    headers
        .iter()
        .filter(|(n, _)| n == name.as_bytes())
        .map(|(_, value)| String::from_utf8(value.clone()).unwrap())
        .collect()
}

#[test]
fn no_spelling_of_a_path_or_a_host_slips_past_a_rule() {
    let host = host();
    let mut run = Run::<JwtAuth>::start(&host, &configuration(&inline(), "")).unwrap();
    let nested = format!("/%{}61dmin", "25".repeat(300));
    for (authority, path, expected) in [
        ("open.example.com", "/public", "continued"),
        ("OPEN.example.com.:8080", "/public", "continued"),
        (
            "open.example.com",
            "/login;jsessionid=A/a%2Fb/100%25",
            "continued",
        ),
        ("open.example.com", "/%61dmin", "jwt_missing"),
        ("open.example.com", "/%40ops", "jwt_missing"),
        (
            "open.example.com",
            "/public/a%5cb%2f..%2f..%2fadmin/users",
            "jwt_missing",
        ),
        (
            "open.example.com",
            "/%61dmin/%252e%252e/../users",
            "jwt_missing",
        ),
        (
            "open.example.com",
            "/;x/admin/;%252f../users",
            "jwt_missing",
        ),
        ("open.example.com", "/%61dmin/../x", "jwt_missing"),
        ("open.example.com", &nested, "ambiguous_path"),
        ("other.example.com", "/public", "jwt_missing"),
        ("open.example.com:x", "/public", "malformed_host"),
        ("open.example.com:80:80", "/public", "malformed_host"),
        ("x@open.example.com", "/public", "malformed_host"),
        ("open.example.com..", "/public", "malformed_host"),
    ] {
        let request = request("GET", path).authority(authority);
        let (_, answer) = run.request(&request.pairs());
        assert_eq!(details(&answer), expected, "{authority} {path}");
    }
}

fn to_admin(authorization: &str) -> Vec<(String, Vec<u8>)> {
    request("POST", "/admin")
        .header("authorization", authorization)
        .pairs()
}

#[test]
fn in_report_mode_nothing_changes() {
    let host = host();
    let report = r#", "mode": "report""#;
    let mut run = Run::<JwtAuth>::start(&host, &configuration(&inline(), report)).unwrap();
    for (authority, path) in [("open.example.com", "/admin"), ("a:b:c", "/public")] {
        let request = request("GET", path)
            .authority(authority)
            .header("x-jwt-sub", "root");
        let (_, answer) = run.request(&request.pairs());
        assert_eq!(answer, Answer::Continued(bytes(&request.pairs())));
    }
    let reported = |reason: &str| host.counter(&format!("jwt_auth.reported.{reason}_total"));
    assert_eq!(
        (reported("missing"), reported("malformed_host")),
        (Some(1), Some(1))
    );
}

fn bytes(pairs: &[(String, Vec<u8>)]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let bytes = |(name, value): &(String, Vec<u8>)| (name.clone().into_bytes(), value.clone());
    pairs.iter().map(bytes).collect()
}
