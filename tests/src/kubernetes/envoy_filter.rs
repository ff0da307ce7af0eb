//! Istio's `EnvoyFilter`.
//!
//! Based on istio/api, `networking/v1alpha3/envoy_filter.proto`, from whose annotations the
//! definition in `kubernetes/customresourcedefinitions.gen.yaml` is generated.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Checked;
use crate::yaml;

/// The part of the `spec` of an `EnvoyFilter` that adds HTTP filters and sets how requests are
/// read.
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
    apply_to: ApplyTo,
    #[serde(rename = "match")]
    matches: ObjectMatch,
    patch: Patch,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum ApplyTo {
    NetworkFilter,
    HttpFilter,
    RouteConfiguration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectMatch {
    context: Context,
    listener: Option<ListenerMatch>,
}

/// The proxies of the mesh that a patch applies to.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "Istio's names")]
pub enum Context {
    Any,
    SidecarInbound,
    SidecarOutbound,
    Gateway,
    Waypoint,
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
    sub_filter: Option<SubFilter>,
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

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Operation {
    InsertBefore,
    InsertFirst,
    Merge,
}

const CONNECTION_MANAGER: &str = "envoy.filters.network.http_connection_manager";

impl EnvoyFilter {
    /// Returns the filters that the patches insert before the router, in the order of the chain.
    pub fn filters(&self) -> Vec<Value> {
        let values = |operation: Operation| {
            self.patches(ApplyTo::HttpFilter)
                .filter(move |patch| patch.patch.operation == operation)
                .map(|patch| patch.patch.value.clone())
        };
        // `INSERT_FIRST` puts each filter before those inserted so far.
        let first: Vec<_> = values(Operation::InsertFirst).collect();
        let before = values(Operation::InsertBefore);
        first.into_iter().rev().chain(before).collect()
    }

    /// Returns what the patches merge into the HTTP connection manager of proxies of this kind,
    /// including its routes, without the `@type`.
    pub fn connection_manager(&self, context: Context) -> Value {
        let mut merged = json!({});
        let applies = |patch: &&ConfigPatch| patch.matches.context == context;
        for patch in self.patches(ApplyTo::NetworkFilter).filter(applies) {
            let mut settings = patch.patch.value["typed_config"].clone();
            if let Some(settings) = settings.as_object_mut() {
                settings.remove("@type");
            }
            yaml::merge(&mut merged, settings);
        }
        for patch in self.patches(ApplyTo::RouteConfiguration).filter(applies) {
            let routes = json!({"route_config": patch.patch.value});
            yaml::merge(&mut merged, routes);
        }
        merged
    }

    fn patches(&self, what: ApplyTo) -> impl Iterator<Item = &ConfigPatch> {
        let patches = self.config_patches.iter();
        patches.filter(move |patch| patch.apply_to == what)
    }
}

impl ConfigPatch {
    /// Checks that Istio finds the object to patch, and can patch it.
    fn check(&self) -> Result<()> {
        let filter = self.matches.listener.as_ref();
        let filter = filter.map(|listener| &listener.filter_chain.filter);
        let found = filter.map(|filter| {
            let sub_filter = filter.sub_filter.as_ref();
            (
                filter.name.as_str(),
                sub_filter.map(|filter| filter.name.as_str()),
            )
        });
        let (patched, by_merging) = match self.apply_to {
            ApplyTo::HttpFilter => (
                Some((CONNECTION_MANAGER, Some("envoy.filters.http.router"))),
                false,
            ),
            ApplyTo::NetworkFilter => (Some((CONNECTION_MANAGER, None)), true),
            ApplyTo::RouteConfiguration => (None, true),
        };
        ensure!(
            found == patched,
            "configPatches.match: {found:?} is not {patched:?}"
        );
        ensure!(
            (self.patch.operation == Operation::Merge) == by_merging,
            "configPatches.patch.operation: {:?} of {:?}",
            self.patch.operation,
            self.apply_to
        );
        let is_typed = self.patch.value.get("typed_config").is_some();
        ensure!(
            is_typed != (self.apply_to == ApplyTo::RouteConfiguration),
            "configPatches.patch.value: a filter has a typed_config, routes have none"
        );
        Ok(())
    }
}

impl Checked for EnvoyFilter {
    const IS: (&'static str, &'static str) = ("networking.istio.io/v1alpha3", "EnvoyFilter");

    fn check(&self) -> Result<()> {
        if let Some(selector) = &self.workload_selector {
            ensure!(!selector.labels.is_empty(), "workloadSelector: no labels");
        }
        ensure!(!self.config_patches.is_empty(), "configPatches: none");
        self.config_patches.iter().try_for_each(ConfigPatch::check)
    }
}
