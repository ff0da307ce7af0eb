//! How the cost grows with rules, origins, keys and headers, and the cost without any.

use std::rc::Rc;

use anyhow::Result;
use e2e::token;
use serde_json::{Value, json};

use super::requests::{ORIGIN, PATH, bearer, request, tenants, with_tokens};
use super::{COPIES, Chain, Floors, Job, TOKENS, job};
use crate::chain;

pub(super) fn growth(keys: usize) -> Result<Vec<Job>> {
    let set_of = |count: usize| {
        let set: Value = serde_json::from_str(token::JWKS).expect("JSON");
        let mut keys: Vec<Value> = set["keys"].as_array().cloned().unwrap_or_default();
        let own = keys
            .iter()
            .position(|key| key["kid"] == "test-rs256")
            .unwrap_or_default();
        let own = keys.swap_remove(own);
        let other = |n| {
            let mut key = own.clone();
            key["kid"] = format!("key-{n}").into();
            key
        };
        let mut keys: Vec<Value> = (1..count).map(other).collect();
        keys.push(own.clone());
        json!({ "keys": keys })
    };
    let mut many_keys = Chain::named("many", "rate-limit", |copy| chain::limit(copy, "none"), &[])?;
    many_keys.requests = Some(tenants(keys));
    many_keys.warm_up = keys;
    let mut one_key = Chain::named(
        "one",
        "rate-limit",
        |copy| chain::limit(copy + COPIES, "none"),
        &[],
    )?;
    one_key.requests = Some(tenants(1));
    let plain = || Rc::new(vec![request(PATH, &[])]);
    Ok(vec![
        job(
            "rules",
            "header-rewrite: 1 rule by path, and the last of 1,000",
            plain(),
            vec![
                Chain::named("one", "header-rewrite", |_| chain::rewrite_rules(1), &[])?,
                Chain::named(
                    "many",
                    "header-rewrite",
                    |_| chain::rewrite_rules(1000),
                    &[],
                )?,
            ],
        ),
        job(
            "origins",
            "cors: 1 origin, and one of 1,000",
            Rc::new(vec![request(PATH, &[ORIGIN])]),
            vec![
                Chain::named("one", "cors", |_| chain::cors_origins(1), &[])?,
                Chain::named("many", "cors", |_| chain::cors_origins(1000), &[])?,
            ],
        ),
        job(
            "keys",
            "rate-limit: 1 key, and 100,000 in turn",
            plain(),
            vec![one_key, many_keys],
        ),
        Job {
            share: 25,
            ..job(
                "jwks",
                "jwt-auth: a fresh RS256 token, with 1 key and with the last of 64",
                with_tokens("RS256", PATH, TOKENS),
                vec![
                    Chain::named(
                        "one",
                        "jwt-auth",
                        |copy| chain::jwt_with_keys(copy, 4, set_of(1)),
                        &[],
                    )?
                    .with_token(),
                    Chain::named(
                        "many",
                        "jwt-auth",
                        |copy| chain::jwt_with_keys(copy, 4, set_of(64)),
                        &[],
                    )?
                    .with_token(),
                ],
            )
        },
    ])
}

pub(super) fn idle(floors: &Floors) -> Result<Vec<Job>> {
    let empty = |name| Chain::named(name, name, |_| json!({}), &[]);
    let chains = vec![
        Chain::floor(&floors.idle, &[]),
        empty("cors")?,
        empty("header-rewrite")?,
        empty("rate-limit")?,
    ];
    Ok(vec![job(
        "idle",
        "no rule at all: `{}`",
        Rc::new(vec![request(PATH, &[])]),
        chains,
    )])
}

pub(super) fn many_headers(floors: &Floors) -> Result<Vec<Job>> {
    let names: Vec<String> = (0..50).map(|n| format!("x-header-{n}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "value")).collect();
    let with = |more: &[(&str, &str)]| Rc::new(vec![request(PATH, &[&many[..], more].concat())]);
    let token = bearer("RS256", 0);
    Ok(vec![
        job(
            "header-rewrite-60",
            "header-rewrite: the same, 60 headers",
            with(&[]),
            vec![
                Chain::floor(&floors.headers, &[]),
                Chain::ours("header-rewrite", chain::rewrite, &[])?,
            ],
        ),
        job(
            "rate-limit-60",
            "rate-limit: `headers: none`, 60 headers",
            with(&[("x-tenant", "acme")]),
            vec![
                Chain::floor(&floors.limit, &[]),
                Chain::ours("rate-limit", |copy| chain::limit(copy, "none"), &[])?,
            ],
        ),
        job(
            "jwt-60",
            "jwt-auth: a token from the cache, 60 headers",
            with(&[("authorization", &token)]),
            vec![
                Chain::floor(&floors.cached, &[]),
                Chain::ours("jwt-auth", |copy| chain::jwt(copy, 1000), &[])?,
            ],
        ),
    ])
}
