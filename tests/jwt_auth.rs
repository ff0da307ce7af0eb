//! jwt-auth in a real Envoy: its sample, and every claim of its README.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed assumption is a failed test"
)]

use e2e::token::{self, Token, forged};
use e2e::{Client, Envoy, Response};
use serde_json::json;

fn sample() -> Envoy {
    Envoy::from_sample("jwt-auth").start().unwrap()
}

fn get(envoy: &Envoy, path: &str, token: Option<&str>) -> Response {
    let request = Client::http1().get(envoy.url(path));
    match token {
        Some(token) => request
            .header("authorization", format!("Bearer {token}"))
            .send(),
        None => request.send(),
    }
}

#[test]
fn the_sample_does_what_its_comments_say() {
    let envoy = sample();
    let none = get(&envoy, "/api/items", None);
    assert_eq!(none.status, 401);
    assert_eq!(
        none.header("www-authenticate"),
        Some("Bearer realm=\"127.0.0.1\"")
    );
    let token = Token::new("ES256").claim("realm_access", json!({"roles": ["dev", "ops"]}));
    let good = get(&envoy, "/api/items", Some(&token.sign()));
    let echo = good.echo();
    assert_eq!(echo.header("x-jwt-sub"), Some("alice"));
    assert_eq!(echo.header("x-jwt-roles"), Some("dev,ops"));
    assert_eq!(echo.header("x-jwt-provider"), Some("corp"));
    assert!(echo.header("x-jwt-payload").is_some());
    assert_eq!(
        echo.header("authorization"),
        None,
        "the token does not reach the upstream"
    );
    let wrong_scope = get(&envoy, "/admin", Some(&token.sign()));
    assert_eq!(wrong_scope.status, 403);
    assert_eq!(
        wrong_scope.header("www-authenticate"),
        Some(
            "Bearer realm=\"127.0.0.1\", error=\"insufficient_scope\", \
             error_description=\"The token lacks a scope.\", scope=\"admin\""
        )
    );
    let admin = token.clone().claim("scope", json!("read admin")).sign();
    assert_eq!(get(&envoy, "/admin", Some(&admin)).status, 200);
    assert_eq!(get(&envoy, "/healthz", None).status, 200);
    assert_eq!(get(&envoy, "/shop", None).status, 200);
    assert_eq!(get(&envoy, "/shop", Some("bad")).status, 401);
    let partner = Token::new("EdDSA")
        .claim("iss", json!("https://partner.example"))
        .sign();
    let answer = get(&envoy, "/api/items", Some(&partner));
    assert_eq!(answer.echo().header("x-jwt-provider"), Some("partner"));
    assert_eq!(
        get(&envoy, "/other", None).status,
        401,
        "what no rule matches needs a token"
    );
    assert_eq!(get(&envoy, "/other", Some(&partner)).status, 200);
    let cookie = Client::http1()
        .get(envoy.url("/api/items"))
        .header("cookie", format!("a=1; session={}; b=2", token.sign()))
        .send();
    assert_eq!(cookie.echo().header("cookie"), Some("a=1; b=2"));
    envoy.assert_vm_alive();
}

/// A provider for every key, and its tokens in every place.
fn everything(require: &str) -> String {
    format!(
        r#"{{"providers": {{
            "all": {{"issuer": "https://issuer.example", "keys": {{"jwks": {jwks}}}}},
            "secret": {{"issuer": "https://secret.example", "keys": {{"secret": {{"env": "SECRET", "algorithm": "HS256"}}}}}}
        }}, "rules": [{{"require": {require}}}]}}"#,
        jwks = token::JWKS
    )
}

#[test]
fn every_algorithm_verifies_and_a_forged_signature_does_not() {
    // Keys without `alg`, so that one RSA key verifies all six algorithms.
    let jwks = token::JWKS.replace(r#""alg": "RS256", "#, "");
    let config =
        everything(r#"{"any": [{"provider": {"name": "all"}}, {"provider": {"name": "secret"}}]}"#)
            .replace(token::JWKS, &jwks);
    let envoy = Envoy::with_filter("jwt-auth", config)
        .vm_env("SECRET", token::SECRET)
        .start()
        .unwrap();
    for name in [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "HS256",
    ] {
        let mut token = Token::new(name);
        if name == "HS256" {
            token = token.claim("iss", json!("https://secret.example"));
        }
        let token = token.sign();
        assert_eq!(get(&envoy, "/", Some(&token)).status, 200, "{name}");
        let answer = get(&envoy, "/", Some(&forged(&token)));
        assert_eq!(answer.status, 401, "{name}");
        assert_eq!(
            answer.text(),
            "The signature of the token is not valid.\n",
            "{name}"
        );
    }
    assert_eq!(envoy.stat("wasmcustom.jwt_auth.allowed.token_total"), 10);
    assert_eq!(envoy.stat("wasmcustom.jwt_auth.denied.signature_total"), 10);
    assert_eq!(
        envoy.stat("wasmcustom.jwt_auth.provider.all.allowed_total"),
        9
    );
    assert_eq!(
        envoy.stat("wasmcustom.jwt_auth.provider.secret.allowed_total"),
        1
    );
    envoy.assert_vm_alive();
}
