//! TLS, using Envoy itself instead of another TLS library: listeners that terminate TLS, and
//! clients that use it.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::{Envoy, envoy::Builder, envoy::Chain, paths};

/// Returns the folder of the certificates; `tests/keys/README.md` says what each is for.
#[must_use]
pub fn certificates() -> PathBuf {
    paths::workspace().join("tests/keys/tls")
}

impl Builder<Chain> {
    /// Terminates TLS at the listener, with a certificate of `tests/keys/tls/`.
    pub fn tls(self, certificate: &str) -> Self {
        self.transport_socket(socket("Downstream", &context(Some(certificate))))
    }

    /// Like [`Builder::tls`], for clients that have a certificate of the CA in `idp-ca.pem`.
    pub fn mutual_tls(self, certificate: &str) -> Self {
        let mut context = context(Some(certificate));
        context["common_tls_context"]["validation_context"] =
            json!({"trusted_ca": {"filename": certificates().join("idp-ca.pem")}});
        context["require_client_certificate"] = json!(true);
        self.transport_socket(socket("Downstream", &context))
    }
}

/// Starts a client: an Envoy that forwards requests to another one over TLS, with this server name
/// (SNI) and optionally this certificate.
///
/// # Panics
/// If it cannot be started.
#[track_caller]
pub fn client(server: &Envoy, name: &str, certificate: Option<&str>) -> Envoy {
    let mut context = context(certificate);
    context["sni"] = json!(name);
    let cluster = json!({
        "name": "tls",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": "tls", "endpoints": [{"lb_endpoints": [{"endpoint": {
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": server.address().port()}}}}]}]},
        "transport_socket": socket("Upstream", &context),
    });
    Envoy::with_no_filter()
        .cluster(cluster.to_string())
        .route("{name: tls, match: {prefix: /}, route: {cluster: tls}}")
        .start()
}

fn context(certificate: Option<&str>) -> Value {
    let file = |name: &str, ending: &str| json!({"filename": certificates().join(format!("{name}{ending}"))});
    let certificates: Vec<_> = certificate
        .map(|name| json!({"certificate_chain": file(name, ".pem"), "private_key": file(name, ".key.pem")}))
        .into_iter()
        .collect();
    json!({"common_tls_context": {"tls_certificates": certificates}})
}

fn socket(side: &str, context: &Value) -> Value {
    let mut context = context.clone();
    let name = format!("transport_sockets.tls.v3.{side}TlsContext");
    context["@type"] = json!(format!("type.googleapis.com/envoy.extensions.{name}"));
    json!({"name": "tls", "typed_config": context})
}
