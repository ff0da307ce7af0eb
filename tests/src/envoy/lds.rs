//! One filter whose configuration is replaced at run time, by a listener in a file.

use anyhow::Result;
use serde_json::json;

use super::{Builder, DynamicDir, Envoy, File};
use crate::yaml::parse;

const FOLDER: &str = "/etc/envoy/dynamic/";
const LISTENERS: &str = "lds.json";

impl Envoy {
    /// Runs one filter of the catalog before a direct response of 200, in a listener that
    /// [`DynamicDir::configure`] replaces.
    ///
    /// # Errors
    /// If the configuration is not YAML or JSON.
    pub fn with_replaceable_filter(filter: &str, config: &str) -> Result<Builder<File>> {
        let bootstrap = json!({
            "admin": {"address": address()},
            "node": {"id": "test", "cluster": "test"},
            "dynamic_resources": {"lds_config": {
                "resource_api_version": "V3",
                "path_config_source": {"path": format!("{FOLDER}{LISTENERS}")},
            }},
        });
        let listeners = listeners(filter, config)?;
        let builder = Self::from_bootstrap(bootstrap.to_string());
        Ok(builder.dynamic(FOLDER, &[(LISTENERS, &listeners)]))
    }
}

impl DynamicDir {
    /// Replaces the filter of [`Envoy::with_replaceable_filter`] by one with this configuration,
    /// valid or not.
    ///
    /// # Errors
    /// If it is not YAML or JSON, or cannot be written.
    pub fn configure(&self, filter: &str, config: &str) -> Result<()> {
        self.write(LISTENERS, &listeners(filter, config)?)
    }
}

fn listeners(filter: &str, config: &str) -> Result<String> {
    let type_of = |name: &str| format!("type.googleapis.com/envoy.extensions.filters.{name}");
    let wasm = json!({
        "@type": type_of("http.wasm.v3.Wasm"),
        "config": {
            "name": filter,
            "root_id": filter,
            "vm_config": {
                "vm_id": filter,
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"local": {"filename": format!("/etc/envoy/filters/{filter}.wasm")}},
            },
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.Struct",
                "value": parse(config)?,
            },
        },
    });
    let router = json!({"@type": type_of("http.router.v3.Router")});
    let answer = json!({"match": {"prefix": "/"}, "direct_response": {"status": 200}});
    let connections = json!({
        "@type": type_of("network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "ingress",
        "http_filters": [
            {"name": filter, "typed_config": wasm},
            {"name": "router", "typed_config": router},
        ],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [answer]}]},
    });
    Ok(json!({"resources": [{
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": "ingress",
        "address": address(),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": connections}]}],
    }]})
    .to_string())
}

fn address() -> serde_json::Value {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": 0}})
}
