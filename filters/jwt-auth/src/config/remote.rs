//! Keys of a server, as written.

use crate::remote::uri::Uri;
use crate::remote::{Kind, Source};
use filter_kit::config::{Invalid, in_range, not_empty};
use filter_kit::values::Duration;
use serde::Deserialize;

/// Keys that are fetched over HTTP.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a server, as {cluster: NAME, uri: \"https://HOST/PATH\"}"
)]
pub struct RawRemote {
    /// The cluster that is asked. It decides where the connection goes and whether it is TLS, whatever the URI says: give it a
    /// `transport_socket` that checks the server's certificate.
    pub cluster: String,
    /// What it is asked for: `https://host/path`. The host is sent as `:authority`.
    pub uri: String,
    /// The longest time for a fetch, and for a request to wait for one; `100ms` to `30s`.
    #[serde(default = "timeout")]
    pub timeout: Duration,
    /// How old keys are when they are fetched anew; at least `1s`.
    #[serde(default = "refresh")]
    pub refresh: Duration,
    /// A token with an unknown key has the keys fetched anew, but not sooner than this after the latest fetch of any worker; at least `1s`.
    #[serde(default = "refetch")]
    pub refetch_on_unknown_key: Duration,
    /// How old keys may get while no new ones can be had; then requests are answered with 503. At least `refresh`.
    #[serde(default = "stale_for")]
    pub stale_for: Duration,
}

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
    pub(super) fn build(self, kind: Kind) -> Result<Source, Invalid> {
        let cluster = not_empty("cluster", self.cluster)?;
        let uri = Uri::parse(&self.uri).map_err(|reason| {
            // What stands before an @ may be a password.
            let shown = match self.uri.contains('@') {
                true => "it".to_owned(),
                false => format!("\"{}\"", self.uri),
            };
            Invalid::new(format!("{shown} {reason}")).at("uri")
        })?;
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
            timeout: timeout.get(),
            refresh: self.refresh.get(),
            refetch: self.refetch_on_unknown_key.get(),
            stale_for: self.stale_for.get(),
        })
    }
}
