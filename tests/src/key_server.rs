//! The key server of an identity provider, over TLS, for `envoy-configs/jwt-auth-remote.yaml`.

use anyhow::Result;
use serde_json::json;

use crate::{EchoedRequest, Envoy, Reply, Upstream, token};

/// The issuer whose discovery document the server has.
pub const PARTNER: &str = "https://partner.example";

/// A key server that uses TLS. Stopped on drop.
pub struct KeyServer {
    upstream: Upstream,
    tls: Envoy,
}

impl KeyServer {
    /// Starts with a certificate of `tests/keys/tls/`; the sample trusts `idp`.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(certificate: &str) -> Result<Self> {
        Self::with(certificate, answer)
    }

    /// Starts with a certificate, and answers with the results of `answer`.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn with(
        certificate: &str,
        answer: impl Fn(&EchoedRequest) -> Reply + Send + Sync + 'static,
    ) -> Result<Self> {
        let upstream = Upstream::with(answer)?;
        let tls = Envoy::with_no_filter()
            .tls(certificate)
            .upstream(&upstream)
            .try_start()?;
        Ok(Self { upstream, tls })
    }

    /// Returns its port.
    pub fn port(&self) -> u16 {
        self.tls.address().port()
    }

    /// Returns the requests that it received.
    pub fn requests(&self) -> Vec<EchoedRequest> {
        self.upstream.requests()
    }
}

fn answer(request: &EchoedRequest) -> Reply {
    match request.path.as_str() {
        "/jwks.json" | "/realms/partner/certs" => Reply::json(token::JWKS),
        "/realms/partner/.well-known/openid-configuration" => Reply::json(
            json!({"issuer": PARTNER, "jwks_uri": "https://idp.example/realms/partner/certs"})
                .to_string(),
        ),
        _ => Reply::new(404),
    }
}
