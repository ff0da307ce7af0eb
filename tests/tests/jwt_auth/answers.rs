//! What a refused client is told, and what must not be revealed: the README's table of responses,
//! row by row.

mod quiet;
mod replies;
mod rows;

use e2e::token::{self, Token, forged, now};
use e2e::{Client, Envoy};
use rows::rows;
use serde_json::{Value, json};
use std::time::Duration;

fn jwks() -> Value {
    serde_json::from_str(token::JWKS).unwrap()
}

/// A provider that can refuse for every reason; `quick` has no time budget for verifying inside the
/// module.
fn config(rest: Value) -> String {
    let mut config = json!({
        "providers": {
            "corp": {
                "issuer": token::ISSUER, "audiences": ["api"], "types": ["JWT"], "max_lifetime": "2h", "clock_skew": "10s", "max_token_bytes": 3000,
                "algorithms": ["ES256", "EdDSA"], "keys": {"jwks": jwks()},
                "token_sources": [{"header": {"name": "authorization", "prefix": "Bearer "}}, {"query": {"name": "jwt"}}],
            },
            "never": {"require_expiration": true, "keys": {"jwks": jwks()}},
        },
        "rules": [
            {"match": {"paths": [{"prefix": "/never"}]}, "require": {"provider": {"name": "never"}}},
            {"match": {"paths": [{"prefix": "/all"}]}, "require": {"provider": {"name": "corp", "scopes": {"all": ["read", "write"]}}}},
            {"match": {"paths": [{"prefix": "/claim"}]}, "require": {"provider": {"name": "corp", "claims": [{"claim": "org", "exact": "42"}]}}},
            {"require": {"provider": {"name": "corp"}}},
        ],
        "deny_list": {"jti": ["revoked"]},
        "verification_time_per_second": "0s",
        "realm": "staff",
    });
    e2e::yaml::merge(&mut config, rest);
    if config["realm"].is_null() {
        config.as_object_mut().unwrap().remove("realm");
    }
    config.to_string()
}

/// Another path for each time that it is decoded. "a path with
/// more than 64 readings is refused with 400"; `/%61ll` alone has one reading, and its rule
/// applies.
fn ambiguous() -> String {
    format!("/%{}61ll", "25".repeat(100))
}

#[test]
fn each_reason_has_its_status_challenge_details_and_counter() {
    let envoy = Envoy::with_filter("jwt-auth", config(json!({})))
        .access_log("%REQ(X-CASE)% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS%")
        .start();
    let readme =
        std::fs::read_to_string(e2e::paths::workspace().join("filters/jwt-auth/README.md"))
            .unwrap();
    let (http1, http2) = (Client::http1(), Client::http2());
    for row in rows() {
        let reason = row.reason;
        let with_token = |request: e2e::client::RequestBuilder| match &row.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        };
        let answer = with_token(http1.get(envoy.url(row.path)))
            .header("x-case", reason)
            .send();
        assert_eq!(answer.status, row.status, "{reason}");
        assert_eq!(answer.text(), format!("{}\n", row.message), "{reason}");
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; charset=utf-8"),
            "{reason}"
        );
        let challenge = match (row.status, row.error) {
            (503, _) => None,
            (_, None) => Some("Bearer realm=\"staff\"".to_owned()),
            (_, Some(error)) => {
                let scope = if reason == "jwt_scope" {
                    ", scope=\"read write\""
                } else {
                    ""
                };
                let description = row.message;
                Some(format!(
                    "Bearer realm=\"staff\", error=\"{error}\", error_description=\"{description}\"{scope}"
                ))
            }
        };
        assert_eq!(
            answer.header("www-authenticate"),
            challenge.as_deref(),
            "{reason}"
        );
        assert_eq!(
            answer.header("retry-after"),
            (row.status == 503).then_some("1"),
            "{reason}"
        );
        let line = envoy.wait_for_access_log(reason, Duration::from_secs(15));
        assert_eq!(line, format!("{reason} {} {reason}", row.status));

        let call = with_token(http2.post(envoy.url(row.path))).send_grpc(b"");
        assert_eq!(
            (call.http.status, call.status),
            (200, Some(row.grpc)),
            "{reason}"
        );
        let message = call.message.unwrap_or_default().replace("%20", " ");
        assert_eq!(message, row.message, "{reason}");
        assert_eq!(
            call.http.header("www-authenticate"),
            challenge.as_deref(),
            "{reason}"
        );

        let name = reason.trim_start_matches("jwt_");
        assert_eq!(
            envoy.stat(&format!("wasmcustom.jwt_auth.denied.{name}_total")),
            2,
            "{reason}"
        );
        let listed = readme.lines().any(|line| {
            line.starts_with('|')
                && line.contains(&format!("`{reason}`"))
                && line.contains(&format!("| {} |", row.status))
        });
        assert!(listed, "{reason} is not in the README with {}", row.status);
    }
    let denied = envoy.stat("wasmcustom.jwt_auth.provider.corp.denied_total");
    assert_eq!(denied, 2 * (rows().len() as u64 - 1));
    assert_eq!(
        envoy.stat("wasmcustom.jwt_auth.provider.never.denied_total"),
        2
    );
    assert!(
        envoy.upstream().requests().is_empty(),
        "nothing reached the upstream"
    );
}

#[test]
fn a_path_that_is_ambiguous_is_answered_without_a_challenge() {
    let envoy = Envoy::with_filter("jwt-auth", config(json!({})))
        .access_log("%RESPONSE_CODE% %RESPONSE_CODE_DETAILS%")
        .start();
    let answer = envoy.get(&ambiguous()).send();
    assert_eq!(
        (answer.status, answer.header("www-authenticate")),
        (400, None)
    );
    let told = answer.text();
    assert!(told.starts_with("The path can be read in"), "{told}");
    envoy.wait_for_access_log("400 ambiguous_path", Duration::from_secs(15));
    assert_eq!(
        envoy.stat("wasmcustom.jwt_auth.denied.ambiguous_path_total"),
        1
    );
    let call = Client::http2().post(envoy.url(&ambiguous())).send_grpc(b"");
    assert_eq!(call.status, Some(3));
    // Another spelling of a path is subject to the path's rule.
    let token = Token::new("ES256").bearer();
    let request = envoy.get("/%61ll");
    let answer = request.header("authorization", token).send();
    assert_eq!(answer.status, 403);
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.ends_with("scope=\"read write\""), "{challenge}");
}

// A malformed host is refused with 400 `malformed_host` if the configuration looks at hosts.
#[test]
fn a_host_that_is_malformed_is_answered_without_a_challenge() {
    let by_host = json!({"rules": [{"match": {"hosts": ["a.example"]}, "require": "nothing"}]});
    let envoy = Envoy::with_filter("jwt-auth", config(by_host))
        .access_log("%RESPONSE_CODE% %RESPONSE_CODE_DETAILS%")
        .start();
    let request = envoy.get("/").host("a.example:x");
    let answer = request
        .header("authorization", Token::new("ES256").bearer())
        .send();
    assert_eq!(
        (answer.status, answer.header("www-authenticate")),
        (400, None)
    );
    let told = answer.text();
    assert!(told.starts_with("The host is malformed"), "{told}");
    envoy.wait_for_access_log("400 malformed_host", Duration::from_secs(15));
    assert_eq!(
        envoy.stat("wasmcustom.jwt_auth.denied.malformed_host_total"),
        1
    );
    let call = Client::http2().post(envoy.url("/")).host("a.example:x");
    assert_eq!(call.send_grpc(b"").status, Some(3));
    assert!(envoy.upstream().requests().is_empty());
}
