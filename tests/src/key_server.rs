//! The key server of an identity provider, over TLS: what `envoy-configs/jwt-auth-remote.yaml`
//! asks.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;

use crate::{EchoedRequest, Envoy, Reply, Upstream, paths, token};

/// The issuer whose document of discovery the server has.
pub const PARTNER: &str = "https://partner.example";

/// A key server that speaks TLS. It ends when dropped.
pub struct KeyServer {
    upstream: Upstream,
    tls: Envoy,
}

impl KeyServer {
    /// Starts with a certificate of `tests/keys/tls/`; `idp` is the one that the sample trusts.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(certificate: &str) -> Result<Self> {
        Self::with(certificate, answer)
    }

    /// Starts with a certificate, and answers as `answer` says.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn with(
        certificate: &str,
        answer: impl Fn(&EchoedRequest) -> Reply + Send + Sync + 'static,
    ) -> Result<Self> {
        let upstream = Upstream::with(answer)?;
        // TLS is ended by an Envoy, which is at hand, in place of one more TLS library.
        let tls = Envoy::from_bootstrap(bootstrap(certificate))
            .upstream(&upstream)
            .start()?;
        Ok(Self { upstream, tls })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.tls.address().port()
    }

    /// What it was asked.
    pub fn requests(&self) -> Vec<EchoedRequest> {
        self.upstream.requests()
    }
}

/// The folder of the certificates.
#[must_use]
pub fn certificates() -> PathBuf {
    paths::workspace().join("tests/keys/tls")
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

fn bootstrap(certificate: &str) -> String {
    let folder = certificates();
    let file = |ending: &str| json!({"filename": folder.join(format!("{certificate}{ending}"))});
    let type_of = |name: &str| format!("type.googleapis.com/envoy.extensions.{name}");
    let address =
        |port: u16| json!({"socket_address": {"address": "127.0.0.1", "port_value": port}});
    json!({
        "admin": {"address": address(1)},
        "static_resources": {
            "listeners": [{
                "name": "tls",
                "address": address(2),
                "filter_chains": [{
                    "filters": [{"name": "http", "typed_config": {
                        "@type": type_of("filters.network.http_connection_manager.v3.HttpConnectionManager"),
                        "stat_prefix": "tls",
                        "http_filters": [{"name": "router", "typed_config": {"@type": type_of("filters.http.router.v3.Router")}}],
                        "route_config": {"virtual_hosts": [{
                            "name": "all", "domains": ["*"],
                            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}],
                        }]},
                    }}],
                    "transport_socket": {"name": "tls", "typed_config": {
                        "@type": type_of("transport_sockets.tls.v3.DownstreamTlsContext"),
                        "common_tls_context": {"tls_certificates": [{
                            "certificate_chain": file(".pem"),
                            "private_key": file(".key.pem"),
                        }]},
                    }},
                }],
            }],
            "clusters": [{
                "name": "upstream",
                "connect_timeout": "1s",
                "load_assignment": {"cluster_name": "upstream", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(3)}}]}]},
            }],
        },
    })
    .to_string()
}
