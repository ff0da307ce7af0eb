//! Limits as written.

use super::cost::RawCost;
use super::key::RawKeyPart;
use super::service::OnError;
use crate::cost::Cost;
use crate::events::RESERVED;
use crate::limit::{Limit, MissingKey, Scope};
use crate::quota::Quota;
use filter_kit::config::{At, Invalid, each};
use filter_kit::matching::RawMatch;
use filter_kit::values::{Duration, Mode};
use serde::Deserialize;
use std::num::NonZeroU32;

/// A limit: so many requests per so long, for each key.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a limit, as {name: per-client, key: [{client_ip: {}}], requests: 100, per: 1m}"
)]
pub struct RawLimit {
    /// Its name: 1 to 64 letters, digits, `-` and `_`. It stands in counters, replies and response-code details, and no two limits have the
    /// same. A limit keeps its counts when a new configuration of the plugin has a limit of this name with the same quota and key.
    pub name: String,
    /// The requests that it counts; left out: all.
    #[serde(rename = "match")]
    pub matches: Option<RawMatch>,
    /// What tells one bucket from another, all parts together; left out: one bucket for all requests.
    pub key: Option<Vec<RawKeyPart>>,
    /// How many requests may pass in `per`. Needed, unless the rate limit service alone counts.
    pub requests: Option<u32>,
    /// The window. Needed, unless the rate limit service alone counts.
    pub per: Option<Duration>,
    /// How many requests may come at once; left out: as many as `requests`.
    pub burst: Option<u32>,
    /// What a request costs: a number, at most `burst`, or what a header says. A cost of 0 is never refused.
    #[serde(default)]
    pub cost: RawCost,
    /// What to do with a request that lacks a part of the key, or has it empty.
    #[serde(default)]
    pub missing_key: RawMissingKey,
    /// Who counts.
    #[serde(default)]
    pub scope: LimitScope,
    /// In place of the filter's `mode`, for this limit.
    pub mode: Option<Mode>,
}

/// What to do with a request without a part of the key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum RawMissingKey {
    /// The limit does not count it.
    Skip,
    /// All such requests share a bucket.
    #[default]
    Shared,
    /// It is refused with 400.
    Refuse,
}

/// Who counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum LimitScope {
    /// This Envoy process, exact over all its workers.
    #[default]
    Process,
    /// The rate limit service, for all Envoys that ask it.
    Service,
}

impl RawLimit {
    pub(super) fn build(self, mode: Mode, on_error: Option<OnError>) -> Result<Limit, Invalid> {
        check_name(&self.name)?;
        let matches = self.matches.unwrap_or_default().build().at("match")?;
        let key = match self.key {
            Some(parts) if parts.is_empty() => {
                let reason = "must not be empty; omit the key for one bucket for all requests";
                return Err(Invalid::new(reason).at("key"));
            }
            parts => each("key", parts.into_iter().flatten(), RawKeyPart::build)?,
        };
        let scope = match (self.scope, on_error) {
            (LimitScope::Process, _) => Scope::Process,
            (LimitScope::Service, Some(_)) => Scope::Service,
            (LimitScope::Service, None) => {
                let reason = "the scope service needs the key \"service\" beside \"limits\"";
                return Err(Invalid::new(reason).at("scope"));
            }
        };
        let cost = self.cost.build().at("cost")?;
        // The service counts by limits of its own, unless this process stands in for it.
        let counts_here = scope == Scope::Process || on_error == Some(OnError::Process);
        let quota = match (self.requests, self.per) {
            (None, None) if !counts_here && self.burst.is_none() => None,
            (requests, per) => Some(quota(requests, per, self.burst)?),
        };
        if let Some(quota) = &quota {
            check_cost(&cost, quota)?;
        }
        Ok(Limit {
            name: self.name,
            matches,
            key,
            quota,
            cost,
            missing_key: match self.missing_key {
                RawMissingKey::Skip => MissingKey::Skip,
                RawMissingKey::Shared => MissingKey::Shared,
                RawMissingKey::Refuse => MissingKey::Refuse,
            },
            scope,
            mode: self.mode.unwrap_or(mode),
        })
    }
}

fn check_name(name: &str) -> Result<(), Invalid> {
    filter_kit::config::check_name(name, "limit").at("name")?;
    if RESERVED.contains(&name) {
        let reason = format!("\"{name}\" is the name of a counter of the filter's own");
        return Err(Invalid::new(reason).at("name"));
    }
    Ok(())
}

/// A cost that no bucket holds would refuse every request.
fn check_cost(cost: &Cost, quota: &Quota) -> Result<(), Invalid> {
    let (path, cost) = match cost {
        Cost::Fixed(cost) => ("cost", *cost),
        Cost::Header { default, .. } => ("cost.default", *default),
    };
    if cost > quota.burst() {
        let reason = format!(
            "{cost} is more than the burst of {}: no request would ever pass; lower it, or raise \"burst\"",
            quota.burst()
        );
        return Err(Invalid::new(reason).at(path));
    }
    Ok(())
}

fn quota(
    requests: Option<u32>,
    per: Option<Duration>,
    burst: Option<u32>,
) -> Result<Quota, Invalid> {
    let requests = requests.ok_or_else(|| Invalid::new("missing key \"requests\""))?;
    let per = per.ok_or_else(|| Invalid::new("missing key \"per\""))?;
    let some = |key: &str, number: u32| {
        let reason = "0 would let nothing pass; 1 and more are accepted";
        NonZeroU32::new(number).ok_or_else(|| Invalid::new(reason).at(key))
    };
    let burst = some("burst", burst.unwrap_or(requests)).map_err(|e| {
        if requests == 0 {
            Invalid::new(e.reason()).at("requests")
        } else {
            e
        }
    })?;
    let requests = some("requests", requests)?;
    if per.get().is_zero() {
        return Err(Invalid::new("a window of no time; 1ms and more are accepted").at("per"));
    }
    Ok(Quota::new(requests, per.get(), burst)?)
}
