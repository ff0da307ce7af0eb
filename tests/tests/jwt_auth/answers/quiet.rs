//! What must not be revealed: report mode, and what no log, response or counter contains.

use super::{ambiguous, config, jwks, rows};
use e2e::Envoy;
use e2e::token::{self, Token, forged};
use serde_json::json;
use std::time::Duration;

#[test]
fn report_mode_changes_nothing_but_counters_and_the_log() {
    let report = json!({
        "mode": "report",
        "providers": {"corp": {"claims_to_headers": [{"claim": "sub", "header": "x-sub"}], "provider_header": "x-provider"}},
    });
    let envoy = Envoy::with_filter("jwt-auth", config(report))
        .access_log("%FILTER_STATE(wasm.jwt_auth.reason:PLAIN)%")
        .start();
    let good = Token::new("ES256").bearer();
    for row in rows() {
        let mut request = envoy
            .get(row.path)
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
        envoy.wait_for_access_log(row.reason, Duration::from_secs(15));
    }
    let request = envoy.get("/").header("authorization", &good);
    let echo = request.header("x-sub", "forged").send().echo();
    assert_eq!(
        (echo.header("authorization"), echo.header("x-sub")),
        (Some(good.as_str()), Some("forged"))
    );
    assert_eq!(envoy.stat("wasmcustom.jwt_auth.allowed.token_total"), 1);
    let path = ambiguous();
    assert_eq!(envoy.get(&path).send().status, 200);
    assert_eq!(
        envoy.stat("wasmcustom.jwt_auth.reported.ambiguous_path_total"),
        1
    );
}

/// At level debug Envoy itself logs headers, so this test uses the module's own log.
#[test]
fn no_token_or_secret_is_ever_logged_told_or_counted_and_no_kid_breaks_a_line() {
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
            .start();
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
                let request = envoy.get("/").header("accept", accept);
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
        // A `kid` is logged, but escaped.
        assert!(!told.contains("\n[critical] forged line"), "{told}");
        for unsaid in parts.chain([secret, "confidential"]) {
            assert!(!told.contains(unsaid), "{unsaid} is told in: {told}");
        }
    }
}

// In both modes, filter state has the reason, rule, provider and `kid`, each under a name of one
// element.
#[test]
fn access_logs_get_the_claims_that_are_exported_and_why_a_request_is_refused() {
    let names = [
        "jwt.sub",
        "jwt.org.id",
        "jwt_auth.reason",
        "jwt_auth.rule",
        "jwt_auth.provider",
        "jwt_auth.kid",
    ];
    let format = names
        .map(|name| format!("%FILTER_STATE(wasm.{name}:PLAIN)%"))
        .join(" ");
    let export = json!({"providers": {"corp": {"export": {"claims": ["sub", ["org", "id"]]}}}});
    for mode in ["enforce", "report"] {
        let mut rest = export.clone();
        rest["mode"] = json!(mode);
        let envoy = Envoy::with_filter("jwt-auth", config(rest))
            .access_log(&format!("%REQ(X-CASE)% {format}"))
            .start();
        let good = Token::new("ES256").claim("org", json!({"id": 7}));
        for (case, path, token, expected) in [
            ("good", "/", Some(good.clone()), "alice 7 - - - -"),
            ("missing", "/", None, "- - jwt_missing 3 corp -"),
            (
                "scope",
                "/all",
                Some(good.clone()),
                "- - jwt_scope 1 corp test-es256",
            ),
            (
                "expired",
                "/",
                Some(good.claim("exp", json!(1))),
                "- - jwt_expired 3 corp test-es256",
            ),
        ] {
            let mut request = envoy.get(path).header("x-case", case);
            if let Some(token) = token {
                request = request.header("authorization", token.bearer());
            }
            request.send();
            let line = envoy.wait_for_access_log(case, Duration::from_secs(15));
            assert_eq!(line, format!("{case} {expected}"), "{mode}");
        }
    }
}
