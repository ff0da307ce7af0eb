//! What a client that is refused is told, and what nobody is told: the README's table of answers, row by row.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a failed assumption is a failed test"
)]

use e2e::token::{self, Token, forged, now};
use e2e::{Client, Envoy};
use serde_json::{Value, json};
use std::time::Duration;

fn jwks() -> Value {
    serde_json::from_str(token::JWKS).unwrap()
}

/// A provider that can refuse for every reason; `quick` has no time for verifying inside the module.
fn config(rest: Value) -> String {
    let mut config = json!({
        "providers": {
            "corp": {
                "issuer": token::ISSUER, "audiences": ["api"], "types": ["JWT"], "max_lifetime": "2h", "clock_skew": "10s",
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

/// A request that is refused: reason, path, token, status, gRPC status, `error`, sentence.
struct Row {
    reason: &'static str,
    path: &'static str,
    token: Option<String>,
    status: u16,
    grpc: u32,
    error: Option<&'static str>,
    message: &'static str,
}

fn rows() -> Vec<Row> {
    let t = || Token::new("ES256");
    let row = |reason, path, token, status, grpc, error, message| Row {
        reason,
        path,
        token,
        status,
        grpc,
        error,
        message,
    };
    let bad = |reason, token: String, message| {
        row(
            reason,
            "/",
            Some(token),
            401,
            16,
            Some("invalid_token"),
            message,
        )
    };
    let no = |reason, path, message| {
        row(
            reason,
            path,
            Some(t().sign()),
            403,
            7,
            Some("insufficient_scope"),
            message,
        )
    };
    vec![
        row(
            "jwt_missing",
            "/",
            None,
            401,
            16,
            None,
            "A token is needed.",
        ),
        row(
            "jwt_repeated",
            "/?jwt=a&jwt=b",
            None,
            400,
            3,
            Some("invalid_request"),
            "More than one token is given.",
        ),
        bad(
            "jwt_malformed",
            "nonsense".to_owned(),
            "The token is malformed.",
        ),
        bad(
            "jwt_unsupported",
            t().header("crit", json!(["exp"])).sign(),
            "The token needs an extension that is not supported.",
        ),
        bad(
            "jwt_algorithm",
            Token::new("RS256").sign(),
            "The algorithm of the token is not accepted.",
        ),
        bad(
            "jwt_type",
            t().header("typ", json!("logout+jwt")).sign(),
            "The type of the token is not accepted.",
        ),
        bad(
            "jwt_issuer",
            t().claim("iss", json!("x")).sign(),
            "The issuer of the token is not accepted.",
        ),
        bad(
            "jwt_expired",
            t().claim("exp", json!(now() - 20)).sign(),
            "The token is expired.",
        ),
        bad(
            "jwt_not_yet_valid",
            t().claim("nbf", json!(now() + 60)).sign(),
            "The token is not yet valid.",
        ),
        row(
            "jwt_no_expiration",
            "/never",
            Some(t().claim("exp", Value::Null).sign()),
            401,
            16,
            Some("invalid_token"),
            "The token does not expire.",
        ),
        bad(
            "jwt_lifetime",
            t().claim("exp", json!(now() + 8000)).sign(),
            "The lifetime of the token is too long.",
        ),
        bad(
            "jwt_unknown_key",
            t().header("kid", json!("other")).sign(),
            "The key of the token is not known.",
        ),
        bad(
            "jwt_signature",
            forged(&t().sign()),
            "The signature of the token is not valid.",
        ),
        bad(
            "jwt_denied",
            t().claim("jti", json!("revoked")).sign(),
            "The token is revoked.",
        ),
        row(
            "jwt_audience",
            "/",
            Some(t().claim("aud", json!("x")).sign()),
            403,
            7,
            Some("insufficient_scope"),
            "The token is for another audience.",
        ),
        no("jwt_scope", "/all", "The token lacks a scope."),
        no("jwt_claim", "/claim", "The token lacks a claim."),
        row(
            "jwt_overloaded",
            "/",
            Some(Token::new("EdDSA").sign()),
            503,
            14,
            None,
            "Too many tokens are being checked.",
        ),
    ]
}

#[test]
fn each_reason_has_its_status_challenge_details_and_counter() {
    let envoy = Envoy::with_filter("jwt-auth", config(json!({})))
        .access_log("%REQ(X-CASE)% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS%")
        .start()
        .unwrap();
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
    envoy.assert_vm_alive();
}

#[test]
fn a_path_that_is_ambiguous_is_answered_without_a_challenge() {
    let envoy = Envoy::with_filter("jwt-auth", config(json!({})))
        .access_log("%RESPONSE_CODE% %RESPONSE_CODE_DETAILS%")
        .start()
        .unwrap();
    let answer = Client::http1().get(envoy.url("/%61ll")).send();
    assert_eq!(
        (answer.status, answer.header("www-authenticate")),
        (400, None)
    );
    envoy.wait_for_access_log("400 ambiguous_path", Duration::from_secs(15));
    assert_eq!(
        envoy.stat("wasmcustom.jwt_auth.denied.ambiguous_path_total"),
        1
    );
    let call = Client::http2().post(envoy.url("/%61ll")).send_grpc(b"");
    assert_eq!(call.status, Some(3));
}

#[test]
fn a_client_that_prefers_json_gets_a_problem_document() {
    let envoy = Envoy::with_filter("jwt-auth", config(json!({})))
        .start()
        .unwrap();
    for (accept, is_json) in [
        ("application/json", true),
        ("application/problem+json", true),
        ("text/html, application/json;q=0.9", false),
        ("*/*", false),
    ] {
        let answer = Client::http1()
            .get(envoy.url("/"))
            .header("accept", accept)
            .send();
        assert_eq!(answer.status, 401, "{accept}");
        if is_json {
            assert_eq!(
                answer.header("content-type"),
                Some("application/problem+json"),
                "{accept}"
            );
            let problem = answer.json();
            assert_eq!(
                (&problem["status"], &problem["detail"]),
                (&json!(401), &json!("A token is needed."))
            );
        } else {
            assert_eq!(answer.text(), "A token is needed.\n", "{accept}");
        }
        assert_eq!(
            answer.header("www-authenticate"),
            Some("Bearer realm=\"staff\""),
            "{accept}"
        );
    }
}

#[test]
fn status_body_and_headers_are_those_of_the_configuration() {
    let responses = json!({"responses": {
        "unauthorized": {"status": 302, "body": "", "headers": [{"name": "location", "value": "https://login.example/?for=${request.path}"}]},
        "forbidden": {"status": 404, "body": "Nothing here: ${jwt.reason}.", "headers": [{"name": "x-none", "value": "${request.header.x-none}"}]},
        "unavailable": {"status": 429, "headers": [{"name": "x-why", "value": "${jwt.reason}"}]},
    }});
    let envoy = Envoy::with_filter("jwt-auth", config(responses))
        .start()
        .unwrap();
    let get = |path: &str, token: Option<Token>| {
        let request = Client::http1().get(envoy.url(path));
        match token {
            Some(token) => request.header("authorization", token.bearer()).send(),
            None => request.send(),
        }
    };
    let missing = get("/shop", None);
    assert_eq!((missing.status, missing.text().as_str()), (302, ""));
    assert_eq!(
        missing.header("location"),
        Some("https://login.example/?for=/shop")
    );
    let forbidden = get("/all", Some(Token::new("ES256")));
    assert_eq!(
        (forbidden.status, forbidden.text().as_str()),
        (404, "Nothing here: jwt_scope.")
    );
    assert_eq!(
        forbidden.header("x-none"),
        None,
        "a header whose value is missing is left out"
    );
    let busy = get("/", Some(Token::new("EdDSA")));
    assert_eq!(
        (busy.status, busy.header("x-why")),
        (429, Some("jwt_overloaded"))
    );
    assert_eq!(busy.text(), "Too many tokens are being checked.\n");
}

#[test]
fn without_a_realm_it_is_the_host_of_the_request_and_cannot_break_out_of_its_quotes() {
    let envoy = Envoy::with_filter("jwt-auth", config(json!({"realm": null})))
        .start()
        .unwrap();
    for (host, realm) in [
        ("api.example.com", "api.example.com"),
        ("api.example.com:8080", "api.example.com"),
        ("a\", x=\"b", "a, x=b"),
        ("a\\", "a"),
    ] {
        let request = format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n");
        let answer = e2e::raw::send(envoy.address(), request).response();
        if answer.status == 401 {
            let expected = format!("Bearer realm=\"{realm}\"");
            assert_eq!(
                answer.header("www-authenticate"),
                Some(expected.as_str()),
                "{host}"
            );
        } else {
            assert_eq!(
                answer.status, 400,
                "{host}: Envoy refuses such a host itself"
            );
        }
    }
}

#[test]
fn report_mode_changes_nothing_but_counters_and_the_log() {
    let report = json!({
        "mode": "report",
        "providers": {"corp": {"claims_to_headers": [{"claim": "sub", "header": "x-sub"}], "provider_header": "x-provider"}},
    });
    let envoy = Envoy::with_filter("jwt-auth", config(report))
        .start()
        .unwrap();
    let good = Token::new("ES256").bearer();
    for row in rows() {
        let mut request = Client::http1()
            .get(envoy.url(row.path))
            .header("x-sub", "forged")
            .header("x-provider", "forged");
        let bearer = row.token.map(|token| format!("Bearer {token}"));
        if let Some(bearer) = &bearer {
            request = request.header("authorization", bearer);
        }
        let echo = request.send().echo();
        assert_eq!(
            echo.header("authorization"),
            bearer.as_deref(),
            "{}",
            row.reason
        );
        assert_eq!(echo.path, row.path);
        assert_eq!(
            (echo.header("x-sub"), echo.header("x-provider")),
            (Some("forged"), Some("forged"))
        );
        let name = row.reason.trim_start_matches("jwt_");
        assert_eq!(
            envoy.stat(&format!("wasmcustom.jwt_auth.reported.{name}_total")),
            1,
            "{name}"
        );
        assert_eq!(
            envoy.stat(&format!("wasmcustom.jwt_auth.denied.{name}_total")),
            0,
            "{name}"
        );
        envoy.wait_for_log(
            &format!("report: the request would be refused: {}", row.reason),
            Duration::from_secs(5),
        );
    }
    let request = Client::http1()
        .get(envoy.url("/"))
        .header("authorization", &good);
    let echo = request.header("x-sub", "forged").send().echo();
    assert_eq!(
        (echo.header("authorization"), echo.header("x-sub")),
        (Some(good.as_str()), Some("forged"))
    );
    assert_eq!(envoy.stat("wasmcustom.jwt_auth.allowed.token_total"), 1);
    assert_eq!(Client::http1().get(envoy.url("/%61ll")).send().status, 200);
    assert_eq!(
        envoy.stat("wasmcustom.jwt_auth.reported.ambiguous_path_total"),
        1
    );
    envoy.assert_vm_alive();
}

/// Envoy itself writes headers to its log at level debug, so that is left to the module's own log.
#[test]
fn no_token_secret_or_kid_is_ever_logged_told_or_counted() {
    let secret = "a secret that must not be seen ..";
    let config = json!({
        "providers": {
            "corp": {"issuer": token::ISSUER, "audiences": ["api"], "keys": {"jwks": jwks()}},
            "hmac": {"issuer": "https://hmac.example", "keys": {"secret": {"value": {"env": "SECRET"}, "algorithm": "HS256"}}},
        },
        "deny_list": {"jti": ["revoked"]},
    });
    for mode in ["enforce", "report"] {
        let mut config = config.clone();
        config["mode"] = json!(mode);
        let envoy = Envoy::with_filter("jwt-auth", config.to_string())
            .vm_env("SECRET", secret)
            .args(&["--component-log-level", "wasm:trace"])
            .access_log("%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS%")
            .start()
            .unwrap();
        let t = || Token::new("ES256").claim("sub", json!("somebody-confidential"));
        let tokens = [
            t().sign(),
            forged(&t().sign()),
            t().header("kid", json!("kid-of-an-attacker\n[critical] forged line"))
                .sign(),
            t().claim("jti", json!("revoked")).sign(),
            t().claim("exp", json!(1)).sign(),
            t().claim("aud", json!("audience-confidential")).sign(),
            t().header("alg", json!("none-confidential")).sign(),
            "leaks-one.leaks-two-confidential.leaks-three".to_owned(),
        ];
        let mut told = String::new();
        for token in &tokens {
            for accept in ["*/*", "application/json"] {
                let request = Client::http1().get(envoy.url("/")).header("accept", accept);
                let answer = request
                    .header("authorization", format!("Bearer {token}"))
                    .send();
                if answer.status != 200 {
                    told += &answer.text();
                    told += &format!("{:?}", answer.headers);
                }
            }
        }
        told += &envoy.log();
        told += &envoy.admin("/stats").text();
        if mode == "enforce" {
            envoy.wait_for_access_log("jwt_signature", Duration::from_secs(15));
        }
        told += &envoy.access_log().join("\n");
        assert!(
            mode == "enforce" || told.contains("wasm log"),
            "the module's log is seen"
        );
        let parts = tokens.iter().flat_map(|token| token.split('.'));
        for unsaid in parts.chain([secret, "confidential", "kid-of-an-attacker"]) {
            assert!(!told.contains(unsaid), "{unsaid} is told in: {told}");
        }
        envoy.assert_vm_alive();
    }
}
