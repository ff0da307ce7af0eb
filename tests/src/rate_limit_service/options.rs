//! What a rate limit service is to be.

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

/// A rate limit service to be; see [`RateLimitService::options`].
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

    /// The limits in Limitador's YAML.
    pub fn limits(mut self, yaml: impl Into<String>) -> Self {
        self.limits = Some(yaml.into());
        self
    }

    /// The limits from a file in Limitador's YAML.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn limits_file(self, path: &Path) -> Result<Self> {
        let yaml = fs::read_to_string(path)
            .with_context(|| format!("cannot read the limits in {}", path.display()))?;
        Ok(self.limits(yaml))
    }

    /// The port; a free one by default.
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// The address to listen on; loopback by default.
    pub fn host(mut self, host: IpAddr) -> Self {
        self.address.set_ip(host);
        self
    }

    /// Counts in this Redis, `redis://HOST:PORT`, and not in memory.
    pub fn redis(mut self, url: impl Into<String>) -> Self {
        self.redis = Some(url.into());
        self
    }

    /// Adds `X-RateLimit-*` to the answers, as Limitador does when started with
    /// `--rate-limit-headers DRAFT_VERSION_03`.
    pub fn headers(mut self) -> Self {
        self.headers = true;
        self
    }

    /// Whose answers to give; Limitador's by default.
    pub fn dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// Starts it.
    ///
    /// # Errors
    /// If the limits cannot be read, or the port is taken.
    pub fn start(&self) -> Result<RateLimitService> {
        RateLimitService::new(self)
    }

    /// The limits, parsed.
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
