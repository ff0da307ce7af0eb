//! What a user writes, and its checks. A [`Config`] that exists is valid.

mod allowance;
mod charge;
mod cost;
mod key;
mod limit;
mod number_or;
mod service;

use crate::fields::FieldStyle;
use crate::limit::Limit;
use crate::service::Service;
use filter_kit::config::{At, Env, FilterConfig, Invalid, each, in_range};
use filter_kit::matching::{Match, RawMatch};
use filter_kit::reply::{RawReply, ReplyTemplate};
use filter_kit::values::Mode;
use serde::Deserialize;
use std::collections::HashSet;

use limit::{RawLimit, reply_template};
use service::RawService;

pub(crate) use service::OnError;

/// The configuration of rate-limit. An empty one limits nothing.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    /// `enforce`, or `report` to count and log what would be refused, but let everything through
    /// unchanged. A limit may have its own mode.
    #[serde(default)]
    pub mode: Mode,
    /// The limits. Every limit that matches is charged, in this order; the first one that is used
    /// up refuses the request.
    #[serde(default)]
    pub limits: Vec<RawLimit>,
    /// Requests that no limit counts: those that one of these matches.
    #[serde(default)]
    pub exempt: Vec<RawMatch>,
    /// How many keys each limit counts separately, 1 to 10000000: the slots of its table. Memory is
    /// allocated as slots are used, about 30 bytes per slot. In a full table, a new key takes the
    /// slot that has been idle longest.
    #[serde(default = "max_keys")]
    pub max_keys: u32,
    /// The reply to a request that a limit refuses. Default: 429 and a sentence. In templates,
    /// `${limit.name}` is the name of the limit, `${limit.retry_after}` the seconds to wait.
    #[serde(default)]
    pub response: RawReply,
    /// Which fields inform clients of their limits.
    #[serde(default)]
    pub headers: FieldStyle,
    /// The rate limit service, for limits of the scope `service`.
    pub service: Option<RawService>,
}

fn max_keys() -> u32 {
    100_000
}

const MAX_KEYS: u32 = 10_000_000;

/// The configuration that the filter runs on.
#[derive(Debug)]
pub struct Config {
    /// Whether to act on what concerns no limit of its own.
    pub mode: Mode,
    /// The limits, in order.
    pub limits: Vec<Limit>,
    /// Requests that no limit counts.
    pub exempt: Vec<Match>,
    /// How many slots each limit's table has.
    pub max_keys: u32,
    /// What the configuration says of replies.
    pub response: ReplyTemplate,
    /// Which fields inform clients of their limits.
    pub fields: FieldStyle,
    /// The rate limit service.
    pub service: Option<Service>,
}

impl FilterConfig for Config {
    const FILTER: &'static str = "rate-limit";
    type Raw = RawConfig;

    fn build(raw: RawConfig, env: &Env) -> Result<Self, Invalid> {
        let service = raw
            .service
            .map(|service| service.build().at("service"))
            .transpose()?;
        let on_error = service.as_ref().map(|service| service.on_error);
        let mut limits: Vec<Limit> = Vec::with_capacity(raw.limits.len());
        let mut names = HashSet::new();
        for (i, limit) in raw.limits.into_iter().enumerate() {
            let limit = limit.build(raw.mode, on_error, env).at_index("limits", i)?;
            if !names.insert(limit.name.clone()) {
                let reason = format!("duplicate limit name \"{}\"", limit.name);
                return Err(Invalid::new(reason).at("name").at_index("limits", i));
            }
            limits.push(limit);
        }
        let exempt = each("exempt", raw.exempt, exemption)?;
        let max_keys = in_range("max_keys", raw.max_keys, 1..=MAX_KEYS)?;
        Ok(Self {
            mode: raw.mode,
            limits,
            exempt,
            max_keys,
            response: reply_template(raw.response, env)?,
            fields: raw.headers,
            service,
        })
    }
}

fn exemption(raw: RawMatch) -> Result<Match, Invalid> {
    let exempt = raw.build()?;
    if exempt.is_everything() {
        let reason = "matches every request, so that nothing would be limited; write which requests are exempt";
        return Err(Invalid::new(reason));
    }
    Ok(exempt)
}

#[cfg(test)]
mod tests;
