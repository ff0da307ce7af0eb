//! The whole filter on a scripted host: a request in, the request that goes on or the reply out.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed assumption is a failed test"
)]

#[path = "../src/testing.rs"]
#[allow(dead_code, reason = "shared with the unit tests, which use all of it")]
mod testing;

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
fn claims_reach_the_upstream_and_forged_ones_do_not_in_any_spelling() {
    let host = host();
    let mut run = Run::<JwtAuth>::start(&host, &configuration(&inline(), "")).unwrap();
    for (path, authorization, sub) in [
        ("/admin", Some(good()), &["alice"][..]),
        ("/public", Some(good()), &[]),
        ("/public", None, &[]),
    ] {
        let mut request = request("GET", path)
            .authority("open.example.com")
            .header("x-jwt-sub", "root")
            .header("x_jwt_sub", "root")
            .header("x-jwt_sub", "root")
            .header("x.jwt.sub", "root")
            .header("x-other_name", "stays");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let (_, answer) = run.request(&request.pairs());
        assert_eq!(values(&answer, "x-jwt-sub"), sub, "{path}");
        for other in ["x_jwt_sub", "x-jwt_sub", "x.jwt.sub"] {
            assert!(values(&answer, other).is_empty(), "{other}");
        }
        assert_eq!(values(&answer, "x-other_name"), ["stays"]);
    }
}

#[test]
fn what_was_not_verified_does_not_reach_the_upstream() {
    let host = host();
    let provider = |source: &str| {
        let jwks = jwks();
        format!(r#"{{"keys": {{"jwks": {jwks}}}, "token_sources": [{source}]}}"#)
    };
    let a = provider(r#"{"header": {"name": "authorization", "prefix": "Bearer "}}"#);
    let b = provider(r#"{"header": {"name": "x-token", "prefix": ""}}"#);
    let configuration = format!(
        r#"{{"providers": {{"a": {a}, "b": {b}}}, "rules": [
            {{"match": {{"paths": [{{"prefix": "/any"}}]}}, "require": {{"any": [{{"provider": {{"name": "a"}}}}, {{"provider": {{"name": "b"}}}}]}}}},
            {{"match": {{"paths": [{{"prefix": "/optional"}}]}}, "require": {{"optional": {{"provider": {{"name": "a"}}}}}}}},
            {{"match": {{"paths": [{{"prefix": "/"}}]}}, "require": "nothing"}}]}}"#
    );
    let mut run = Run::<JwtAuth>::start(&host, &configuration).unwrap();
    for (path, authorization, expected) in [
        ("/any", good(), Some([0, 0])),
        ("/optional", good(), Some([0, 0])),
        ("/optional", "Basic x".to_owned(), Some([1, 0])),
        ("/optional", "Bearer\tFORGED".to_owned(), None),
        ("/optional", ",Bearer FORGED".to_owned(), None),
        ("/optional", "Basic x,Bearer FORGED".to_owned(), None),
        ("/optional", "Bearer\u{a0}FORGED".to_owned(), None),
        ("/optional", format!("Basic x, {}", good()), None),
        ("/optional", format!("{}, Basic x", good()), None),
        ("/public", "Bearer other".to_owned(), Some([1, 1])),
    ] {
        let request = request("GET", path)
            .header("authorization", authorization.as_str())
            .header("x-token", "FORGED");
        let (_, answer) = run.request(&request.pairs());
        let Some(expected) = expected else {
            assert!(
                matches!(answer, Answer::Replied(_)),
                "{path} {authorization}"
            );
            continue;
        };
        let left = ["authorization", "x-token"].map(|name| values(&answer, name).len());
        assert_eq!(left, expected, "{path} {authorization}");
    }
}

#[test]
fn a_token_that_is_forwarded_stays_where_another_provider_looks_too() {
    let host = host();
    let provider = |forwards: bool, sources: Value| json!({"keys": inline(), "forward_token": forwards, "token_sources": sources});
    let header = |name: &str, prefix: &str| json!({"header": {"name": name, "prefix": prefix}});
    let configuration = json!({
        "providers": {
            "a": provider(true, json!([header("authorization", "Bearer "), header("x-token", "")])),
            "b": provider(false, json!([header("authorization", ""), header("authorization", "Token "), {"cookie": {"name": "s"}}])),
        },
        "rules": [{"require": {"any": [{"provider": {"name": "a"}}, {"provider": {"name": "b"}}]}}],
    });
    let mut run = Run::<JwtAuth>::start(&host, &configuration.to_string()).unwrap();
    let token = token("{}");
    let bearer = format!("Bearer {token}");
    for (authorization, x_token, left) in [
        (bearer.as_str(), "", [&*bearer, "", ""]),
        (&bearer, &token, [&bearer, &token, ""]),
        // Nobody has verified that.
        ("Token FORGED", &token, ["", &token, ""]),
    ] {
        let mut request = request("GET", "/")
            .header("authorization", authorization)
            .header("cookie", "s=FORGED");
        if !x_token.is_empty() {
            request = request.header("x-token", x_token);
        }
        let (_, answer) = run.request(&request.pairs());
        let now = ["authorization", "x-token", "cookie"].map(|name| values(&answer, name).concat());
        assert_eq!(now, left, "{authorization}");
    }
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

#[test]
fn a_request_waits_for_its_keys_with_its_body() {
    let host = host();
    let remote = json!({"remote": {"cluster": "idp", "uri": "https://idp.example/jwks.json"}});
    let mut run = Run::<JwtAuth>::start(&host, &configuration(&remote, "")).unwrap();
    let (mut exchange, answer) = run.request(&to_admin(&good()));
    assert_eq!(answer, Answer::Waits);
    assert!(!exchange.body(), "the body waits too");
    run.tick();
    let call = host.take_calls().pop().unwrap();
    assert_eq!(
        (call.upstream.as_str(), call.path.as_str()),
        ("idp", "/jwks.json")
    );
    run.answer_http(call.token, Some((200, jwks().to_string().as_bytes())));
    assert_eq!(values(&exchange.now(), "x-jwt-sub"), ["alice"]);
    assert!(exchange.body());
    let forged = good().replace("Bearer ey", "Bearer ez");
    let (_, answer) = run.request(&to_admin(&forged));
    assert_eq!(details(&answer), "jwt_malformed");
}

fn to_admin(authorization: &str) -> Vec<(String, Vec<u8>)> {
    request("POST", "/admin")
        .header("authorization", authorization)
        .pairs()
}

#[test]
fn without_keys_a_request_is_refused_when_its_time_is_up() {
    let host = host();
    let remote = json!({"remote": {"cluster": "idp", "uri": "https://idp.example/jwks.json", "timeout": "2s"}});
    let mut run = Run::<JwtAuth>::start(&host, &configuration(&remote, "")).unwrap();
    let (exchange, answer) = run.request(&to_admin(&good()));
    assert_eq!(answer, Answer::Waits);
    host.set_now(Duration::from_secs(NOW + 3));
    run.tick();
    assert_eq!(details(&exchange.now()), "jwt_keys_unavailable");
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

#[test]
fn trailers_bring_no_header_that_is_promised_or_carries_a_token() {
    let host = host();
    let sources = r#""token_sources": [{"header": {"name": "authorization", "prefix": "Bearer "}}, {"cookie": {"name": "session"}}], "keys""#;
    let configuration = configuration(&inline(), "").replacen(r#""keys""#, sources, 1);
    let mut run = Run::<JwtAuth>::start(&host, &configuration).unwrap();
    let (mut exchange, _) = run.head(&to_admin(&good()), true);
    let trailers = [
        ("x-jwt-sub", "root"),
        ("x_jwt_sub", "root"),
        ("authorization", "Bearer FORGED"),
        ("cookie", "session=FORGED"),
        ("grpc-status", "0"),
    ];
    let left = exchange.trailers(&trailers);
    assert_eq!(left, [(b"grpc-status".to_vec(), b"0".to_vec())]);
}

#[test]
fn a_preflight_passes_only_where_that_is_on_and_only_as_browsers_send_it() {
    let host = host();
    let on = r#", "bypass_cors_preflight": true"#;
    for (more, origin, methods, has_body, expected) in [
        ("", "https://a.example", &["PUT"][..], false, "jwt_missing"),
        (on, "https://a.example", &["PUT"], false, "continued"),
        (on, "https://a.example", &["PUT"], true, "jwt_missing"),
        (on, "https://a.example", &["PUT, GET"], false, "jwt_missing"),
        (
            on,
            "https://a.example",
            &["PUT", "GET"],
            false,
            "jwt_missing",
        ),
        (on, "https://a.example", &[""], false, "jwt_missing"),
        (on, "https://a.example", &["a b"], false, "jwt_missing"),
        (on, "https://a.example", &[], false, "jwt_missing"),
        (on, "", &["PUT"], false, "jwt_missing"),
    ] {
        let mut run = Run::<JwtAuth>::start(&host, &configuration(&inline(), more)).unwrap();
        let mut request = request("OPTIONS", "/admin").header("origin", origin);
        for method in methods {
            request = request.header("access-control-request-method", *method);
        }
        let (_, answer) = run.head(&request.pairs(), has_body);
        assert_eq!(details(&answer), expected, "{methods:?} {has_body}");
    }
}

#[test]
fn a_preflight_brings_no_other_method_and_no_token() {
    let host = host();
    let on = r#", "bypass_cors_preflight": true"#;
    let mut run = Run::<JwtAuth>::start(&host, &configuration(&inline(), on)).unwrap();
    for (name, expected) in [
        ("x-http-method-override", "jwt_missing"),
        ("X_HTTP_Method_Override", "jwt_missing"),
        ("x-http-method", "jwt_missing"),
        ("x-method-override", "jwt_missing"),
        ("x-method", "continued"),
    ] {
        let request = request("OPTIONS", "/admin")
            .header("origin", "https://a.example")
            .header("access-control-request-method", "PUT")
            .header(name, "DELETE");
        let (_, answer) = run.request(&request.pairs());
        assert_eq!(details(&answer), expected, "{name}");
    }
    let forged = request("OPTIONS", "/admin")
        .header("origin", "https://a.example")
        .header("access-control-request-method", "PUT")
        .header("content-length", "0")
        .header("authorization", "Bearer FORGED");
    let (_, answer) = run.request(&forged.pairs());
    assert_eq!(values(&answer, "authorization"), [""; 0]);
}

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
        // What stands in quotes is no parameter.
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
