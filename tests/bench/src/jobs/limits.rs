//! rate-limit.

use anyhow::Result;

use super::requests::tenants;
use super::{Chain, Floors, Job, TENANTS, job};
use crate::chain;

pub(super) fn limits(floors: &Floors) -> Result<Vec<Job>> {
    let with_fields = vec![
        Chain::copies(
            "native",
            |copy| chain::local_ratelimit(copy, true),
            &["x-ratelimit-remaining: "],
        ),
        Chain::floor(&floors.limit_with_fields, &["ratelimit: "]),
        Chain::ours(
            "rate-limit",
            |copy| chain::limit(copy, "both"),
            &["ratelimit: ", "x-ratelimit-remaining: "],
        )?,
    ];
    let without = vec![
        Chain::copies("native", |copy| chain::local_ratelimit(copy, false), &[]),
        Chain::copies("Lua", |copy| chain::lua(copy, chain::RATE_LIMIT), &[]),
        Chain::floor(&floors.limit, &[]),
        Chain::ours("rate-limit", |copy| chain::limit(copy, "none"), &[])?,
    ];
    let warm = |mut chain: Chain| {
        chain.warm_up = TENANTS;
        chain
    };
    Ok(vec![
        job(
            "rate-limit-both",
            "rate-limit: a header as key, 1,000 values, `headers: both`",
            tenants(TENANTS),
            with_fields.into_iter().map(warm).collect(),
        ),
        job(
            "rate-limit-none",
            "rate-limit: a header as key, 1,000 values, `headers: none`",
            tenants(TENANTS),
            without.into_iter().map(warm).collect(),
        ),
    ])
}
