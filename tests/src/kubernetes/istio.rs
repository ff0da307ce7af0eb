//! Istio's `WasmPlugin`.
//!
//! Based on istio/api, `extensions/v1alpha1/wasm.proto`, from whose annotations the definition in
//! `kubernetes/customresourcedefinitions.gen.yaml` is generated. `FAIL_RELOAD` was added in Istio
//! 1.25.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::{Checked, Configured, check_image, check_sha256};

/// The `spec` of a `WasmPlugin`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WasmPlugin {
    selector: Option<Labels>,
    #[serde(default)]
    target_refs: Vec<TargetRef>,
    /// The location of the module.
    pub url: String,
    /// The SHA-256 of the module.
    pub sha256: Option<String>,
    #[expect(dead_code, reason = "its values are checked by being read")]
    image_pull_policy: Option<PullPolicy>,
    image_pull_secret: Option<String>,
    #[serde(default)]
    plugin_config: Value,
    plugin_name: Option<String>,
    /// The position in Istio's filter chain.
    pub phase: Option<Phase>,
    /// The priority within the phase. The plugin with the highest comes first.
    pub priority: Option<i32>,
    /// What happens to requests after a fatal error.
    pub fail_strategy: Option<FailStrategy>,
    #[serde(default)]
    vm_config: VmConfig,
    #[serde(default, rename = "match")]
    matches: Vec<TrafficSelector>,
    #[serde(rename = "type")]
    #[expect(dead_code, reason = "its values are checked by being read")]
    plugin_type: Option<PluginType>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Labels {
    match_labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetRef {
    #[serde(default)]
    group: String,
    kind: String,
    name: String,
}

#[derive(Debug, Deserialize)]
enum PullPolicy {
    IfNotPresent,
    Always,
}

/// The position of a plugin in Istio's filter chain.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "Istio's names")]
pub enum Phase {
    #[serde(rename = "UNSPECIFIED_PHASE")]
    Unspecified,
    Authn,
    Authz,
    Stats,
}

/// What happens to requests after a fatal error of the plugin.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "Istio's names")]
pub enum FailStrategy {
    FailClose,
    FailOpen,
    FailReload,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum PluginType {
    #[serde(rename = "UNSPECIFIED_PLUGIN_TYPE")]
    Unspecified,
    Http,
    Network,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct VmConfig {
    #[serde(default)]
    env: Vec<EnvVar>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EnvVar {
    name: String,
    #[serde(default)]
    value_from: EnvSource,
    value: Option<String>,
}

#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum EnvSource {
    #[default]
    Inline,
    Host,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrafficSelector {
    #[expect(dead_code, reason = "its values are checked by being read")]
    mode: Option<Mode>,
    #[serde(default)]
    ports: Vec<Port>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Mode {
    Undefined,
    Client,
    Server,
    ClientAndServer,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Port {
    number: u16,
}

impl WasmPlugin {
    /// Returns the filter as Istio passes it to Envoy, with its configuration as JSON text.
    pub fn filter(&self) -> Configured {
        let (host, inline): (Vec<_>, Vec<_>) = self
            .vm_config
            .env
            .iter()
            .partition(|variable| variable.value_from == EnvSource::Host);
        let value = |variable: &EnvVar| variable.value.clone().unwrap_or_default();
        Configured {
            name: self.plugin_name.clone().unwrap_or_default(),
            config: self.plugin_config.clone(),
            env: inline.iter().map(|v| (v.name.clone(), value(v))).collect(),
            host_env: host.iter().map(|v| v.name.clone()).collect(),
        }
    }
}

impl Checked for WasmPlugin {
    const IS: (&'static str, &'static str) = ("extensions.istio.io/v1alpha1", "WasmPlugin");

    fn check(&self) -> Result<()> {
        ensure!(
            self.selector.is_none() || self.target_refs.is_empty(),
            "selector: not together with targetRefs"
        );
        if let Some(selector) = &self.selector {
            ensure!(!selector.match_labels.is_empty(), "selector: no labels");
        }
        ensure!(self.target_refs.len() <= 16, "targetRefs: more than 16");
        for target in &self.target_refs {
            let known = [
                ("gateway.networking.k8s.io", "Gateway"),
                ("gateway.networking.k8s.io", "GatewayClass"),
                ("", "Service"),
                ("core", "Service"),
                ("networking.istio.io", "ServiceEntry"),
            ];
            ensure!(
                known.contains(&(&target.group, &target.kind)) && !target.name.is_empty(),
                "targetRefs: {target:?} is none of {known:?}"
            );
        }
        match self.url.split_once("://") {
            Some(("oci", image)) => check_image("url", image)?,
            None => check_image("url", &self.url)?,
            Some((scheme, rest)) => ensure!(
                ["http", "https", "file"].contains(&scheme) && !rest.is_empty(),
                "url: {:?} is none of oci, http, https, file",
                self.url
            ),
        }
        if let Some(checksum) = self.sha256.as_deref().filter(|sum| !sum.is_empty()) {
            check_sha256("sha256", checksum)?;
        }
        for name in self.plugin_name.iter().chain(&self.image_pull_secret) {
            ensure!(
                (1..=253).contains(&name.len()),
                "{name:?} is too long, or empty"
            );
        }
        ensure!(
            self.plugin_config.is_object() || self.plugin_config.is_null(),
            "pluginConfig: not a mapping"
        );
        for variable in &self.vm_config.env {
            ensure!(!variable.name.is_empty(), "vmConfig.env: no name");
            ensure!(
                variable.value_from == EnvSource::Inline || variable.value.is_none(),
                "vmConfig.env: {} has a value, and valueFrom: HOST",
                variable.name
            );
        }
        for port in self.matches.iter().flat_map(|selector| &selector.ports) {
            ensure!(port.number > 0, "match.ports: 0 is no port");
        }
        Ok(())
    }
}
