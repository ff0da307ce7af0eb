//! Cached tokens, and tokens that are always refused.

use e2e::token::{self, Token, forged, now};
use e2e::{Envoy, wait};
use serde_json::{Value, json};
use std::time::Duration;

/// A provider that `/` requires, and `/admin` with a scope.
fn envoy(rest: Value) -> Envoy {
    let corp = json!({"provider": {"name": "corp"}});
    let admin = json!({"provider": {"name": "corp", "scopes": {"all": ["admin"]}}});
    let keys = serde_json::from_str::<Value>(token::JWKS).unwrap();
    let mut config = json!({
        "providers": {"corp": {"issuer": token::ISSUER, "clock_skew": "0s", "keys": {"jwks": keys}}},
        "rules": [{"match": {"paths": [{"prefix": "/admin"}]}, "require": admin}, {"require": corp}],
    });
    e2e::yaml::merge(&mut config, rest);
    Envoy::with_filter("jwt-auth", config.to_string()).start()
}

fn status(envoy: &Envoy, path: &str, token: &str) -> u16 {
    let request = envoy.get(path);
    request
        .header("authorization", format!("Bearer {token}"))
        .send()
        .status
}

fn corp() -> Token {
    Token::new("ES256")
}

#[test]
fn a_token_on_the_deny_list_is_refused_and_others_are_not() {
    let envoy = envoy(json!({"deny_list": {"jti": ["a", "b"]}}));
    for (jti, expected) in [
        (json!("a"), 401),
        (json!("b"), 401),
        (json!("A"), 200),
        (json!("ab"), 200),
        (Value::Null, 200),
    ] {
        let token = corp().claim("jti", jti.clone()).sign();
        for _ in 0..2 {
            assert_eq!(status(&envoy, "/", &token), expected, "{jti}");
        }
    }
    assert_eq!(envoy.stat("wasmcustom.jwt_auth.denied.denied_total"), 4);
}

fn cached(envoy: &Envoy) -> (u64, u64) {
    let count = |name: &str| envoy.stat(&format!("wasmcustom.jwt_auth.cache.{name}_total"));
    (count("hit"), count("miss"))
}

#[test]
fn a_token_is_remembered_until_it_expires_and_checked_for_each_rule() {
    let envoy = envoy(json!({}));
    let token = corp().claim("exp", json!(now() + 5)).sign();
    assert_eq!(status(&envoy, "/", &token), 200);
    assert_eq!(cached(&envoy), (0, 1));
    assert_eq!(status(&envoy, "/", &token), 200);
    assert_eq!(
        status(&envoy, "/admin", &token),
        403,
        "a good signature is not all that a rule asks for"
    );
    assert_eq!(cached(&envoy), (2, 1));
    assert_eq!(status(&envoy, "/", &forged(&token)), 401);
    assert_eq!(status(&envoy, "/", &forged(&token)), 401);
    assert_eq!(cached(&envoy), (2, 3), "what is refused is not kept");
    wait::until("the token expires", Duration::from_secs(10), || {
        status(&envoy, "/", &token) == 401
    });
    assert_eq!(envoy.stat("wasmcustom.jwt_auth.denied.expired_total"), 1);
}

#[test]
fn the_cache_keeps_so_many_tokens_of_so_many_bytes() {
    let tokens: Vec<String> = (0..3).map(|i| corp().claim("n", json!(i)).sign()).collect();
    let long = corp().claim("pad", json!("x".repeat(2000))).sign();
    for (cache, order, hits) in [
        (json!({}), vec![0, 1, 2, 0, 1, 2], 3),
        (json!({"max_tokens": 2}), vec![0, 1, 0, 2, 0, 1], 2), // 1 went out for 2: 0 was used later
        (json!({"max_tokens": 0}), vec![0, 0, 0], 0),
    ] {
        let envoy = envoy(json!({"cache": cache}));
        for i in &order {
            assert_eq!(status(&envoy, "/", &tokens[*i]), 200);
        }
        let total = u64::try_from(order.len()).unwrap();
        assert_eq!(
            cached(&envoy),
            (hits, total.saturating_sub(hits)),
            "{cache}"
        );
    }
    for (bytes, hits) in [(long.len(), 1), (long.len().saturating_sub(1), 0)] {
        let envoy = envoy(json!({"cache": {"max_token_bytes": bytes}}));
        for _ in 0..2 {
            assert_eq!(status(&envoy, "/", &long), 200);
        }
        assert_eq!(cached(&envoy).0, hits, "{bytes}");
    }
}

#[test]
fn a_token_is_refused_by_its_subject_and_by_when_it_was_issued() {
    let envoy = envoy(
        json!({"deny_list": {"jti": ["a"], "sub": ["mallory"], "issued_before": "2026-01-01T00:00:00Z"}}),
    );
    for (claim, value, expected) in [
        ("sub", json!("alice"), 200),
        ("sub", json!("mallory"), 401),
        ("sub", json!("Mallory"), 200),
        ("jti", json!("mallory"), 200),
        ("iat", json!(1_767_225_600), 200),
        ("iat", json!(1_767_225_599), 401),
        ("iat", Value::Null, 401),
    ] {
        let token = corp().claim(claim, value.clone()).sign();
        for _ in 0..2 {
            assert_eq!(status(&envoy, "/", &token), expected, "{claim} {value}");
        }
    }
}

// An empty JSON list takes two bytes, and a list in memory about eighty.
#[test]
fn what_is_kept_of_tokens_is_bounded_in_bytes_whatever_they_hold() {
    let lists: Vec<Value> = (0..1000).map(|_| json!([0])).collect();
    let token = |n: usize| {
        corp()
            .claim("lists", json!(lists))
            .claim("n", json!(n))
            .sign()
    };
    let tokens: Vec<String> = (0..40).map(token).collect();
    let envoy = envoy(json!({"cache": {"max_bytes": 1_000_000}}));
    for token in &tokens {
        assert_eq!(status(&envoy, "/", token), 200);
    }
    // Each takes about 90 KB.
    for token in tokens.iter().rev().take(8) {
        assert_eq!(status(&envoy, "/", token), 200);
    }
    assert_eq!(cached(&envoy), (8, 40));
    for token in tokens.iter().rev().skip(20) {
        assert_eq!(status(&envoy, "/", token), 200);
    }
    assert_eq!(cached(&envoy), (8, 60));
}
