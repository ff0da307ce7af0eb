//! A bootstrap built around filters: one listener, the filters in order, one upstream.

mod render;

use serde_json::Value;

use super::Builder;

/// The name of the access log in the folder of the run.
pub(super) const ACCESS_LOG: &str = "access.log";

/// The form in which a filter's configuration is passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConfigForm {
    /// `google.protobuf.Struct`: plain YAML, as in the samples.
    #[default]
    Struct,
    /// `google.protobuf.StringValue`: JSON text; YAML is converted to JSON.
    Text,
    /// `google.protobuf.StringValue` with exactly the text given, well-formed or not.
    Verbatim,
}

/// The protocol between Envoy and the upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2 with prior knowledge; gRPC needs it.
    Http2,
}

/// Builds a bootstrap around filters; see [`Envoy::with_filter`](super::Envoy::with_filter).
#[derive(Default)]
pub struct Chain {
    filters: Vec<Filter>,
    form: ConfigForm,
    environment: Vec<(String, String)>,
    routes: Vec<String>,
    virtual_hosts: Vec<String>,
    clusters: Vec<String>,
    protocol: Protocol,
    access_log: Option<String>,
    hcm: Vec<String>,
    plugin: Vec<String>,
    bootstrap: Vec<String>,
    transport_socket: Option<Value>,
}

enum Filter {
    Wasm { name: String, config: String },
    Native(String),
}

impl Builder<Chain> {
    /// Adds a filter of the catalog, configured in YAML or JSON. A name that ends in `.wasm` is the
    /// path of any other module.
    pub fn filter(mut self, name: &str, config: impl Into<String>) -> Self {
        self.source.filters.push(Filter::Wasm {
            name: name.to_string(),
            config: config.into(),
        });
        self
    }

    /// Adds one of Envoy's own filters: an entry of `http_filters` in YAML.
    pub fn native(mut self, filter: impl Into<String>) -> Self {
        self.source.filters.push(Filter::Native(filter.into()));
        self
    }

    /// Sets the form in which all configurations are passed; the default is Struct.
    pub fn form(mut self, form: ConfigForm) -> Self {
        self.source.form = form;
        self
    }

    /// Sets a variable in the modules' environment (`vm_config.environment_variables`).
    pub fn vm_env(mut self, name: &str, value: &str) -> Self {
        self.source
            .environment
            .push((name.to_string(), value.to_string()));
        self
    }

    /// Adds a route in YAML before the last one, which sends everything to the upstream.
    pub fn route(mut self, route: impl Into<String>) -> Self {
        self.source.routes.push(route.into());
        self
    }

    /// Adds a virtual host in YAML next to the one for all other hosts.
    pub fn virtual_host(mut self, host: impl Into<String>) -> Self {
        self.source.virtual_hosts.push(host.into());
        self
    }

    /// Adds a cluster in YAML.
    pub fn cluster(mut self, cluster: impl Into<String>) -> Self {
        self.source.clusters.push(cluster.into());
        self
    }

    /// Adds a cluster with one endpoint on loopback.
    pub fn cluster_at(self, name: &str, port: u16, protocol: Protocol) -> Self {
        self.cluster(render::cluster(name, port, protocol).to_string())
    }

    /// Sets the protocol between Envoy and the upstream.
    pub fn upstream_protocol(mut self, protocol: Protocol) -> Self {
        self.source.protocol = protocol;
        self
    }

    /// Writes an access log in this format, one line per request; see
    /// [`Envoy::access_log`](super::Envoy::access_log).
    pub fn access_log(mut self, format: &str) -> Self {
        self.source.access_log = Some(format.to_string());
        self
    }

    /// Merges options in YAML into the HTTP connection manager: `normalize_path: true`.
    pub fn hcm(mut self, options: impl Into<String>) -> Self {
        self.source.hcm.push(options.into());
        self
    }

    /// Merges options in YAML into the plugin of each filter of the catalog:
    /// `allow_on_headers_stop_iteration: true`.
    pub fn plugin(mut self, options: impl Into<String>) -> Self {
        self.source.plugin.push(options.into());
        self
    }

    /// Sets the listener's transport socket; see [`tls`](crate::tls).
    pub(crate) fn transport_socket(mut self, socket: Value) -> Self {
        self.source.transport_socket = Some(socket);
        self
    }

    /// Merges YAML into the bootstrap.
    pub fn bootstrap(mut self, options: impl Into<String>) -> Self {
        self.source.bootstrap.push(options.into());
        self
    }
}
