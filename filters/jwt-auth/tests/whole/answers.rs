//! The response to a refused request, and what access logs contain for every request.

use filter_kit::testing::{Answer, Run};
use jwt_auth::JwtAuth;
use serde_json::json;
use std::time::Duration;

use super::testing::{NOW, token};
use super::{RULES, configuration, details, good, host, inline, to_admin};

#[test]
fn a_challenge_of_the_configuration_keeps_the_error_and_the_scope() {
    let host = host();
    let rules = r#"[{"require": {"provider": {"name": "corp", "scopes": {"all": ["admin"]}}}}]"#;
    for (written, unauthorized, forbidden) in [
        (
            r#"Bearer realm=\"x\""#,
            r#"Bearer realm="x", error="invalid_token", error_description="The token is malformed.""#,
            r#"Bearer realm="x", error="insufficient_scope", error_description="The token lacks a scope.", scope="admin""#,
        ),
        (
            "bearer",
            r#"bearer error="invalid_token", error_description="The token is malformed.""#,
            r#"bearer error="insufficient_scope", error_description="The token lacks a scope.", scope="admin""#,
        ),
        (
            r#"DPoP algs=\"ES256\", error=\"mine\""#,
            r#"DPoP algs="ES256", error="mine", error_description="The token is malformed.""#,
            r#"DPoP algs="ES256", error="mine", error_description="The token lacks a scope.", scope="admin""#,
        ),
        (
            r#"Basic realm=\"x\""#,
            r#"Basic realm="x""#,
            r#"Basic realm="x""#,
        ),
        // Text in quotes is not a parameter.
        (
            r#"BEARER realm=\"a, error=b, scope=c\", Scope = \"d\""#,
            r#"BEARER realm="a, error=b, scope=c", Scope = "d", error="invalid_token", error_description="The token is malformed.""#,
            r#"BEARER realm="a, error=b, scope=c", Scope = "d", error="insufficient_scope", error_description="The token lacks a scope.""#,
        ),
        (
            r#"Basic realm=\"x\", Bearer realm=\"y\""#,
            r#"Basic realm="x", Bearer realm="y", error="invalid_token", error_description="The token is malformed.""#,
            r#"Basic realm="x", Bearer realm="y", error="insufficient_scope", error_description="The token lacks a scope.", scope="admin""#,
        ),
        (
            r#"Bearer, Basic realm=\"x\", error=\"mine\""#,
            r#"Bearer error="invalid_token", error_description="The token is malformed.", Basic realm="x", error="mine""#,
            r#"Bearer error="insufficient_scope", error_description="The token lacks a scope.", scope="admin", Basic realm="x", error="mine""#,
        ),
    ] {
        let reply =
            format!(r#"{{"headers": [{{"name": "www-authenticate", "value": "{written}"}}]}}"#);
        let more = format!(r#", "responses": {{"unauthorized": {reply}, "forbidden": {reply}}}"#);
        let configuration = configuration(&inline(), &more).replace(RULES, rules);
        let mut run = Run::<JwtAuth>::start(&host, &configuration).unwrap();
        for (token, expected) in [("Bearer x".to_owned(), unauthorized), (good(), forbidden)] {
            let (_, answer) = run.request(&to_admin(&token));
            let Answer::Replied(reply) = answer else {
                panic!("{answer:?}")
            };
            let challenges: Vec<_> = reply
                .headers
                .iter()
                .filter(|(name, _)| name == b"www-authenticate")
                .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
                .collect();
            assert_eq!(challenges, [expected]);
        }
    }
}

#[test]
fn access_logs_get_the_claims_that_are_exported_and_why_a_request_is_refused() {
    let host = host();
    let provider = json!({"keys": inline(), "export": {"claims": ["sub", ["org", "id"], "cognito:groups", "none", "broken"]}});
    let configuration = format!(r#"{{"providers": {{"corp": {provider}}}, "rules": {RULES}}}"#);
    let mut run = Run::<JwtAuth>::start(&host, &configuration).unwrap();
    let claims = r#"{"sub":"alice","org":{"id":7},"cognito:groups":["a","b"],"broken":"a\nb"}"#;
    // The second one is found in the cache.
    for _ in 0..2 {
        let (_, answer) = run.request(&to_admin(&format!("Bearer {}", token(claims))));
        assert!(matches!(answer, Answer::Continued(_)));
        for (name, value) in [
            ("jwt.sub", Some("alice")),
            ("jwt.org.id", Some("7")),
            ("jwt.cognito_groups", Some("a,b")),
            ("jwt.none", None),
            ("jwt.broken", None),
            ("jwt_auth.reason", None),
        ] {
            assert_eq!(host.filter_state(name).as_deref(), value, "{name}");
        }
    }
    let expired = token(&format!(r#"{{"sub":"alice","iat":{}}}"#, NOW - 7));
    host.set_now(Duration::from_secs(NOW + 7200));
    let (_, answer) = run.request(&to_admin(&format!("Bearer {expired}")));
    assert_eq!(details(&answer), "jwt_expired");
    for (name, value) in [
        ("jwt_auth.reason", "jwt_expired"),
        ("jwt_auth.provider", "corp"),
        ("jwt_auth.rule", "0"),
        ("jwt_auth.kid", "test-es256"),
    ] {
        assert_eq!(host.filter_state(name).as_deref(), Some(value), "{name}");
    }
}
