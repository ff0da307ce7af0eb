//! The rate limit service as written.

use crate::service::Service;
use filter_kit::config::{Invalid, in_range, not_empty};
use filter_kit::host::CLUSTER_MAX_BYTES;
use filter_kit::values::Duration;
use serde::Deserialize;

/// The rate limit service (`envoy.service.ratelimit.v3.RateLimitService`) that decides for limits
/// of the scope `service`.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a service, as {cluster: rls, domain: edge, on_error: refuse}"
)]
pub struct RawService {
    /// The name of Envoy's cluster for the service, at most 120 bytes. The cluster must use HTTP/2.
    pub cluster: String,
    /// The domain under which the service keeps its limits.
    pub domain: String,
    /// How long a request waits for the answer, 1ms to 30s.
    #[serde(default = "timeout")]
    pub timeout: Duration,
    /// What to do with a request if the service does not answer.
    #[cfg_attr(feature = "schema", schemars(required))]
    pub on_error: Option<OnError>,
}

/// What to do with a request for which the service has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// It passes.
    Allow,
    /// It is refused with 503.
    Refuse,
    /// This process counts it, by `requests`, `per` and `burst` of the limit.
    Process,
}

fn timeout() -> Duration {
    Duration::from_millis(20)
}

/// Envoy takes a timeout of 0 for none at all.
const MIN_TIMEOUT: Duration = Duration::from_millis(1);

/// The longest time that a request may wait.
const MAX_TIMEOUT: Duration = Duration::from_secs(30);

impl RawService {
    pub(super) fn build(self) -> Result<Service, Invalid> {
        let cluster = not_empty("cluster", self.cluster)?;
        let domain = not_empty("domain", self.domain)?;
        if cluster.len() > CLUSTER_MAX_BYTES {
            let reason = format!(
                "{} bytes exceed the maximum of {CLUSTER_MAX_BYTES}",
                cluster.len()
            );
            return Err(Invalid::new(reason).at("cluster"));
        }
        let timeout = in_range("timeout", self.timeout, MIN_TIMEOUT..=MAX_TIMEOUT)?;
        // There is no default: without an answer a request is either not limited or not served, and
        // only the user can choose.
        let on_error = self.on_error.ok_or_else(|| {
            Invalid::new(
                "missing key \"on_error\", what to do with a request without an answer; one of: allow, refuse, process",
            )
        })?;
        Ok(Service {
            cluster,
            domain,
            timeout: timeout.get(),
            on_error,
        })
    }
}
