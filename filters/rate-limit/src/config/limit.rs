//! Limits as written.

use super::allowance::{self, RawRequests};
use super::charge::{self, RawCharge};
use super::cost::{self, RawCost};
use super::key::RawKeyPart;
use super::service::OnError;
use crate::allowance::Allowance;
use crate::cost::Cost;
use crate::events::RESERVED;
use crate::key::KeyPart;
use crate::limit::{Charge, Limit, LimitMode, MissingKey, Scope};
use crate::reply;
use filter_kit::config::{At, Env, Invalid, each};
use filter_kit::matching::RawMatch;
use filter_kit::reply::{RawReply, ReplyTemplate};
use filter_kit::template;
use filter_kit::values::{Duration, Mode};
use serde::Deserialize;
use std::num::NonZeroU32;

/// A limit: how many requests may pass in a window, or at the same time, for each key.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a limit, as {name: per-client, key: [{client_ip: {}}], requests: 100, per: 1m}"
)]
pub struct RawLimit {
    /// Its name: 1 to 64 letters, digits, `-` and `_`. It appears in counters, replies and
    /// response-code details, and must be unique. A limit keeps its counts if a new configuration
    /// of the plugin has a limit of this name with the same quota and key.
    pub name: String,
    /// The requests that the limit counts. Default: all.
    #[serde(rename = "match")]
    pub matches: Option<RawMatch>,
    /// What requests are counted by: all parts together are the key. Default: one bucket for all
    /// requests.
    pub key: Option<Vec<RawKeyPart>>,
    /// How many requests may pass in `per`: a number (0 refuses all), or the value of a header.
    /// Required, unless only the rate limit service counts, or `concurrent` is set.
    pub requests: Option<RawRequests>,
    /// The window. Required with `requests`.
    pub per: Option<Duration>,
    /// How many requests may arrive at once. Default: as many as `requests`.
    pub burst: Option<u32>,
    /// What a request costs: a number, at most `burst`, or the value of a header. A request that
    /// costs 0 is never refused.
    #[cfg_attr(feature = "schema", schemars(extend("default" = 1)))]
    pub cost: Option<RawCost>,
    /// When a request is charged. Default: when it arrives.
    pub charge: Option<RawCharge>,
    /// Instead of `requests` and `per`: how many requests may be under way at the same time.
    pub concurrent: Option<u32>,
    /// What to do with a request in which a part of the key is missing or empty.
    #[serde(default)]
    pub missing_key: RawMissingKey,
    /// Who counts.
    #[serde(default)]
    pub scope: LimitScope,
    /// Replaces the filter's `mode` for this limit.
    pub mode: Option<LimitMode>,
    /// Replaces the filter's `response` for this limit.
    pub response: Option<RawReply>,
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
    /// This Envoy process, exact across all its workers.
    #[default]
    Process,
    /// The rate limit service, for all Envoys that use it.
    Service,
}

impl RawLimit {
    pub(super) fn build(
        self,
        mode: Mode,
        on_error: Option<OnError>,
        env: &Env,
    ) -> Result<Limit, Invalid> {
        check_name(&self.name)?;
        let scope = match (self.scope, on_error) {
            (LimitScope::Process, _) => Scope::Process,
            (LimitScope::Service, Some(_)) => Scope::Service,
            (LimitScope::Service, None) => {
                let reason = "service is only valid with the key \"service\" beside \"limits\"";
                return Err(Invalid::new(reason).at("scope"));
            }
        };
        // The service has limits of its own; this process needs them only where it counts in place
        // of the service.
        let may_be_unknown = scope == Scope::Service && on_error != Some(OnError::Process);
        let allowance = allowance::build(&self, may_be_unknown)?;
        let raw_cost = self.cost.unwrap_or_else(cost::default);
        let cost = cost::build(raw_cost).at("cost")?;
        let charge = charge::build(self.charge, &cost).at("charge")?;
        if scope == Scope::Service {
            check_service(&allowance, &charge)?;
        }
        check_cost(&cost, &charge, &allowance)?;
        Ok(Limit {
            name: self.name,
            matches: self.matches.unwrap_or_default().build().at("match")?,
            key: key_parts(self.key)?,
            allowance,
            cost,
            charge,
            missing_key: match self.missing_key {
                RawMissingKey::Skip => MissingKey::Skip,
                RawMissingKey::Shared => MissingKey::Shared,
                RawMissingKey::Refuse => MissingKey::Refuse,
            },
            scope,
            mode: self.mode.unwrap_or(mode.into()),
            response: self
                .response
                .map(|response| reply_template(response, env))
                .transpose()?,
        })
    }
}

/// The template of a reply of the configuration.
pub(super) fn reply_template(raw: RawReply, env: &Env) -> Result<ReplyTemplate, Invalid> {
    let scope = template::Scope {
        extra: reply::VARIABLES,
        ..template::Scope::default()
    };
    raw.build(scope, env).at("response")
}

fn key_parts(parts: Option<Vec<RawKeyPart>>) -> Result<Vec<KeyPart>, Invalid> {
    if parts.as_ref().is_some_and(Vec::is_empty) {
        let reason = "must not be empty; omit the key for one bucket for all requests";
        return Err(Invalid::new(reason).at("key"));
    }
    each("key", parts.into_iter().flatten(), RawKeyPart::build)
}

/// What the rate limit service cannot be asked.
fn check_service(allowance: &Allowance, charge: &Charge) -> Result<(), Invalid> {
    let key = match (allowance, charge) {
        (Allowance::Concurrent(_), _) => "concurrent",
        (Allowance::OfHeader(_) | Allowance::Nothing(_), _) => "requests",
        (_, Charge::OnResponse(_)) => "charge",
        (Allowance::Quota(_) | Allowance::OfService, Charge::OnRequest) => return Ok(()),
    };
    let reason = match allowance {
        Allowance::Nothing(_) => "0 is only valid with scope: process",
        _ => "is only valid with scope: process",
    };
    Err(Invalid::new(reason).at(key))
}

fn check_name(name: &str) -> Result<(), Invalid> {
    filter_kit::config::check_name(name, "limit").at("name")?;
    if RESERVED.contains(&name) {
        let reason = format!("\"{name}\" is reserved for a counter of the filter");
        return Err(Invalid::new(reason).at("name"));
    }
    Ok(())
}

/// A cost that no bucket holds would refuse every request.
fn check_cost(cost: &Cost, charge: &Charge, allowance: &Allowance) -> Result<(), Invalid> {
    let (path, cost) = match cost {
        Cost::Fixed(cost) => ("cost", *cost),
        Cost::Header(header) => ("cost.default", header.default),
        Cost::ResponseHeader(_) => return Ok(()),
    };
    let burst = match allowance {
        Allowance::Quota(quota) => quota.burst(),
        Allowance::OfHeader(quota) => quota.burst.map_or(quota.max, NonZeroU32::get),
        Allowance::Concurrent(_) | Allowance::Nothing(_) | Allowance::OfService => return Ok(()),
    };
    // What an answer costs is owed.
    if cost > burst && *charge == Charge::OnRequest {
        let reason = format!("{cost} exceeds the burst of {burst}, so that no request would pass");
        return Err(Invalid::new(reason).at(path));
    }
    Ok(())
}
