//! What reaches the upstream: verified claims and tokens, and nothing that a client made up.

use filter_kit::testing::{Answer, Run, request};
use jwt_auth::JwtAuth;
use serde_json::{Value, json};

use super::testing::{jwks, token};
use super::{configuration, good, host, inline, to_admin, values};

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
fn a_header_of_one_word_is_promised_too() {
    let host = host();
    let configuration = configuration(&inline(), "").replace("x-jwt-sub", "subject");
    let mut run = Run::<JwtAuth>::start(&host, &configuration).unwrap();
    for (path, expected) in [("/admin", &["alice"][..]), ("/public", &[])] {
        let request = request("GET", path)
            .authority("open.example.com")
            .header("authorization", good())
            .header("subject", "root");
        let (_, answer) = run.request(&request.pairs());
        assert_eq!(values(&answer, "subject"), expected, "{path}");
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
        // This token is not verified.
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
fn a_cookie_that_is_forwarded_stays_where_another_provider_looks_too() {
    let host = host();
    let provider = |forwards: bool, cookies: &[[&str; 2]]| {
        let cookie =
            |[name, prefix]: &[&str; 2]| json!({"cookie": {"name": name, "prefix": prefix}});
        let sources: Vec<_> = cookies.iter().map(cookie).collect();
        json!({"keys": inline(), "forward_token": forwards, "token_sources": sources})
    };
    let configuration = json!({
        "providers": {"a": provider(true, &[["s", ""]]), "b": provider(false, &[["s", "v1."], ["t", ""]])},
        "rules": [{"require": {"any": [{"provider": {"name": "a"}}, {"provider": {"name": "b"}}]}}],
    });
    let mut run = Run::<JwtAuth>::start(&host, &configuration.to_string()).unwrap();
    let token = token("{}");
    let cookie = format!("s={token}; t=FORGED; u=1");
    let request = request("GET", "/").header("cookie", cookie);
    let (_, answer) = run.request(&request.pairs());
    let expected = format!("s={token}; u=1");
    assert_eq!(values(&answer, "cookie"), [expected]);
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
