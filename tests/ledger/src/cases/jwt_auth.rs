//! jwt-auth: tokens in the cache and others, by algorithm, and many rules.

use super::{Case, case, has, plain, refused, request, sixty_headers};
use crate::host::{Cost, Exchange};
use crate::token::{self, JWKS, SECRET};
use anyhow::{Result, ensure};
use jsonwebtoken::Algorithm;
use serde_json::json;

pub(super) const CASES: &[Case] = &[
    case(
        "jwt-auth",
        "RS256, cached",
        || jwt(0),
        || bearer(Algorithm::RS256, &[1, 1]),
        verified,
    ),
    case(
        "jwt-auth",
        "RS256, cached, the last of 100 rules by path",
        || jwt(100),
        || bearer(Algorithm::RS256, &[1, 1]),
        verified,
    ),
    case(
        "jwt-auth",
        "RS256, cached, 60 headers",
        || jwt(0),
        || {
            let mut exchanges = bearer(Algorithm::RS256, &[1, 1]);
            let more = sixty_headers().remove(0).request;
            for exchange in &mut exchanges {
                exchange.request.extend(more.iter().skip(9).cloned());
            }
            exchanges
        },
        verified,
    ),
    case(
        "jwt-auth",
        "RS256, fresh, without the signature",
        || jwt(0),
        || bearer(Algorithm::RS256, &[1, 2]),
        verified,
    ),
    case(
        "jwt-auth",
        "ES256, fresh, without the signature",
        || jwt(0),
        || bearer(Algorithm::ES256, &[1, 2]),
        verified,
    ),
    case(
        "jwt-auth",
        "HS256, fresh",
        jwt_secret,
        || bearer(Algorithm::HS256, &[1, 2]),
        verified,
    ),
    case("jwt-auth", "no token", || jwt(0), plain, refused),
];

pub(super) fn jwt(rules: usize) -> String {
    let rules: Vec<_> = (0..rules)
        .map(|n| {
            let path = if n + 1 == rules { "/api".to_owned() } else { format!("/path-{n}") };
            json!({"match": {"paths": [{"prefix": path}]}, "require": {"provider": {"name": "corp"}}})
        })
        .collect();
    let jwks: serde_json::Value = serde_json::from_str(JWKS).expect("JSON");
    json!({"providers": {"corp": {"issuer": "https://issuer.example", "audiences": ["api"], "keys": {"jwks": jwks},
        "claims_to_headers": [{"claim": "sub", "header": "x-jwt-sub"}]}}, "rules": rules})
    .to_string()
}

fn jwt_secret() -> String {
    json!({"providers": {"corp": {"issuer": "https://issuer.example", "audiences": ["api"],
        "keys": {"secret": {"value": SECRET, "algorithm": "HS256"}}, "claims_to_headers": [{"claim": "sub", "header": "x-jwt-sub"}]}}})
    .to_string()
}

pub(super) fn bearer(algorithm: Algorithm, ids: &[u32]) -> Vec<Exchange> {
    let with = |id: &u32| {
        let token = format!("Bearer {}", token::sign(algorithm, *id));
        request(&[("authorization", &token)])
    };
    ids.iter().map(with).collect()
}

pub(super) fn verified(cost: &Cost) -> Result<()> {
    ensure!(has(&cost.request, "x-jwt-sub", "alice"), "not verified");
    Ok(())
}
