//! The chain as a bootstrap in JSON.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{ACCESS_LOG, Chain, ConfigForm, Filter, Protocol};
use crate::{
    envoy::start::{Bootstrap, Setting, Source},
    paths,
    yaml::{merge, parse},
};

impl Source for Chain {
    fn bootstrap(&self, setting: &Setting) -> Result<Bootstrap> {
        let mut hcm = json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "ingress",
            "route_config": {"name": "local", "virtual_hosts": self.virtual_hosts()?},
            "http_filters": self.http_filters()?,
        });
        if let Some(format) = &self.access_log {
            hcm["access_log"] = json!([{
                "name": "file",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                    "path": setting.folder.join(ACCESS_LOG),
                    "log_format": {"text_format_source": {"inline_string": format!("{format}\n")}},
                },
            }]);
        }
        for options in &self.hcm {
            merge(&mut hcm, parse(options)?);
        }
        let mut clusters = parse_all(&self.clusters)?;
        clusters.push(cluster("upstream", setting.upstream, self.protocol));
        let mut bootstrap = json!({
            "admin": {"address": address(0)},
            "static_resources": {
                "listeners": [{
                    "name": "main",
                    "address": address(0),
                    "filter_chains": [{"filters": [{"name": "http", "typed_config": hcm}]}],
                }],
                "clusters": clusters,
            },
        });
        if let Some(socket) = &self.transport_socket {
            let listener = &mut bootstrap["static_resources"]["listeners"][0];
            listener["filter_chains"][0]["transport_socket"] = socket.clone();
            // Without it Envoy does not know the server name that the client sent.
            listener["listener_filters"] = json!([{"name": "tls_inspector", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
            }}]);
        }
        for options in &self.bootstrap {
            merge(&mut bootstrap, parse(options)?);
        }
        Ok(Bootstrap {
            text: serde_json::to_string_pretty(&bootstrap)?,
            ending: "json",
            dynamic: None,
            first_listener: Some("main".to_string()),
        })
    }
}

impl Chain {
    fn virtual_hosts(&self) -> Result<Vec<Value>> {
        let mut routes = parse_all(&self.routes)?;
        routes.push(
            json!({"name": "upstream", "match": {"prefix": "/"}, "route": {"cluster": "upstream"}}),
        );
        let mut hosts = parse_all(&self.virtual_hosts)?;
        hosts.push(json!({"name": "all", "domains": ["*"], "routes": routes}));
        Ok(hosts)
    }

    fn http_filters(&self) -> Result<Vec<Value>> {
        let mut filters = Vec::new();
        for (position, filter) in self.filters.iter().enumerate() {
            filters.push(match filter {
                Filter::Wasm { name, config } => self.wasm(position, name, config)?,
                Filter::Native(filter) => parse(filter)?,
            });
        }
        filters.push(json!({
            "name": "router",
            "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
        }));
        Ok(filters)
    }

    /// Filters of one module share a VM, as with a common `vm_id`.
    fn wasm(&self, position: usize, name: &str, config: &str) -> Result<Value> {
        let (name, module) = match name.strip_suffix(".wasm") {
            Some(path) => (path.rsplit('/').next().unwrap_or(path), name.into()),
            None => (name, paths::module(name)?),
        };
        let environment: serde_json::Map<_, _> = self
            .environment
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let configuration = configuration(self.form, config)
            .with_context(|| format!("the configuration of {name}"))?;
        let mut plugin = json!({
            "name": name,
            "failure_policy": "FAIL_RELOAD",
            "configuration": configuration,
            "vm_config": {
                "vm_id": name,
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"local": {"filename": module}},
                "environment_variables": {"key_values": environment},
            },
        });
        for options in &self.plugin {
            merge(&mut plugin, parse(options)?);
        }
        Ok(json!({
            "name": format!("{name}-{position}"),
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
                "config": plugin,
            },
        }))
    }
}

fn configuration(form: ConfigForm, config: &str) -> Result<Value> {
    let text = |value: String| json!({"@type": "type.googleapis.com/google.protobuf.StringValue", "value": value});
    Ok(match form {
        ConfigForm::Struct => json!({
            "@type": "type.googleapis.com/google.protobuf.Struct",
            "value": parse(config)?,
        }),
        ConfigForm::Text => text(parse(config)?.to_string()),
        ConfigForm::Verbatim => text(config.to_string()),
    })
}

pub(super) fn cluster(name: &str, port: u16, protocol: Protocol) -> Value {
    let mut cluster = json!({
        "name": name,
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(port)}}]}],
        },
    });
    if protocol == Protocol::Http2 {
        cluster["typed_extension_protocol_options"] = json!({
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            },
        });
    }
    cluster
}

fn address(port: u16) -> Value {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": port}})
}

fn parse_all(texts: &[String]) -> Result<Vec<Value>> {
    texts.iter().map(|text| parse(text)).collect()
}
