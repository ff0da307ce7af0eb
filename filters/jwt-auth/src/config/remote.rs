//! Keys of a server, as written.

use crate::remote::uri::Uri;
use crate::remote::{FetchHeader, Kind, Source};
use filter_kit::config::{At, Env, Invalid, each, in_range, not_empty};
use filter_kit::values::{Duration, HeaderName, Secret, is_header_value};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Keys that are fetched over HTTP.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a server, as {cluster: NAME, uri: \"https://HOST/PATH\"}"
)]
pub struct RawRemote {
    /// The cluster to fetch from. The cluster, not the URI, decides where the connection goes and
    /// whether it uses TLS: give it a `transport_socket` that verifies the server's certificate.
    pub cluster: String,
    /// The URI to fetch: `https://host/path`. The host is sent as `:authority`.
    pub uri: String,
    /// Headers of each request, such as `authorization` if the server requires it; at most 16.
    /// Without a `user-agent` among them, `user-agent: jwt-auth` is sent.
    #[serde(default)]
    pub headers: Vec<RawFetchHeader>,
    /// The required `issuer` of the document, if it differs from the provider's; only with
    /// `discovery`.
    pub document_issuer: Option<String>,
    /// The longest time for a fetch, and for a request to wait for it; `100ms` to `30s`.
    #[serde(default = "timeout")]
    pub timeout: Duration,
    /// The age at which keys are fetched again; at least `1s`.
    #[serde(default = "refresh")]
    pub refresh: Duration,
    /// A token with an unknown key causes a fetch, but not sooner than this after the latest fetch
    /// of any worker; at least `1s`.
    #[serde(default = "refetch")]
    pub refetch_on_unknown_key: Duration,
    /// The age up to which keys are used while fetches fail; then requests are answered with 503.
    /// At least `refresh`.
    #[serde(default = "stale_for")]
    pub stale_for: Duration,
}

/// A header of a request to a key server.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawFetchHeader {
    /// The header's name.
    pub name: HeaderName,
    /// The value, or `{env: NAME}`. It is never logged.
    pub value: Secret,
}

/// The most headers of a request to a key server.
const MAX_HEADERS: usize = 16;

fn fetch_headers(raw: Vec<RawFetchHeader>, env: &Env) -> Result<Vec<FetchHeader>, Invalid> {
    if raw.len() > MAX_HEADERS {
        let reason = format!("{} headers exceed the maximum of {MAX_HEADERS}", raw.len());
        return Err(Invalid::new(reason).at("headers"));
    }
    let mut names = BTreeSet::new();
    let mut headers = each("headers", raw, |RawFetchHeader { name, value }| {
        let is_forbidden = name.is_framing();
        if is_forbidden || !names.insert(name.clone()) {
            let reason = match is_forbidden {
                true => format!("\"{name}\" cannot be set"),
                false => format!("duplicate name \"{name}\""),
            };
            return Err(Invalid::new(reason).at("name"));
        }
        let value = value.resolve(env).at("value")?;
        if !is_header_value(value.as_bytes()) {
            return Err(Invalid::new("must not contain control characters").at("value"));
        }
        Ok(FetchHeader { name, value })
    })?;
    let agent = HeaderName::from_static("user-agent");
    if !names.contains(&agent) {
        headers.push(FetchHeader {
            name: agent,
            value: USER_AGENT.to_owned(),
        });
    }
    Ok(headers)
}

/// Some servers refuse requests without one.
const USER_AGENT: &str = "jwt-auth";

fn timeout() -> Duration {
    Duration::from_secs(5)
}

fn refresh() -> Duration {
    Duration::from_secs(600)
}

fn refetch() -> Duration {
    Duration::from_secs(30)
}

fn stale_for() -> Duration {
    Duration::from_secs(24 * 60 * 60)
}

const MIN_TIMEOUT: Duration = Duration::from_millis(100);
const MAX_TIMEOUT: Duration = Duration::from_secs(30);
const MIN_INTERVAL: Duration = Duration::from_secs(1);

impl RawRemote {
    pub(super) fn build(self, kind: Kind, env: &Env) -> Result<Source, Invalid> {
        let cluster = not_empty("cluster", self.cluster)?;
        if self.document_issuer.is_some() && kind == Kind::Keys {
            let reason = "is only valid with keys.discovery";
            return Err(Invalid::new(reason).at("document_issuer"));
        }
        // Without the URI: it may hold a password or a token.
        let uri = Uri::parse(&self.uri)
            .map_err(|reason| format!("the URI {reason}"))
            .at("uri")?;
        let timeout = in_range("timeout", self.timeout, MIN_TIMEOUT..=MAX_TIMEOUT)?;
        for (key, value) in [
            ("refresh", self.refresh),
            ("refetch_on_unknown_key", self.refetch_on_unknown_key),
        ] {
            in_range(key, value, MIN_INTERVAL..=Duration::MAX)?;
        }
        if self.stale_for < self.refresh {
            let reason = format!(
                "{} is shorter than refresh ({}): keys would be too old before they are fetched again",
                self.stale_for, self.refresh
            );
            return Err(Invalid::new(reason).at("stale_for"));
        }
        Ok(Source {
            kind,
            cluster,
            uri,
            headers: fetch_headers(self.headers, env)?,
            timeout: timeout.get(),
            refresh: self.refresh.get(),
            refetch: self.refetch_on_unknown_key.get(),
            stale_for: self.stale_for.get(),
        })
    }
}
