//! The catalog's filters.

use anyhow::Result;
use e2e::{paths, token};
use serde_json::{Value, json};

use super::wasm;

/// Creates a filter of the catalog for a chain. All copies run in one VM.
pub(crate) fn ours(filter: &str, copy: usize, config: &Value) -> Result<Value> {
    let module = paths::module(filter)?;
    Ok(wasm(
        &format!("{filter}-{copy}"),
        filter,
        &module.to_string_lossy(),
        Some(&config.to_string()),
    ))
}

/// Sets and removes a request header, sets a response header.
pub(crate) fn rewrite(copy: usize) -> Value {
    json!({"rules": [{
        "request": [{"set": {"name": "x-env", "value": "prod"}}, {"remove": {"name": format!("x-internal-{copy}")}}],
        "response": [{"set": {"name": "x-frame-options", "value": "DENY"}}],
    }]})
}

/// This many rules by path, of which the last one matches `/api`.
pub(crate) fn rewrite_rules(count: usize) -> Value {
    let rules: Vec<_> = (1..=count)
        .map(|n| {
            let path = if n == count { "/api".to_owned() } else { format!("/path-{n}") };
            json!({"match": {"paths": [{"prefix": path}]}, "request": [{"set": {"name": "x-env", "value": "prod"}}]})
        })
        .collect();
    json!({ "rules": rules })
}

/// A policy for an app, and for all hosts of a domain.
pub(crate) fn cors_rules() -> Value {
    json!({"policies": [{
        "allow_origins": ["https://app.example.com", "https://*.example.org"],
        "allow_methods": ["GET", "POST", "PUT", "DELETE"], "allow_headers": ["content-type", "authorization"],
        "expose_headers": ["x-request-id"], "allow_credentials": true, "max_age": "10m",
    }]})
}

/// A policy for this many origins, including the app's.
pub(crate) fn cors_origins(count: usize) -> Value {
    let mut origins: Vec<String> = (1..count)
        .map(|n| format!("https://tenant-{n}.example.com"))
        .collect();
    origins.insert(count / 2, "https://app.example.com".to_owned());
    json!({"policies": [{"allow_origins": origins}]})
}

/// A limit for each value of `x-tenant`, different for each copy.
pub(crate) fn limit(copy: usize, fields: &str) -> Value {
    json!({
        "limits": [{"name": format!("tenant-{copy}"), "key": [{"header": "x-tenant"}], "requests": 1_000_000, "per": "1m"}],
        "headers": fields,
    })
}

/// Tokens of the test keys. Each copy has its own cache, by its realm. A small cache never contains
/// a token of a long sequence.
pub(crate) fn jwt(copy: usize, cached_tokens: usize) -> Value {
    jwt_with_keys(
        copy,
        cached_tokens,
        serde_json::from_str(token::JWKS).expect("JSON"),
    )
}

/// Like [`jwt`], with another key set.
pub(crate) fn jwt_with_keys(copy: usize, cached_tokens: usize, keys: Value) -> Value {
    let provider = |keys: Value| {
        json!({"issuer": token::ISSUER, "audiences": ["api"], "forward_token": true, "keys": keys,
            "claims_to_headers": [{"claim": "sub", "header": "x-jwt-sub"}]})
    };
    let secret = json!({"secret": {"value": token::SECRET, "algorithm": "HS256"}});
    json!({
        "providers": {"corp": provider(json!({ "jwks": keys })), "secret": provider(secret)},
        "rules": [
            {"match": {"paths": [{"prefix": "/secret"}]}, "require": {"provider": {"name": "secret"}}},
            {"require": {"provider": {"name": "corp"}}},
        ],
        "cache": {"max_tokens": cached_tokens},
        "realm": format!("copy {copy}"),
        "verification_time_per_second": "1s",
    })
}

/// All four as items of one module, in the order of the samples.
pub(crate) fn one_module(copy: usize) -> Result<Value> {
    let items = json!({"chain": [
        {"cors": cors_rules()},
        {"rate-limit": limit(copy, "both")},
        {"jwt-auth": jwt(copy, 1000)},
        {"header-rewrite": rewrite(copy)},
    ]});
    ours("chain", copy, &items)
}

/// All four in the order of the samples.
pub(crate) fn chain_of_four(copy: usize) -> Result<Vec<Value>> {
    Ok(vec![
        ours("cors", copy, &cors_rules())?,
        ours("rate-limit", copy, &limit(copy, "both"))?,
        ours("jwt-auth", copy, &jwt(copy, 1000))?,
        ours("header-rewrite", copy, &rewrite(copy))?,
    ])
}
