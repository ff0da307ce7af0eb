//! What a user writes, and its checks. A [`Config`] that exists is valid.

use crate::origin::{OriginPattern, OriginRegex};
use crate::policy::{Names, Origins, Policies, Policy, Unmatched};
use filter_kit::config::{Env, FilterConfig, Invalid};
use filter_kit::matching::RawMatch;
use filter_kit::values::{Duration, HeaderName, Mode, is_token};
use serde::Deserialize;

/// The configuration of cors. Empty: nothing is done.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    /// `enforce`, or `report` to change nothing but to count and log what would be decided.
    #[serde(default)]
    pub mode: Mode,
    /// The policies. The first that matches a request decides; where none does, the filter does nothing.
    #[serde(default)]
    pub policies: Vec<RawPolicy>,
}

/// A policy: which origins may do what.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawPolicy {
    /// The requests that the policy is for; left out: all.
    #[serde(rename = "match")]
    pub matches: Option<RawMatch>,
    /// Origins that are allowed: `https://app.example.com`; `https://*.example.org` for all hosts below (one or more whole labels, never
    /// `example.org` itself); `http://localhost:*` for any port; `null` for pages without an origin; `*` for every origin but `null`.
    /// Case does not matter, and a default port equals none.
    pub allow_origins: Option<Vec<OriginPattern>>,
    /// Regular expressions for origins that are allowed. Each must match the whole origin, in lower case and without a default port.
    #[serde(default)]
    pub allow_origin_regexes: Vec<OriginRegex>,
    /// Methods that are allowed; `*` allows every method. Left out: GET, HEAD, POST.
    pub allow_methods: Option<Vec<String>>,
    /// Request headers that are allowed; `*` allows every header. A browser asks for those that are not safelisted.
    #[serde(default)]
    pub allow_headers: Vec<String>,
    /// Response headers that a page may read beside the safelisted ones; `*`, without credentials, for all.
    #[serde(default)]
    pub expose_headers: Vec<String>,
    /// Whether a page may send cookies and other credentials, and read what comes back. Not together with the origin `*`.
    #[serde(default)]
    pub allow_credentials: bool,
    /// How long a browser may keep the answer to a preflight, in whole seconds; left out: as the browser does, 5 s.
    pub max_age: Option<Duration>,
    /// Whether a public page may reach this server in a private network.
    #[serde(default)]
    pub allow_private_network: bool,
    /// Whether a page that is allowed may read detailed timing (`timing-allow-origin`).
    #[serde(default)]
    pub timing_allow_origin: bool,
    /// How preflights are answered.
    #[serde(default)]
    pub preflight: RawPreflight,
    /// What becomes of a request, other than a preflight, of an origin that is not allowed.
    #[serde(default)]
    pub unmatched_origin: UnmatchedOrigin,
}

/// How preflights are answered.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawPreflight {
    /// The status of the answer to a preflight that is allowed: 204 (default) or 200.
    #[serde(default)]
    pub status: PreflightStatus,
    /// What becomes of a preflight that is not allowed.
    #[serde(default)]
    pub unmatched: UnmatchedPreflight,
}

/// A status that browsers take for the answer to a preflight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub struct PreflightStatus(pub u16);

impl Default for PreflightStatus {
    fn default() -> Self {
        Self(204)
    }
}

impl TryFrom<u16> for PreflightStatus {
    type Error = String;

    fn try_from(status: u16) -> Result<Self, String> {
        match status {
            200 | 204 => Ok(Self(status)),
            other => Err(format!("{other} is not accepted; one of: 200, 204")),
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for PreflightStatus {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PreflightStatus".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer", "enum": [200, 204]})
    }
}

#[cfg(feature = "schema")]
impl serde::Serialize for PreflightStatus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.0)
    }
}

/// What becomes of a preflight that is not allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum UnmatchedPreflight {
    /// It is answered with 403 and no CORS headers.
    #[default]
    Refuse,
    /// It goes to the upstream, whose answer is left as it is.
    Forward,
}

/// What becomes of a request of an origin that is not allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum UnmatchedOrigin {
    /// It goes to the upstream; the answer carries no CORS headers, so that the page cannot read it.
    #[default]
    Pass,
    /// It is answered with 403, unless it stays within its own host and port.
    Refuse,
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
        let policies = raw
            .policies
            .into_iter()
            .enumerate()
            .map(|(i, policy)| policy.build().map_err(|e| e.at_index("policies", i)))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            mode: raw.mode,
            policies: Policies::new(policies),
        })
    }
}

impl RawPolicy {
    fn build(self) -> Result<Policy, Invalid> {
        let matches = self
            .matches
            .unwrap_or_default()
            .build()
            .map_err(|e| e.at("match"))?;
        if self.allow_origins.is_none() && self.allow_origin_regexes.is_empty() {
            return Err(Invalid::new(
                "missing; name the origins that are allowed, or write [] to allow none",
            )
            .at("allow_origins"));
        }
        let credentials = self.allow_credentials;
        let origins = Origins::new(
            self.allow_origins.unwrap_or_default(),
            self.allow_origin_regexes,
        );
        if credentials {
            check_credentials(&origins, &self.expose_headers)?;
        }
        let max_age = self.max_age.map(whole_seconds).transpose()?;
        Ok(Policy {
            matches,
            origins,
            methods: match self.allow_methods {
                Some(methods) => Names::methods(methods)?,
                None => Names::default_methods(),
            },
            headers: Names::headers("allow_headers", self.allow_headers)?,
            expose: match Names::headers("expose_headers", self.expose_headers)? {
                Names::Any => Some("*".to_owned()),
                Names::These(names) => (!names.is_empty()).then(|| names.join(", ")),
            },
            credentials,
            max_age,
            private_network: self.allow_private_network,
            timing: self.timing_allow_origin,
            preflight_status: self.preflight.status.0,
            unmatched: Unmatched {
                preflight: self.preflight.unmatched,
                origin: self.unmatched_origin,
            },
        })
    }
}

/// With credentials, a policy that allows everybody lets every page act for its visitor (Fetch, "CORS protocol and credentials").
fn check_credentials(origins: &Origins, expose: &[String]) -> Result<(), Invalid> {
    let place = "allow_credentials";
    if origins.any {
        return Err(Invalid::new(
            "true, while allow_origins has \"*\": every page could act for its visitor; name the origins",
        )
        .at(place));
    }
    if let Some(at) = origins
        .regexes
        .iter()
        .position(|regex| regex.fits_anything())
    {
        return Err(Invalid::new(format!(
            "true, while allow_origin_regexes[{at}] fits any origin: every page could act for its visitor; narrow it down"
        ))
        .at(place));
    }
    if let Some(at) = expose.iter().position(|name| name == "*") {
        return Err(Invalid::new(
            "with allow_credentials \"*\" would be the name of a header; list the headers",
        )
        .at_index("expose_headers", at));
    }
    Ok(())
}

fn whole_seconds(age: Duration) -> Result<u64, Invalid> {
    if age.get().subsec_millis() == 0 {
        Ok(age.get().as_secs())
    } else {
        Err(
            Invalid::new("a fraction of a second; whole seconds are accepted, as 10m")
                .at("max_age"),
        )
    }
}

impl Names {
    fn methods(methods: Vec<String>) -> Result<Self, Invalid> {
        Self::checked("allow_methods", methods, |method| {
            let valid =
                is_token(method.as_bytes()) && !method.bytes().any(|b| b.is_ascii_lowercase());
            valid.then_some(method.clone()).ok_or_else(|| {
                format!("\"{method}\" is not a method; a token in upper case is accepted, or \"*\"")
            })
        })
    }

    fn headers(key: &str, names: Vec<String>) -> Result<Self, Invalid> {
        Self::checked(key, names, |name| {
            HeaderName::new(name)
                .map(|name| name.as_str().to_owned())
                .map_err(|error| error.to_string())
        })
    }

    fn checked(
        key: &str,
        names: Vec<String>,
        check: impl Fn(&String) -> Result<String, String>,
    ) -> Result<Self, Invalid> {
        let mut checked = Vec::with_capacity(names.len());
        let mut any = false;
        for (i, name) in names.iter().enumerate() {
            if name == "*" {
                any = true;
            } else {
                checked.push(check(name).map_err(|e| Invalid::new(e).at_index(key, i))?);
            }
        }
        Ok(if any { Self::Any } else { Self::These(checked) })
    }
}

#[cfg(test)]
mod tests;
