//! What a user writes, and its checks. A [`Config`] that exists is valid.

mod answer;
mod header;
mod operation;
mod preset;
mod raw;
mod target;

use crate::rules::{Parts, Rule, Rules};
use filter_kit::config::{At, Env, FilterConfig, Invalid, each};
use filter_kit::matching::{Match, RawMatch};
use filter_kit::template::Scope;
use filter_kit::values::Mode;
use serde::Deserialize;

pub(crate) use raw::{RawRedirect, RawRequestOperation, RawRespond, RawResponseOperation};

/// The configuration of header-rewrite. An empty one changes nothing.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    /// `enforce`, or `report` to count and log what would change, without changing anything.
    #[serde(default)]
    pub mode: Mode,
    /// Allow operations on `x-envoy-*` headers, which control Envoy's router: retries, timeouts,
    /// the path.
    #[serde(default)]
    pub allow_envoy_headers: bool,
    /// The rules. All rules that match apply, in order. They are matched with the request as
    /// received.
    #[serde(default)]
    pub rules: Vec<RawRule>,
}

/// A rule.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a rule, as {request: [{set: {name: x-env, value: prod}}]}"
)]
pub struct RawRule {
    /// The requests that the rule is for; omitted: all.
    #[serde(rename = "match")]
    pub matches: Option<RawMatch>,
    /// Operations on the request, in order; each sees the result of those before it.
    #[serde(default)]
    pub request: Vec<RawRequestOperation>,
    /// Answers the request with a redirect, after the request operations so far. The first rule
    /// with an answer ends the request; the response operations of all rules that match edit the
    /// answer. Not together with `respond`.
    pub redirect: Option<RawRedirect>,
    /// Answers the request, as `redirect` does, with a status, a body and headers.
    pub respond: Option<RawRespond>,
    /// Operations on the response, in order; each sees the result of those before it, and the
    /// request as received.
    #[serde(default)]
    pub response: Vec<RawResponseOperation>,
}

/// The configuration that the filter runs on.
#[derive(Debug)]
pub struct Config {
    /// Whether to act.
    pub mode: Mode,
    /// The rules.
    pub rules: Rules,
}

impl FilterConfig for Config {
    const FILTER: &'static str = "header-rewrite";
    type Raw = RawConfig;

    fn build(raw: RawConfig, env: &Env) -> Result<Self, Invalid> {
        let context = Context {
            env,
            envoy_headers: raw.allow_envoy_headers,
        };
        let rules = each("rules", raw.rules, |rule| context.rule(rule))?;
        Ok(Self {
            mode: raw.mode,
            rules: Rules::new(rules),
        })
    }
}

/// What the checks of an operation have to know.
#[derive(Clone, Copy)]
struct Context<'a> {
    env: &'a Env,
    envoy_headers: bool,
}

impl Context<'_> {
    fn rule(self, raw: RawRule) -> Result<Rule, Invalid> {
        let matches = match raw.matches {
            Some(matches) => matches.build().at("match")?,
            None => Match::default(),
        };
        let has_answer = raw.redirect.is_some() || raw.respond.is_some();
        if raw.request.is_empty() && raw.response.is_empty() && !has_answer {
            return Err(Invalid::new(
                "the rule does nothing; write operations under request or response, or an answer under redirect or respond",
            ));
        }
        let scope = Scope {
            path_groups: matches.path_groups(),
            ..Scope::default()
        };
        let request = each("request", raw.request, |operation| {
            operation.build(self, scope)
        })?;
        let answer = match (raw.redirect, raw.respond) {
            (Some(redirect), None) => Some(redirect.build(self, scope).at("redirect")?),
            (None, Some(respond)) => Some(respond.build(self, scope).at("respond")?),
            (None, None) => None,
            (Some(_), Some(_)) => {
                return Err(Invalid::new("write at most one of: redirect, respond"));
            }
        };
        let scope = Scope {
            response: true,
            ..scope
        };
        let response = each("response", raw.response, |operation| {
            operation.build(self, scope)
        })?;
        let (mut operations, mut nonce_headers) = (Vec::new(), Vec::new());
        for preset in response {
            operations.extend(preset.operations);
            nonce_headers.extend(preset.nonce_header);
        }
        Ok(Rule::new(Parts {
            matches,
            request,
            answer,
            response: operations,
            nonce_headers,
        }))
    }
}

#[cfg(test)]
mod tests;
