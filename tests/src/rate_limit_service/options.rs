//! Options of a rate limit service.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
};

use anyhow::{Context, Result};
use limitador::limit::Limit;

use super::{Dialect, RateLimitService};
use crate::paths;

/// The limits of the samples, below `envoy-configs/`.
pub const SAMPLE_LIMITS: &str = "fleet/limits.yaml";

/// Options of a rate limit service; see [`RateLimitService::options`].
#[derive(Clone, Debug)]
#[must_use = "the service runs when started"]
pub struct Options {
    pub(super) address: SocketAddr,
    pub(super) redis: Option<String>,
    pub(super) headers: bool,
    pub(super) dialect: Dialect,
    limits: Option<String>,
}

impl Options {
    pub(super) fn new() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            redis: None,
            headers: false,
            dialect: Dialect::Limitador,
            limits: None,
        }
    }

    /// Sets the limits, in Limitador's YAML.
    pub fn limits(mut self, yaml: impl Into<String>) -> Self {
        self.limits = Some(yaml.into());
        self
    }

    /// Reads the limits from a file in Limitador's YAML.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn limits_file(self, path: &Path) -> Result<Self> {
        let yaml = fs::read_to_string(path)
            .with_context(|| format!("cannot read the limits in {}", path.display()))?;
        Ok(self.limits(yaml))
    }

    /// Sets the port; the default is a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// Sets the address to listen on; the default is loopback.
    pub fn host(mut self, host: IpAddr) -> Self {
        self.address.set_ip(host);
        self
    }

    /// Counts in this Redis, `redis://HOST:PORT`, and not in memory.
    pub fn redis(mut self, url: impl Into<String>) -> Self {
        self.redis = Some(url.into());
        self
    }

    /// Adds `X-RateLimit-*` to the answers, like Limitador when started with
    /// `--rate-limit-headers DRAFT_VERSION_03`.
    pub fn headers(mut self) -> Self {
        self.headers = true;
        self
    }

    /// Sets the service whose answers are given; the default is Limitador.
    pub fn dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// Starts the service.
    ///
    /// # Errors
    /// If the limits cannot be parsed, or the port is in use.
    pub fn start(&self) -> Result<RateLimitService> {
        RateLimitService::new(self)
    }

    /// Returns the parsed limits.
    pub(super) fn limits_parsed(&self) -> Result<Vec<Limit>> {
        let yaml = match &self.limits {
            Some(yaml) => yaml.clone(),
            None => fs::read_to_string(paths::sample(SAMPLE_LIMITS)?)?,
        };
        serde_saphyr::from_str(&yaml).context("the limits are not those of Limitador")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_limitador_reads_them() {
        let one = "[{namespace: edge, max_value: 5, seconds: 60, conditions: [], variables: []}]";
        for (yaml, expected) in [
            (one, "1"),
            ("[]", "0"),
            ("{}", "the limits are not those of Limitador"),
            (
                &one.replace(", variables: []", ""),
                "missing field `variables`",
            ),
            (&one.replace("conditions: []", "conditions: ['a b']"), "a b"),
        ] {
            let read = match Options::new().limits(yaml).limits_parsed() {
                Ok(limits) => limits.len().to_string(),
                Err(error) => format!("{error:#}"),
            };
            assert!(read.contains(expected), "{yaml}: {read}");
        }
    }

    #[test]
    fn without_a_file_the_limits_are_those_of_the_samples() {
        let limits = Options::new().limits_parsed().unwrap();
        assert!(
            limits
                .iter()
                .any(|limit| limit.name() == Some("per-client"))
        );
        assert!(
            limits
                .iter()
                .all(|limit| limit.namespace().as_ref() == "edge")
        );
    }
}
