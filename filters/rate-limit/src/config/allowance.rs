//! How many requests pass, as written.

use super::limit::RawLimit;
use super::number_or::{InPlaceOfNumber, NumberOr};
use crate::allowance::{Allowance, HeaderQuota};
use crate::quota::Quota;
use filter_kit::config::{At, Invalid, in_range};
use filter_kit::values::HeaderName;
use serde::Deserialize;
use std::num::NonZeroU32;
use std::time::Duration;

/// How many requests pass in a window: a number, or what a header says.
pub(super) type RawRequests = NumberOr<RawHeaderQuota>;

/// The header that says how many requests pass.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawHeaderQuota {
    /// The request header's name. Clients can set headers too: use one that you set or check.
    pub header: HeaderName,
    /// How many if the header is missing or is not a number; at most `max`.
    pub default: u32,
    /// The highest value that is accepted from the header.
    pub max: u32,
}

impl InPlaceOfNumber for RawHeaderQuota {
    const SHAPE: &'static str = "{\"header\": NAME, \"default\": NUMBER, \"max\": NUMBER}";
}

/// Whether the rate limit service may know alone how many pass.
pub(super) fn build(limit: &RawLimit, may_be_unknown: bool) -> Result<Allowance, Invalid> {
    if let Some(most) = limit.concurrent {
        return concurrent(limit, most);
    }
    let is_unknown = limit.requests.is_none() && limit.per.is_none() && limit.burst.is_none();
    if is_unknown && may_be_unknown {
        return Ok(Allowance::OfService);
    }
    let missing = |key: &str| Invalid::new(format!("missing key \"{key}\""));
    let requests = limit.requests.as_ref();
    let requests = requests.ok_or_else(|| missing("requests"))?;
    let per = limit.per.ok_or_else(|| missing("per"))?.get();
    if per.is_zero() {
        return Err(Invalid::new("0s is below the minimum of 1ms").at("per"));
    }
    let burst = limit.burst.map(|burst| {
        let reason = "0 lets no request through; the minimum is 1, and requests: 0 refuses all";
        NonZeroU32::new(burst).ok_or_else(|| Invalid::new(reason).at("burst"))
    });
    let burst = burst.transpose()?;
    match requests {
        NumberOr::Number(requests) => fixed(*requests, per, burst),
        NumberOr::Object(raw) => of_header(raw, per, burst).at("requests"),
    }
}

fn concurrent(limit: &RawLimit, most: u32) -> Result<Allowance, Invalid> {
    for (key, is_given) in [
        ("requests", limit.requests.is_some()),
        ("per", limit.per.is_some()),
        ("burst", limit.burst.is_some()),
        ("cost", limit.cost.is_some()),
        ("charge", limit.charge.is_some()),
    ] {
        if is_given {
            return Err(Invalid::new("is not valid with \"concurrent\"").at(key));
        }
    }
    NonZeroU32::new(most)
        .map(Allowance::Concurrent)
        .ok_or_else(|| {
            let reason = "0 lets no request through; the minimum is 1, and requests: 0 refuses all";
            Invalid::new(reason).at("concurrent")
        })
}

fn fixed(requests: u32, per: Duration, burst: Option<NonZeroU32>) -> Result<Allowance, Invalid> {
    let Some(requests) = NonZeroU32::new(requests) else {
        return match burst {
            Some(_) => Err(Invalid::new("is not valid with requests: 0").at("burst")),
            None => Ok(Allowance::Nothing(per)),
        };
    };
    let quota = Quota::new(requests, per, burst.unwrap_or(requests))?;
    Ok(Allowance::Quota(quota))
}

fn of_header(
    raw: &RawHeaderQuota,
    per: Duration,
    burst: Option<NonZeroU32>,
) -> Result<Allowance, Invalid> {
    in_range("max", raw.max, 1..=u32::MAX)?;
    in_range("default", raw.default, 0..=raw.max)?;
    let quota = HeaderQuota {
        header: raw.header.clone(),
        default: raw.default,
        max: raw.max,
        per,
        burst,
    };
    // With more requests each takes less time, with fewer the bucket takes longer to fill up: all
    // between the two ends is valid too.
    for requests in [1, raw.max] {
        quota.with(requests).at("max")?;
    }
    Ok(Allowance::OfHeader(quota))
}
