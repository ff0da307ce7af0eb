//! The parts of Istio's and Envoy Gateway's resources that a Wasm filter needs. The types follow
//! the projects' own definitions, so a sample with an unknown key, or with a value that the API
//! server would reject, does not load.

mod client_traffic_policy;
mod envoy_filter;
mod envoy_gateway;
mod istio;

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

pub use self::{
    client_traffic_policy::ClientTrafficPolicy,
    envoy_filter::{Context, EnvoyFilter},
    envoy_gateway::EnvoyExtensionPolicy,
    istio::{FailStrategy, Phase, WasmPlugin},
};
use crate::yaml;

/// A resource in a file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resource<Spec> {
    api_version: String,
    kind: String,
    metadata: Metadata,
    /// The specification.
    pub spec: Spec,
}

/// The metadata of a resource (`ObjectMeta` of Kubernetes 1.34), limited to what files set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    name: String,
    namespace: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// Checks of the API server beyond the types.
pub trait Checked {
    /// The expected `apiVersion` and `kind`.
    const IS: (&'static str, &'static str);

    /// Checks all rules.
    ///
    /// # Errors
    /// If a rule is broken. The error has the key and the rule.
    fn check(&self) -> Result<()>;
}

/// The configuration of a filter in a resource.
#[derive(Clone, Debug, Default)]
pub struct Configured {
    /// The name of the plugin.
    pub name: String,
    /// Its configuration.
    pub config: Value,
    /// Environment variables that the resource sets.
    pub env: BTreeMap<String, String>,
    /// Environment variables that the filter takes from the proxy's process.
    pub host_env: Vec<String>,
}

/// Loads and checks a resource.
///
/// # Errors
/// If the file cannot be read, or the resource is not valid. The error has the file and the
/// mistake.
pub fn load<Spec: DeserializeOwned + Checked>(file: &Path) -> Result<Spec> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    parse(&text).with_context(|| file.display().to_string())
}

fn parse<Spec: DeserializeOwned + Checked>(text: &str) -> Result<Spec> {
    let resource: Resource<Spec> = serde_json::from_value(yaml::parse(text)?)?;
    let is = (resource.api_version.as_str(), resource.kind.as_str());
    ensure!(is == Spec::IS, "{is:?}, not {:?}", Spec::IS);
    let Metadata {
        name,
        namespace,
        labels,
        annotations,
    } = &resource.metadata;
    check_name("metadata.name", name)?;
    check_name("metadata.namespace", namespace)?;
    for key in labels.keys().chain(annotations.keys()) {
        ensure!(
            !key.is_empty(),
            "metadata: a label or annotation without a name"
        );
    }
    resource.spec.check()?;
    Ok(resource.spec)
}

/// Checks that the name of a resource is a DNS subdomain (RFC 1123).
fn check_name(key: &str, name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    ensure!(
        name.starts_with(fits) && name.ends_with(fits),
        "{key}: {name:?} does not begin and end with a lower-case letter or a digit"
    );
    ensure!(
        name.len() <= 253 && name.chars().all(|c| fits(c) || matches!(c, '-' | '.')),
        "{key}: {name:?} is no name of a resource"
    );
    Ok(())
}

/// Checks that a value has 64 hexadecimal digits in lower case.
fn check_sha256(key: &str, value: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    ensure!(
        value.len() == 64 && value.chars().all(fits),
        "{key}: {value:?} is no SHA-256"
    );
    Ok(())
}

/// Checks that a URL has the form `repository/image:tag` or `repository/image@sha256:digest`.
fn check_image(key: &str, url: &str) -> Result<()> {
    ensure!(!url.contains("://"), "{key}: {url:?} has a scheme");
    let name = url.rsplit('/').next().unwrap_or_default();
    ensure!(
        url.contains('/') && (name.contains(':') || name.contains('@')),
        "{key}: {url:?} has no repository, or no tag or digest"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error<Spec: DeserializeOwned + Checked>(text: &str) -> String {
        match parse::<Spec>(text) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    /// Asserts that a resource is accepted, and that each replacement makes it fail with an error
    /// that contains the expected text.
    #[track_caller]
    fn assert_refused<Spec: DeserializeOwned + Checked>(text: &str, cases: &[(&str, &str, &str)]) {
        assert_eq!(error::<Spec>(text), "");
        for (from, to, expected) in cases {
            let error = error::<Spec>(&text.replacen(from, to, 1));
            assert!(error.contains(expected), "{to}: {error}");
        }
    }

    const PLUGIN: &str = "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: cors, namespace: shop}\nspec:\n  url: oci://registry.example/cors:1\n";

    #[test]
    fn what_istio_would_refuse_is_refused() {
        let cases = [
            ("kind: WasmPlugin", "kind: WasmPlugins", "not (\"extensions"),
            ("name: cors,", "name: Cors,", "does not begin"),
            (
                "spec:\n",
                "spec:\n  phases: AUTHN\n",
                "unknown field `phases`",
            ),
            (
                "spec:\n",
                "spec:\n  phase: FIRST\n",
                "unknown variant `FIRST`",
            ),
            (
                "spec:\n",
                "spec:\n  failStrategy: FAIL_SHUT\n",
                "unknown variant `FAIL_SHUT`",
            ),
            ("oci://", "ftp://", "url: "),
            ("spec:\n", "spec:\n  sha256: 12\n", "invalid type: integer"),
            ("spec:\n", "spec:\n  sha256: \"12\"\n", "is no SHA-256"),
            (
                "spec:\n",
                "spec:\n  selector: {matchLabels: {a: b}}\n  targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: a}]\n",
                "selector",
            ),
            (
                "spec:\n",
                "spec:\n  targetRefs: [{kind: Pod, group: \"\", name: a}]\n",
                "targetRefs",
            ),
            (
                "spec:\n",
                "spec:\n  vmConfig: {env: [{name: A, valueFrom: HOST, value: b}]}\n",
                "value",
            ),
            (
                "spec:\n",
                "spec:\n  match: [{ports: [{number: 0}]}]\n",
                "ports",
            ),
        ];
        assert_refused::<WasmPlugin>(PLUGIN, &cases);
    }

    const SETTINGS: &str = "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {name: a, namespace: shop}\nspec:\n  configPatches:\n    - applyTo: NETWORK_FILTER\n      match: {context: GATEWAY, listener: {filterChain: {filter: {name: envoy.filters.network.http_connection_manager}}}}\n      patch: {operation: MERGE, value: {typed_config: {merge_slashes: true}}}\n";

    #[test]
    fn a_patch_that_istio_would_not_apply_is_refused() {
        let cases = [
            ("NETWORK_FILTER", "LISTENER_FILTER", "unknown variant"),
            ("NETWORK_FILTER", "HTTP_FILTER", "configPatches.match"),
            (
                "NETWORK_FILTER",
                "ROUTE_CONFIGURATION",
                "configPatches.match",
            ),
            ("GATEWAY", "GATEWAYS", "unknown variant `GATEWAYS`"),
            (
                "http_connection_manager",
                "tcp_proxy",
                "configPatches.match",
            ),
            ("MERGE", "INSERT_BEFORE", "operation"),
            ("typed_config", "config", "typed_config"),
        ];
        assert_refused::<EnvoyFilter>(SETTINGS, &cases);
    }

    #[test]
    fn what_envoy_gateway_would_refuse_of_a_traffic_policy_is_refused() {
        let policy = "apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: ClientTrafficPolicy\nmetadata: {name: a, namespace: shop}\nspec:\n  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: eg}]\n  headers: {withUnderscoresAction: RejectRequest}\n";
        let cases = [
            ("kind: Gateway", "kind: HTTPRoute", "targetRefs"),
            ("RejectRequest", "REJECT_REQUEST", "unknown variant"),
            ("headers:", "header:", "unknown field `header`"),
        ];
        assert_refused::<ClientTrafficPolicy>(policy, &cases);
    }

    const POLICY: &str = "apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: EnvoyExtensionPolicy\nmetadata: {name: cors, namespace: shop}\nspec:\n  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: eg}]\n  wasm:\n    - code: {type: Image, image: {url: \"registry.example/cors:1\"}}\n";

    #[test]
    fn what_envoy_gateway_would_refuse_is_refused() {
        let cases = [
            ("kind: Gateway", "kind: Service", "targetRefs"),
            (
                "group: gateway.networking.k8s.io, ",
                "",
                "missing field `group`",
            ),
            ("type: Image", "type: HTTP", "code.http"),
            (
                "type: Image",
                "type: ConfigMap",
                "unknown variant `ConfigMap`",
            ),
            (
                "registry.example/cors:1",
                "oci://registry.example/cors:1",
                "has a scheme",
            ),
            ("registry.example/cors:1", "registry.example/cors", "no tag"),
            (
                "- code",
                "- failPolicy: x\n      code",
                "unknown field `failPolicy`",
            ),
            (
                "targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: eg}]",
                "mergeType: StrategicMerge",
                "targetRef",
            ),
        ];
        assert_refused::<EnvoyExtensionPolicy>(POLICY, &cases);
    }
}
