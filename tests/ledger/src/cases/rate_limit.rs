//! rate-limit: kinds of keys, many of them, and many limits.

use super::{Case, any, case, idle, one, plain, request, sixty_headers};
use crate::host::{Cost, Exchange};
use anyhow::{Result, ensure};
use serde_json::json;

pub(super) const CASES: &[Case] = &[
    case(
        "rate-limit",
        "idle: empty configuration",
        || "{}".to_owned(),
        plain,
        idle,
    ),
    case(
        "rate-limit",
        "a header as key, headers: both",
        || rate_limit("both"),
        plain,
        limited,
    ),
    case(
        "rate-limit",
        "a header as key, headers: none",
        || rate_limit("none"),
        plain,
        any,
    ),
    case(
        "rate-limit",
        "a header as key, 60 headers",
        || rate_limit("both"),
        sixty_headers,
        limited,
    ),
    case(
        "rate-limit",
        "the client's address as key",
        by_address,
        plain,
        limited,
    ),
    case(
        "rate-limit",
        "a part of a header as key, by a regular expression",
        by_part,
        with_api_key,
        limited,
    ),
    case(
        "rate-limit",
        "a header as key, all slots of its table taken",
        || rate_limit("both").replacen('{', r#"{"max_keys": 16,"#, 1),
        many_tenants,
        limited,
    ),
    case(
        "rate-limit",
        "1 limit by path",
        || rate_limits(1),
        plain,
        limited,
    ),
    case(
        "rate-limit",
        "the last of 100 limits by path",
        || rate_limits(100),
        plain,
        limited,
    ),
    case(
        "rate-limit",
        "the last of 1,000 limits by path",
        || rate_limits(1000),
        plain,
        limited,
    ),
];

pub(super) fn rate_limit(fields: &str) -> String {
    json!({"limits": [{"name": "per-tenant", "key": [{"header": "x-tenant"}], "requests": 1_000_000, "per": "1m"}], "headers": fields})
        .to_string()
}

fn rate_limits(count: usize) -> String {
    let limits: Vec<_> = (0..count)
        .map(|n| {
            let path = if n + 1 == count { "/api".to_owned() } else { format!("/path-{n}") };
            json!({"name": format!("limit-{n}"), "match": {"paths": [{"prefix": path}]}, "key": [{"header": "x-tenant"}],
                "requests": 1_000_000, "per": "1m"})
        })
        .collect();
    json!({ "limits": limits }).to_string()
}

/// Enough keys to fill all slots of a table, and one of them again.
fn many_tenants() -> Vec<Exchange> {
    let tenants = (0..40).chain([39]);
    tenants
        .map(|n| {
            let mut exchange = request(&[]);
            exchange.request[9].1 = format!("tenant-{n}").into_bytes();
            exchange
        })
        .collect()
}

fn by_part() -> String {
    json!({"limits": [{"name": "per-key", "key": [{"header": {"name": "authorization", "regex": "(?i:apikey) +([^ ]+)"}}],
        "requests": 1_000_000, "per": "1m"}]})
    .to_string()
}

fn with_api_key() -> Vec<Exchange> {
    one(&[("authorization", "ApiKey 6f1c2a9e4b7d4a0f9c3e5d8b7a6f1c2a")])
}

fn by_address() -> String {
    json!({"limits": [{"name": "per-client", "key": [{"client_ip": {}}], "requests": 1_000_000, "per": "1m"}]}).to_string()
}

pub(super) fn limited(cost: &Cost) -> Result<()> {
    ensure!(cost.reply.is_none(), "refused");
    ensure!(
        cost.response.iter().any(|(n, _)| n == b"ratelimit"),
        "no ratelimit"
    );
    Ok(())
}
