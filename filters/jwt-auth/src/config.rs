//! What a user writes, and its checks. A [`Config`] that exists is valid.

mod keys;
mod provider;
mod remote;
mod rule;

use crate::decision::CacheLimits;
use crate::deny_list::{DenyList, read_time};
use crate::provider::Provider;
use crate::reply::{REASON_VARIABLE, Replies, is_quotable};
use crate::requirement::{ProviderRequirement, Requirement};
use crate::rules::Rules;
use filter_kit::config::{At, Env, FilterConfig, Invalid, each, in_range};
use filter_kit::reply::RawReply;
use filter_kit::template::{Scope, Template};
use filter_kit::values::{Duration, HeaderName, Mode};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};

pub(crate) use provider::RawProvider;
pub(crate) use rule::RawRule;

/// The configuration of jwt-auth.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    /// `enforce`, or `report` to let everything through unchanged but to count and log what would
    /// be refused.
    #[serde(default)]
    pub mode: Mode,
    /// Whose tokens are accepted, by name. A name has letters, digits, `-` and `_`.
    pub providers: BTreeMap<String, RawProvider>,
    /// The rules; the first that matches decides. Without a match: a valid token of any provider is
    /// required.
    #[serde(default)]
    pub rules: Vec<RawRule>,
    /// Let CORS preflights pass: `OPTIONS` without a body, with `Origin` and with a method in
    /// `Access-Control-Request-Method`. Browsers send them without a token; `cors` before
    /// `jwt-auth` answers them, so that this can stay off.
    #[serde(default)]
    pub bypass_cors_preflight: bool,
    /// Tokens that were verified, kept per worker.
    #[serde(default)]
    pub cache: RawCache,
    /// Tokens that are refused whatever else holds.
    #[serde(default)]
    pub deny_list: RawDenyList,
    /// The longest time, per worker and second, for verifying signatures that take long: HMAC, RSA
    /// PSS, EdDSA, ES384 and ES512, and all others where Envoy does not offer `verify_signature`.
    /// Beyond it, requests with such fresh tokens get 503.
    #[serde(default = "verification_time")]
    pub verification_time_per_second: Duration,
    /// How many requests a worker lets wait for keys (`remote`, `discovery`); one more is answered
    /// with 503. At most 100000.
    #[serde(default = "max_waiting")]
    pub max_waiting_requests: u32,
    /// The realm of challenges; left out: the host of the request.
    pub realm: Option<String>,
    /// What challenges (`www-authenticate`) say beside realm and error.
    #[serde(default)]
    pub challenge: RawChallenge,
    /// Replies to requests that are refused. In templates `${jwt.reason}` is the reason, as
    /// `jwt_expired`.
    #[serde(default)]
    pub responses: RawResponses,
}

/// The cache.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(deny_unknown_fields)]
pub struct RawCache {
    /// How many verified tokens a worker keeps; 0: none.
    #[serde(default = "max_tokens")]
    pub max_tokens: u32,
    /// Longest token that is kept, in bytes; a longer one is verified on every request.
    #[serde(default = "max_token_bytes")]
    pub max_token_bytes: u32,
    /// The most bytes that a worker keeps of all verified tokens and their claims; 0: none.
    #[serde(default = "max_bytes")]
    pub max_bytes: u32,
}

/// The deny list.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(deny_unknown_fields)]
pub struct RawDenyList {
    /// Tokens with one of these `jti`; at most 10000.
    #[serde(default)]
    pub jti: Vec<String>,
    /// Tokens with one of these `sub`; at most 10000.
    #[serde(default)]
    pub sub: Vec<String>,
    /// Tokens that were issued before this time, as `2026-01-01T00:00:00Z`, and those without
    /// `iat`; left out: none.
    pub issued_before: Option<String>,
}

/// What challenges say beside realm and error.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(deny_unknown_fields)]
pub struct RawChallenge {
    /// The URI of the metadata of this resource (RFC 9728), a template; in each challenge as
    /// `resource_metadata`. Left out: none.
    pub resource_metadata: Option<String>,
}

/// Replies.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawResponses {
    /// In place of 401 (and of 400, for more than one token).
    pub unauthorized: Option<RawReply>,
    /// In place of 403.
    pub forbidden: Option<RawReply>,
    /// In place of 503.
    pub unavailable: Option<RawReply>,
}

fn yes() -> bool {
    true
}

fn max_tokens() -> u32 {
    1000
}

fn max_token_bytes() -> u32 {
    8192
}

fn max_bytes() -> u32 {
    8 * 1024 * 1024
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

impl Default for RawCache {
    fn default() -> Self {
        Self {
            max_tokens: max_tokens(),
            max_token_bytes: max_token_bytes(),
            max_bytes: max_bytes(),
        }
    }
}

/// The most tokens that a cache may keep.
const MAX_TOKENS: u32 = 100_000;

/// The most ids on the deny list.
const MAX_DENIED: usize = 10_000;

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
        in_range("cache.max_tokens", raw.cache.max_tokens, 0..=MAX_TOKENS)?;
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
            cache: CacheLimits {
                max_tokens: size(raw.cache.max_tokens),
                max_token_bytes: size(raw.cache.max_token_bytes),
                max_bytes: size(raw.cache.max_bytes),
            },
            verification_time: verification_time.get(),
            max_waiting: usize::try_from(raw.max_waiting_requests).unwrap_or(usize::MAX),
            denied,
            replies: replies(raw.realm, raw.challenge, raw.responses, env)?,
            providers,
        })
    }
}

impl RawDenyList {
    fn build(self) -> Result<DenyList, Invalid> {
        let bounded = |key: &str, list: Vec<String>| {
            if list.len() > MAX_DENIED {
                let count = list.len();
                let reason = format!("{count} entries exceed the maximum of {MAX_DENIED}");
                return Err(Invalid::new(reason).at(key));
            }
            Ok(list.into_iter().collect::<HashSet<_>>())
        };
        let time = |text: String| {
            read_time(&text).ok_or_else(|| {
                let reason = format!("\"{text}\" is not a time in UTC, as 2026-01-01T00:00:00Z");
                Invalid::new(reason).at("issued_before")
            })
        };
        Ok(DenyList {
            ids: bounded("jti", self.jti)?,
            subjects: bounded("sub", self.sub)?,
            issued_before: self.issued_before.map(time).transpose()?,
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

fn replies(
    realm: Option<String>,
    challenge: RawChallenge,
    raw: RawResponses,
    env: &Env,
) -> Result<Replies, Invalid> {
    if let Some(realm) = &realm
        && !realm.bytes().all(is_quotable)
    {
        let reason = format!("{realm:?} is not valid in quotes; write ASCII without \" and \\");
        return Err(Invalid::new(reason).at("realm"));
    }
    let scope = Scope {
        extra: &[REASON_VARIABLE],
        ..Scope::default()
    };
    let build = |key: &str, reply: Option<RawReply>| {
        reply
            .unwrap_or_default()
            .build(scope, env)
            .at(key)
            .at("responses")
    };
    let metadata = challenge.resource_metadata.map(|text| {
        Template::parse(&text, Scope::default(), env)
            .at("resource_metadata")
            .at("challenge")
    });
    Ok(Replies {
        realm,
        resource_metadata: metadata.transpose()?,
        unauthorized: build("unauthorized", raw.unauthorized)?,
        forbidden: build("forbidden", raw.forbidden)?,
        unavailable: build("unavailable", raw.unavailable)?,
        challenge: HeaderName::from_static("www-authenticate"),
        retry: HeaderName::from_static("retry-after"),
    })
}

#[cfg(test)]
mod tests;
