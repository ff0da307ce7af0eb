//! Envoy Gateway's `EnvoyExtensionPolicy`.
//!
//! Based on envoyproxy/gateway,
//! `api/v1alpha1/{envoyextensionypolicy_types,wasm_types,policy_helpers}.go`, from whose
//! annotations the definition in
//! `charts/gateway-helm/crds/generated/gateway.envoyproxy.io_envoyextensionpolicies.yaml` is
//! generated.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::{Checked, Configured, check_image, check_sha256};

/// The part of the `spec` of an `EnvoyExtensionPolicy` that loads modules.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvoyExtensionPolicy {
    #[serde(default)]
    target_refs: Vec<TargetRef>,
    #[expect(dead_code, reason = "its values are checked by being read")]
    merge_type: Option<MergeType>,
    #[serde(default)]
    wasm: Vec<Wasm>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TargetRef {
    group: String,
    kind: String,
    name: String,
    #[expect(dead_code, reason = "any listener or rule of the target")]
    section_name: Option<String>,
}

#[derive(Debug, Deserialize)]
enum MergeType {
    StrategicMerge,
    JSONMerge,
}

/// One module of the policy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wasm {
    name: Option<String>,
    #[serde(rename = "rootID")]
    root_id: Option<String>,
    code: Code,
    #[serde(default)]
    config: Value,
    /// Whether requests pass if the filter has failed.
    #[serde(default, rename = "failOpen")]
    pub fail_open: bool,
    #[serde(default)]
    env: Env,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Code {
    #[serde(rename = "type")]
    source: Source,
    http: Option<Http>,
    image: Option<Image>,
    #[expect(dead_code, reason = "its values are checked by being read")]
    pull_policy: Option<PullPolicy>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
enum Source {
    #[serde(rename = "HTTP")]
    Http,
    Image,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Http {
    url: String,
    sha256: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Image {
    url: String,
    sha256: Option<String>,
    #[expect(dead_code, reason = "its values are checked by being read")]
    pull_secret_ref: Option<SecretRef>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "its values are checked by being read")]
struct SecretRef {
    kind: SecretKind,
    name: String,
}

#[derive(Debug, Deserialize)]
enum SecretKind {
    Secret,
}

#[derive(Debug, Deserialize)]
enum PullPolicy {
    IfNotPresent,
    Always,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Env {
    #[serde(default)]
    host_keys: Vec<String>,
}

impl EnvoyExtensionPolicy {
    /// Returns the modules, in the order of the chain.
    pub fn wasm(&self) -> &[Wasm] {
        &self.wasm
    }
}

impl Wasm {
    /// Returns the filter as Envoy Gateway passes it to Envoy, with its configuration as JSON text.
    pub fn filter(&self) -> Configured {
        let name = self.root_id.as_ref().or(self.name.as_ref());
        Configured {
            name: name.cloned().unwrap_or_default(),
            config: self.config.clone(),
            env: BTreeMap::new(),
            host_env: self.env.host_keys.clone(),
        }
    }
}

impl Checked for EnvoyExtensionPolicy {
    const IS: (&'static str, &'static str) =
        ("gateway.envoyproxy.io/v1alpha1", "EnvoyExtensionPolicy");

    fn check(&self) -> Result<()> {
        ensure!(!self.target_refs.is_empty(), "targetRefs: none");
        for target in &self.target_refs {
            let kinds = ["Gateway", "ListenerSet", "HTTPRoute", "GRPCRoute"];
            ensure!(
                target.group == "gateway.networking.k8s.io"
                    && kinds.contains(&target.kind.as_str())
                    && !target.name.is_empty(),
                "targetRefs: {target:?} is none of {kinds:?} of gateway.networking.k8s.io"
            );
        }
        ensure!(self.wasm.len() <= 16, "wasm: more than 16");
        self.wasm.iter().try_for_each(|wasm| wasm.code.check())
    }
}

impl Code {
    fn check(&self) -> Result<()> {
        ensure!(
            (self.source == Source::Http) == self.http.is_some(),
            "code.http: there with type HTTP, and only then"
        );
        ensure!(
            (self.source == Source::Image) == self.image.is_some(),
            "code.image: there with type Image, and only then"
        );
        let mut checksums = Vec::new();
        if let Some(http) = &self.http {
            let known = ["http://", "https://"];
            ensure!(
                known.iter().any(|scheme| http.url.starts_with(scheme)),
                "code.http.url: {:?} is not http or https",
                http.url
            );
            checksums.extend(&http.sha256);
        }
        if let Some(image) = &self.image {
            check_image("code.image.url", &image.url)?;
            checksums.extend(&image.sha256);
        }
        checksums
            .into_iter()
            .try_for_each(|checksum| check_sha256("code.sha256", checksum))
    }
}
