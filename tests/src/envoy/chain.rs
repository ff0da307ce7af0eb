//! A bootstrap built around filters: one listener, the filters in order, one upstream.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::builder::{Bootstrap, Builder, Setting, Source};
use crate::{
    paths,
    yaml::{merge, parse},
};

/// The access log's name in the folder of the run.
pub(super) const ACCESS_LOG: &str = "access.log";

/// How a filter's configuration is handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConfigForm {
    /// `google.protobuf.Struct`: plain YAML, as in the samples.
    #[default]
    Struct,
    /// `google.protobuf.StringValue`: JSON text; YAML is turned into JSON.
    Text,
    /// `google.protobuf.StringValue` with the very text given, well-formed or not.
    Verbatim,
}

/// What Envoy speaks to the upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2 with prior knowledge; gRPC needs it.
    Http2,
}

/// A bootstrap around filters, in the making; see [`Envoy::with_filter`](super::Envoy::with_filter).
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
    bootstrap: Vec<String>,
}

enum Filter {
    Wasm { name: String, config: String },
    Native(String),
}

impl Builder<Chain> {
    /// Adds a filter of the catalog, configured in YAML or JSON. A name that ends in `.wasm` is the
    /// path of a module.
    pub fn filter(mut self, name: &str, config: impl Into<String>) -> Self {
        self.source.filters.push(Filter::Wasm {
            name: name.to_string(),
            config: config.into(),
        });
        self
    }

    /// Adds a filter of Envoy's own: an entry of `http_filters` in YAML.
    pub fn native(mut self, filter: impl Into<String>) -> Self {
        self.source.filters.push(Filter::Native(filter.into()));
        self
    }

    /// How all configurations are handed over; Struct by default.
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

    /// Adds a route in YAML, before the last one, which sends everything to the upstream.
    pub fn route(mut self, route: impl Into<String>) -> Self {
        self.source.routes.push(route.into());
        self
    }

    /// Adds a virtual host in YAML beside the one for all other hosts.
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
        self.cluster(cluster(name, port, protocol).to_string())
    }

    /// What Envoy speaks to the upstream.
    pub fn upstream_protocol(mut self, protocol: Protocol) -> Self {
        self.source.protocol = protocol;
        self
    }

    /// Writes an access log of this format, one line per request; see
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

    /// Merges YAML into the bootstrap.
    pub fn bootstrap(mut self, options: impl Into<String>) -> Self {
        self.source.bootstrap.push(options.into());
        self
    }
}

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

    /// Filters of one module share a VM, as they do where people name one `vm_id`.
    fn wasm(&self, position: usize, name: &str, config: &str) -> Result<Value> {
        let module = if name.ends_with(".wasm") {
            name.into()
        } else {
            paths::module(name)?
        };
        let environment: serde_json::Map<_, _> = self
            .environment
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let configuration = configuration(self.form, config)
            .with_context(|| format!("the configuration of {name}"))?;
        Ok(json!({
            "name": format!("{name}-{position}"),
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
                "config": {
                    "name": name,
                    "failure_policy": "FAIL_RELOAD",
                    "configuration": configuration,
                    "vm_config": {
                        "vm_id": name,
                        "runtime": "envoy.wasm.runtime.v8",
                        "code": {"local": {"filename": module}},
                        "environment_variables": {"key_values": environment},
                    },
                },
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

fn cluster(name: &str, port: u16, protocol: Protocol) -> Value {
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
