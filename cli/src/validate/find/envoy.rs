//! Plugins in Envoy's own resources: bootstraps, LDS and ECDS files, and patches of them.

use super::{Config, Fault, Plugin, Severity, line_of, texts};
use crate::nearest::nearest;
use crate::validate::yaml::Node;

/// Fields of `envoy.extensions.wasm.v3.PluginConfig` (Envoy 1.40).
const PLUGIN: &[&str] = &[
    "name",
    "root_id",
    "vm_config",
    "configuration",
    "fail_open",
    "failure_policy",
    "reload_config",
    "capability_restriction_config",
    "allow_on_headers_stop_iteration",
];

/// Fields of `envoy.extensions.wasm.v3.VmConfig` (Envoy 1.40).
const VM: &[&str] = &[
    "vm_id",
    "runtime",
    "code",
    "configuration",
    "allow_precompiled",
    "nack_on_code_cache_miss",
    "environment_variables",
];

/// Returns all plugins below a node. Envoy's `PluginConfig` may be in a listener, an ECDS resource,
/// a patch or a `TypedStruct`; it is recognized by its keys.
pub(super) fn plugins(document: &Node) -> Vec<Plugin<'_>> {
    let mut found = Vec::new();
    walk(document, false, &mut found);
    found
}

fn walk<'a>(node: &'a Node, by_ecds: bool, found: &mut Vec<Plugin<'a>>) {
    match node {
        Node::Scalar { .. } => {}
        Node::List(items) => items.iter().for_each(|item| walk(item, by_ecds, found)),
        Node::Map(entries) => {
            let is_ecds = |url| message_of(url) == "envoy.config.core.v3.TypedExtensionConfig";
            let by_ecds = by_ecds || node.text_at(&["@type"]).is_some_and(is_ecds);
            let typed = node
                .text_at(&["configuration", "@type"])
                .is_some_and(is_wasm_type);
            if typed || matches!(node.get("vm_config"), Some(Node::Map(_))) {
                found.push(plugin_config(node, by_ecds));
            } else {
                let values = entries.iter().map(|entry| &entry.value);
                values.for_each(|value| walk(value, by_ecds, found));
            }
        }
    }
}

fn is_wasm_type(url: &str) -> bool {
    matches!(
        message_of(url),
        "google.protobuf.Struct" | "google.protobuf.StringValue"
    )
}

fn message_of(type_url: &str) -> &str {
    type_url.rsplit('/').next().unwrap_or(type_url)
}

/// `envoy.extensions.wasm.v3.PluginConfig`.
fn plugin_config(node: &Node, by_ecds: bool) -> Plugin<'_> {
    let vm = node.get("vm_config");
    let code = |keys: &[&str]| vm?.get("code")?.text_at(keys);
    let environment = node.at(&["vm_config", "environment_variables"]);
    let hosts = environment
        .and_then(|e| e.get("host_env_keys"))
        .map(Node::items)
        .unwrap_or_default();
    let uri = vm.and_then(|vm| vm.at(&["code", "remote", "http_uri"]));
    Plugin {
        module: code(&["local", "filename"]).or_else(|| code(&["remote", "http_uri", "uri"])),
        root_id: node.text_at(&["root_id"]),
        name: node.text_at(&["name"]),
        config: node.get("configuration").map_or(Config::Absent, any),
        config_line: node
            .get("configuration")
            .and_then(|any| line_of(any, "value"))
            .or_else(|| line_of(node, "configuration")),
        variables: environment
            .and_then(|e| e.get("key_values"))
            .map(texts)
            .unwrap_or_default(),
        host_variables: hosts.iter().filter_map(Node::text).collect(),
        faults: faults(node, by_ecds),
        fails_open: fails_open(node),
        clusters: uri
            .and_then(|uri| {
                Some((
                    line_of(uri, "cluster"),
                    uri.text_at(&["cluster"])?.to_owned(),
                ))
            })
            .into_iter()
            .collect(),
        ..Plugin::bare(node)
    }
}

fn faults(plugin: &Node, by_ecds: bool) -> Vec<Fault> {
    let vm = plugin.get("vm_config");
    let mut faults = unknown_fields(plugin, "config", PLUGIN);
    if let Some(vm) = vm {
        faults.extend(unknown_fields(vm, "vm_config", VM));
        if vm.get("configuration").is_some() {
            let message = "vm_config.configuration does not reach the filter; move it to `configuration` beside vm_config";
            faults.push((
                Severity::Warning,
                line_of(vm, "configuration"),
                message.to_owned(),
            ));
        }
        let nack = vm.text_at(&["nack_on_code_cache_miss"]) == Some("true");
        if by_ecds && vm.at(&["code", "remote"]).is_some() && !nack {
            let message = "vm_config.code.remote: by ECDS Envoy lets every request pass unfiltered; set vm_config.nack_on_code_cache_miss: true, or use code.local";
            faults.push((Severity::Error, line_of(vm, "code"), message.to_owned()));
        }
    }
    faults
}

fn unknown_fields(node: &Node, at: &str, known: &[&str]) -> Vec<Fault> {
    let is_known = |key: &str| {
        known
            .iter()
            .any(|field| node.entry(field).is_some_and(|e| e.key == key))
    };
    node.entries()
        .iter()
        .filter(|entry| entry.key != "@type" && !is_known(&entry.key))
        .map(|entry| {
            let hint = nearest(&entry.key, known.iter().copied());
            let accepted = hint.map_or_else(
                || format!("one of: {}", known.join(", ")),
                |field| format!("did you mean {field}?"),
            );
            let message = format!("{at}.{}: unknown field; {accepted}", entry.key);
            (
                Severity::Error,
                Some(entry.line).filter(|l| *l > 0),
                message,
            )
        })
        .collect()
}

fn fails_open(plugin: &Node) -> Option<(Option<usize>, String)> {
    // A protobuf enum may be written as a name or a number.
    let by_policy = matches!(plugin.text_at(&["failure_policy"]), Some("FAIL_OPEN" | "3"));
    let by_flag = plugin.text_at(&["fail_open"]) == Some("true");
    if by_policy {
        let setting = "failure_policy: FAIL_OPEN".to_owned();
        Some((line_of(plugin, "failure_policy"), setting))
    } else {
        by_flag.then(|| (line_of(plugin, "fail_open"), "fail_open: true".to_owned()))
    }
}

/// Reads a `google.protobuf.Any` in its JSON form.
fn any(node: &Node) -> Config<'_> {
    let Some(type_url) = node.text_at(&["@type"]) else {
        return Config::Broken(
            "\"@type\" is missing; use type.googleapis.com/google.protobuf.Struct".to_owned(),
        );
    };
    let stray = node
        .entries()
        .iter()
        .find(|entry| !matches!(entry.key.as_str(), "@type" | "value"));
    if let Some(stray) = stray {
        return Config::Broken(format!("\"{}\" belongs under \"value\"", stray.key));
    }
    match (message_of(type_url), node.get("value")) {
        ("google.protobuf.Struct" | "google.protobuf.StringValue", None) => Config::Absent,
        ("google.protobuf.Struct", Some(value @ Node::Map(_))) => Config::Struct(value),
        ("google.protobuf.Struct", Some(_)) => {
            Config::Broken("\"value\" of a Struct must be a mapping".to_owned())
        }
        ("google.protobuf.StringValue", Some(value @ Node::Scalar { .. })) => Config::Text(value),
        ("google.protobuf.StringValue", Some(_)) => Config::Broken(
            "\"value\" of a StringValue must be text; for a mapping use google.protobuf.Struct"
                .to_owned(),
        ),
        (other, _) => Config::Broken(format!(
            "{other} is not checked here; one of: google.protobuf.Struct, google.protobuf.StringValue"
        )),
    }
}
