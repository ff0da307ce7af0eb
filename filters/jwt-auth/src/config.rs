//! What a user writes, and its checks. A [`Config`] that exists is valid.

mod cache;
mod deny_list;
mod keys;
mod provider;
mod remote;
mod replies;
mod rule;

use crate::decision::CacheLimits;
use crate::deny_list::DenyList;
use crate::provider::Provider;
use crate::reply::Replies;
use crate::requirement::{ProviderRequirement, Requirement};
use crate::rules::Rules;
use filter_kit::config::{At, Env, FilterConfig, Invalid, each, in_range};
use filter_kit::values::{Duration, Mode};
use serde::Deserialize;
use std::collections::BTreeMap;

use cache::RawCache;
use deny_list::RawDenyList;
pub(crate) use provider::RawProvider;
use replies::{RawChallenge, RawResponses};
pub(crate) use rule::RawRule;

/// The configuration of jwt-auth.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    /// `enforce`, or `report` to count and log what would be refused, but let everything through
    /// unchanged.
    #[serde(default)]
    pub mode: Mode,
    /// The providers whose tokens are accepted, by name. A name consists of letters, digits, `-`
    /// and `_`.
    pub providers: BTreeMap<String, RawProvider>,
    /// The rules; the first that matches decides. If none matches, a valid token of any provider is
    /// required.
    #[serde(default)]
    pub rules: Vec<RawRule>,
    /// Let CORS preflights pass: `OPTIONS` without a body, with `Origin` and with a method in
    /// `Access-Control-Request-Method`. Browsers send them without a token. If `cors` before
    /// `jwt-auth` answers them, this can stay off.
    #[serde(default)]
    pub bypass_cors_preflight: bool,
    /// The cache of verified tokens, per worker.
    #[serde(default)]
    pub cache: RawCache,
    /// Tokens that are always refused.
    #[serde(default)]
    pub deny_list: RawDenyList,
    /// The most time, per worker and second, for verifying slow signatures: HMAC, RSA PSS, EdDSA,
    /// ES384 and ES512, and all others if Envoy does not offer `verify_signature`. When it is used
    /// up, requests with such tokens get 503 unless the token is cached.
    #[serde(default = "verification_time")]
    pub verification_time_per_second: Duration,
    /// How many requests may wait for keys (`remote`, `discovery`), per worker; any more are
    /// answered with 503. At most 100000.
    #[serde(default = "max_waiting")]
    pub max_waiting_requests: u32,
    /// The realm of challenges; omitted: the host of the request.
    pub realm: Option<String>,
    /// What challenges (`www-authenticate`) contain in addition to realm and error.
    #[serde(default)]
    pub challenge: RawChallenge,
    /// Replies to refused requests. In templates, `${jwt.reason}` is the reason, such as
    /// `jwt_expired`.
    #[serde(default)]
    pub responses: RawResponses,
}

fn yes() -> bool {
    true
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn max_waiting() -> u32 {
    1000
}

fn verification_time() -> Duration {
    Duration::from_millis(200)
}

/// The greatest number of requests that wait.
const MAX_WAITING: u32 = 100_000;

/// The configuration that the filter runs on.
#[derive(Debug)]
pub struct Config {
    /// Whether to act.
    pub mode: Mode,
    /// The providers, sorted by name.
    pub providers: Vec<Provider>,
    /// The rules.
    pub rules: Rules,
    /// Whether CORS preflights pass.
    pub bypass_cors_preflight: bool,
    /// How much of what was verified is kept.
    pub cache: CacheLimits,
    /// The time for verifications inside the module, per second.
    pub verification_time: std::time::Duration,
    /// How many requests may wait for keys.
    pub max_waiting: usize,
    /// The tokens that are refused whatever else holds.
    pub denied: DenyList,
    /// How replies look.
    pub replies: Replies,
}

impl FilterConfig for Config {
    const FILTER: &'static str = "jwt-auth";
    type Raw = RawConfig;

    fn build(raw: RawConfig, env: &Env) -> Result<Self, Invalid> {
        if raw.providers.is_empty() {
            return Err(
                Invalid::new("no provider: no request could ever pass; name at least one")
                    .at("providers"),
            );
        }
        let mut providers = Vec::new();
        for (name, provider) in raw.providers {
            let built = provider.build(name.clone(), env);
            providers.push(built.at(&name).at("providers")?);
        }
        provider::check_headers(&providers)?;
        let names: Vec<&str> = providers.iter().map(|p| p.name.as_str()).collect();
        let rules = each("rules", raw.rules, |rule| rule.build(&names, env))?;
        let cache = raw.cache.build().at("cache")?;
        in_range(
            "max_waiting_requests",
            raw.max_waiting_requests,
            0..=MAX_WAITING,
        )?;
        let denied = raw.deny_list.build().at("deny_list")?;
        let verification_time = in_range(
            "verification_time_per_second",
            raw.verification_time_per_second,
            Duration::ZERO..=Duration::from_secs(1),
        )?;
        Ok(Self {
            mode: raw.mode,
            rules: Rules::new(rules, any_provider(providers.len())),
            bypass_cors_preflight: raw.bypass_cors_preflight,
            cache,
            verification_time: verification_time.get(),
            max_waiting: usize::try_from(raw.max_waiting_requests).unwrap_or(usize::MAX),
            denied,
            replies: replies::build(raw.realm, raw.challenge, raw.responses, env)?,
            providers,
        })
    }
}

/// What is required where no rule says otherwise.
fn any_provider(count: usize) -> Requirement {
    let one = |provider| {
        Requirement::Provider(ProviderRequirement {
            provider,
            audiences: None,
            scopes: None,
            claims: Vec::new(),
        })
    };
    Requirement::Any((0..count).map(one).collect())
}

#[cfg(test)]
mod tests;
