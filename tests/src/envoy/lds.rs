//! Filters whose configuration is replaced at run time, with a listener in a file.

use anyhow::Result;
use serde_json::{Value, json};

use super::{Builder, DynamicDir, Envoy, File};
use crate::yaml::{merge, parse};

const FOLDER: &str = "/etc/envoy/dynamic/";
const LISTENERS: &str = "lds.json";

/// A listener with filters of the catalog, in front of a direct response of 200.
pub struct Listener {
    filters: Vec<Value>,
    route: Value,
    options: Value,
    hcm: Value,
}

impl Default for Listener {
    fn default() -> Self {
        Self {
            filters: Vec::new(),
            route: json!({"match": {"prefix": "/"}, "direct_response": {"status": 200}}),
            options: json!({}),
            hcm: json!({}),
        }
    }
}

impl Listener {
    /// Adds a filter with its configuration in YAML or JSON. A name that ends in `.wasm` is the
    /// path of another module of the filter that the file is named after.
    ///
    /// # Errors
    /// If the configuration is not YAML or JSON.
    pub fn filter(mut self, name: &str, config: &str) -> Result<Self> {
        let (name, module) = match name.strip_suffix(".wasm") {
            Some(path) => (path.rsplit('/').next().unwrap_or(path), name.to_owned()),
            None => (name, format!("/etc/envoy/filters/{name}.wasm")),
        };
        let wasm = json!({
            "@type": type_of("http.wasm.v3.Wasm"),
            "config": {
                "name": name,
                "root_id": name,
                "failure_policy": "FAIL_RELOAD",
                "vm_config": {
                    "vm_id": name,
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"filename": module}},
                },
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.Struct",
                    "value": parse(config)?,
                },
            },
        });
        self.filters
            .push(json!({"name": name, "typed_config": wasm}));
        Ok(self)
    }

    /// Sends requests to the upstream instead of the direct response.
    #[must_use]
    pub fn before_upstream(self) -> Self {
        Self {
            route: json!({"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}),
            ..self
        }
    }

    /// Merges options into the listener.
    #[must_use]
    pub fn options(mut self, options: Value) -> Self {
        merge(&mut self.options, options);
        self
    }

    /// Merges options into the HTTP connection manager.
    #[must_use]
    pub fn hcm(mut self, options: Value) -> Self {
        merge(&mut self.hcm, options);
        self
    }

    fn file(&self) -> String {
        let mut filters = self.filters.clone();
        let router = json!({"@type": type_of("http.router.v3.Router")});
        filters.push(json!({"name": "router", "typed_config": router}));
        let mut connections = json!({
            "@type": type_of("network.http_connection_manager.v3.HttpConnectionManager"),
            "stat_prefix": "ingress",
            "http_filters": filters,
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [&self.route]}]},
        });
        merge(&mut connections, self.hcm.clone());
        let mut listener = json!({
            "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
            "name": "ingress",
            "address": address(0),
            "filter_chains": [{"filters": [{"name": "http", "typed_config": connections}]}],
        });
        merge(&mut listener, self.options.clone());
        json!({"resources": [listener]}).to_string()
    }
}

impl Envoy {
    /// Runs a listener that [`DynamicDir::replace`] can replace.
    /// `listener_manager.lds.update_success` counts the replacements.
    pub fn with_listener(listener: &Listener) -> Builder<File> {
        let many = json!([{"max_connections": 10_000, "max_pending_requests": 10_000, "max_requests": 10_000}]);
        let bootstrap = json!({
            "admin": {"address": address(0)},
            "node": {"id": "test", "cluster": "test"},
            "dynamic_resources": {"lds_config": {
                "resource_api_version": "V3",
                "path_config_source": {"path": format!("{FOLDER}{LISTENERS}")},
            }},
            "static_resources": {"clusters": [{
                "name": "upstream",
                "connect_timeout": "1s",
                "circuit_breakers": {"thresholds": many},
                "load_assignment": {"cluster_name": "upstream", "endpoints": [
                    {"lb_endpoints": [{"endpoint": {"address": address(8080)}}]}]},
            }]},
        });
        let builder = Self::from_bootstrap(bootstrap.to_string());
        builder.dynamic(FOLDER, &[(LISTENERS, &listener.file())])
    }

    /// Runs one filter of the catalog in front of a direct response of 200, in a listener that
    /// [`DynamicDir::configure`] can replace.
    ///
    /// # Errors
    /// If the configuration is not YAML or JSON.
    pub fn with_replaceable_filter(filter: &str, config: &str) -> Result<Builder<File>> {
        Ok(Self::with_listener(
            &Listener::default().filter(filter, config)?,
        ))
    }
}

impl DynamicDir {
    /// Replaces the listener of [`Envoy::with_listener`].
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn replace(&self, listener: &Listener) -> Result<()> {
        self.write(LISTENERS, &listener.file())
    }

    /// Replaces the filter of [`Envoy::with_replaceable_filter`] with one with this configuration,
    /// valid or not.
    ///
    /// # Errors
    /// If it is not YAML or JSON, or cannot be written.
    pub fn configure(&self, filter: &str, config: &str) -> Result<()> {
        self.replace(&Listener::default().filter(filter, config)?)
    }
}

fn type_of(name: &str) -> String {
    format!("type.googleapis.com/envoy.extensions.filters.{name}")
}

fn address(port: u16) -> Value {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": port}})
}
