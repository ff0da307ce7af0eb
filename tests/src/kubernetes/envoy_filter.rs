//! Istio's `EnvoyFilter`.
//!
//! After istio/api, `networking/v1alpha3/envoy_filter.proto`, whose annotations make the definition in
//! `kubernetes/customresourcedefinitions.gen.yaml`.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::Checked;

/// The `spec` of an `EnvoyFilter`, as far as it adds HTTP filters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvoyFilter {
    workload_selector: Option<WorkloadSelector>,
    config_patches: Vec<ConfigPatch>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkloadSelector {
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConfigPatch {
    #[expect(dead_code, reason = "its values are checked by being read")]
    apply_to: ApplyTo,
    #[serde(rename = "match")]
    matches: ObjectMatch,
    patch: Patch,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum ApplyTo {
    HttpFilter,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectMatch {
    #[expect(dead_code, reason = "its values are checked by being read")]
    context: Context,
    listener: ListenerMatch,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Context {
    Any,
    SidecarInbound,
    SidecarOutbound,
    Gateway,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListenerMatch {
    filter_chain: FilterChain,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FilterChain {
    filter: NetworkFilter,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NetworkFilter {
    name: String,
    sub_filter: SubFilter,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubFilter {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Patch {
    operation: Operation,
    value: Value,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Operation {
    InsertBefore,
    InsertFirst,
}

impl EnvoyFilter {
    /// The filters that it puts before the router, in the order of the chain.
    pub fn filters(&self) -> Vec<Value> {
        let values = |operation: Operation| {
            let patches = self.config_patches.iter();
            patches
                .filter(move |patch| patch.patch.operation == operation)
                .map(|patch| patch.patch.value.clone())
        };
        // Each goes before what was first until then.
        let first: Vec<_> = values(Operation::InsertFirst).collect();
        let before = values(Operation::InsertBefore);
        first.into_iter().rev().chain(before).collect()
    }
}

impl Checked for EnvoyFilter {
    const IS: (&'static str, &'static str) = ("networking.istio.io/v1alpha3", "EnvoyFilter");

    fn check(&self) -> Result<()> {
        if let Some(selector) = &self.workload_selector {
            ensure!(!selector.labels.is_empty(), "workloadSelector: no labels");
        }
        ensure!(!self.config_patches.is_empty(), "configPatches: none");
        for patch in &self.config_patches {
            let filter = &patch.matches.listener.filter_chain.filter;
            ensure!(
                filter.name == "envoy.filters.network.http_connection_manager"
                    && filter.sub_filter.name == "envoy.filters.http.router",
                "configPatches.match: not the router of the HTTP connection manager"
            );
            ensure!(
                patch.patch.value.get("typed_config").is_some(),
                "configPatches.patch.value: no typed_config"
            );
        }
        Ok(())
    }
}
