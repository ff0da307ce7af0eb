//! What a user writes, and its checks. A [`Config`] that exists is valid.

mod choices;
mod credentials;
mod policy;
mod warnings;

use crate::origin::{OriginPattern, OriginRegex};
use crate::policy::Policies;
use filter_kit::config::{Env, FilterConfig, Invalid, each};
use filter_kit::matching::RawMatch;
use filter_kit::values::{Duration, Mode};
use serde::Deserialize;

pub(crate) use choices::{PreflightStatus, UnmatchedOrigin, UnmatchedPreflight, UnmatchedUnsafe};

/// The configuration of cors. An empty one does nothing.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    /// `enforce`, or `report` to count and log what would be decided, without changing anything.
    #[serde(default)]
    pub mode: Mode,
    /// The policies. The first one that matches a request decides; if none matches, the filter does
    /// nothing. If the readings of a path select different policies, there is no permission.
    #[serde(default)]
    pub policies: Vec<RawPolicy>,
}

/// A policy: which origins may do what.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a policy, as {allow_origins: [\"https://app.example.com\"]}"
)]
pub struct RawPolicy {
    /// The requests that the policy applies to; omitted: all. The method of a preflight is the one
    /// that it asks for.
    #[serde(rename = "match")]
    pub matches: Option<RawMatch>,
    /// Allowed origins: `https://app.example.com`; `https://*.example.org` for all subdomains (one
    /// or more whole labels, never `example.org` itself); `http://localhost:*` for any port;
    /// `moz-extension://*` for every origin of a scheme; `app://.` as written; `null` for pages
    /// without an origin; `*` for every origin, including `null`. Case is ignored, and the default
    /// port is the same as no port.
    pub allow_origins: Option<Vec<OriginPattern>>,
    /// Regular expressions for allowed origins. Each must match the whole origin, in lower case and
    /// without a default port.
    #[serde(default)]
    pub allow_origin_regexes: Vec<OriginRegex>,
    /// Methods that preflights may ask for; `*` allows every method. Omitted: GET, HEAD, POST.
    pub allow_methods: Option<Vec<String>>,
    /// Allowed request headers; `*` allows every header. A browser asks for those that are not
    /// safelisted.
    #[serde(default)]
    pub allow_headers: Vec<String>,
    /// Response headers that a page may read in addition to the safelisted ones; `*`, without
    /// credentials, for all.
    #[serde(default)]
    pub expose_headers: Vec<String>,
    /// Whether a page may send cookies and other credentials, and read the answer. Refused together
    /// with the origins `*` and `null`, and with a pattern that matches an origin that anyone can
    /// have.
    #[serde(default)]
    pub allow_credentials: bool,
    /// How long a browser may cache the answer to a preflight, in whole seconds; omitted: the
    /// browser's default, 5 s.
    pub max_age: Option<Duration>,
    /// Whether a public page may reach this server in a private network.
    #[serde(default)]
    pub allow_private_network: bool,
    /// Whether a page of an allowed origin may read detailed timing (`timing-allow-origin`).
    #[serde(default)]
    pub timing_allow_origin: bool,
    /// How preflights are answered.
    #[serde(default)]
    pub preflight: RawPreflight,
    /// How to treat a request, other than a preflight, from an origin that is not allowed.
    #[serde(default)]
    pub unmatched_origin: UnmatchedOrigin,
    /// Guards against forged requests (CSRF): only allowed origins and the request's own origin may
    /// use methods other than GET, HEAD, OPTIONS and TRACE. Omitted: no guard.
    pub unsafe_methods: Option<RawUnsafeMethods>,
}

/// A guard against requests that another site makes a browser send.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a guard, as {unmatched: refuse, fetch_site: true}"
)]
pub struct RawUnsafeMethods {
    /// How to treat a request whose origin is neither allowed nor its own.
    #[serde(default)]
    pub unmatched: UnmatchedUnsafe,
    /// Also check `sec-fetch-site`: without an `origin`, `cross-site` is refused; `same-origin`
    /// counts as the request's own origin, whatever the port.
    #[serde(default = "enabled")]
    pub fetch_site: bool,
}

fn enabled() -> bool {
    true
}

/// How preflights are answered.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "an object, as {status: 204, unmatched: refuse}"
)]
pub struct RawPreflight {
    /// The status of the answer to an allowed preflight: 204 (default) or 200.
    #[serde(default)]
    pub status: PreflightStatus,
    /// How to treat a preflight that is not allowed.
    #[serde(default)]
    pub unmatched: UnmatchedPreflight,
}

/// The configuration that the filter runs on.
#[derive(Debug)]
pub struct Config {
    /// Whether to act.
    pub mode: Mode,
    /// The policies.
    pub policies: Policies,
}

impl FilterConfig for Config {
    const FILTER: &'static str = "cors";
    type Raw = RawConfig;

    fn build(raw: RawConfig, _: &Env) -> Result<Self, Invalid> {
        warnings::log(&raw.policies);
        let policies = each("policies", raw.policies, RawPolicy::build)?;
        Ok(Self {
            mode: raw.mode,
            policies: Policies::new(policies),
        })
    }
}

#[cfg(test)]
mod tests;
