//! jwt-auth in a real Envoy: its sample, and every claim of its README.

mod answers;
mod cache;
mod conformance;
mod doors;
mod forwarding;
mod keys;
mod parity;
mod paths;
mod places;
mod providers;
mod recipes;
mod rules;

use e2e::token::{self, Token, forged};
use e2e::{Envoy, Response, cases};
use serde_json::json;

fn sample() -> Envoy {
    Envoy::from_sample("jwt-auth").start()
}

fn get(envoy: &Envoy, path: &str, token: Option<&str>) -> Response {
    let request = envoy.get(path);
    match token {
        Some(token) => request
            .header("authorization", format!("Bearer {token}"))
            .send(),
        None => request.send(),
    }
}

#[test]
fn the_sample_does_what_its_comments_say() {
    cases::jwt_auth::check(&sample());
}

/// A provider for every key, with its tokens in every source.
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
        .start();
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
}
