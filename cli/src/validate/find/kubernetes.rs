//! Plugins in the resources of Istio and Envoy Gateway.

use super::{Config, Fault, Plugin, Severity, line_of};
use crate::validate::yaml::Node;

/// Reads the `spec` of Istio's `WasmPlugin`.
pub(super) fn wasm_plugin(spec: &Node) -> Plugin<'_> {
    let variables = spec
        .at(&["vm_config", "env"])
        .map(Node::items)
        .unwrap_or_default();
    let (from_host, inline): (Vec<&Node>, Vec<&Node>) = variables
        .iter()
        .partition(|variable| variable.text_at(&["value_from"]) == Some("HOST"));
    let (config, config_line, faults) = configuration(spec, "plugin_config", "config");
    let open = spec.text_at(&["fail_strategy"]) == Some("FAIL_OPEN");
    Plugin {
        module: spec.text_at(&["url"]),
        name: spec.text_at(&["plugin_name"]),
        config,
        config_line,
        variables: inline
            .iter()
            .filter_map(|v| {
                Some((
                    v.text_at(&["name"])?.to_owned(),
                    v.text_at(&["value"])?.to_owned(),
                ))
            })
            .collect(),
        host_variables: from_host
            .iter()
            .filter_map(|variable| variable.text_at(&["name"]))
            .collect(),
        faults,
        fails_open: open.then(|| {
            let setting = "failStrategy: FAIL_OPEN".to_owned();
            (line_of(spec, "fail_strategy"), setting)
        }),
        closed: "failStrategy: FAIL_RELOAD",
        ..Plugin::bare(spec)
    }
}

/// Reads an item of `spec.wasm` of Envoy Gateway's `EnvoyExtensionPolicy`.
pub(super) fn extension_policy(wasm: &Node) -> Plugin<'_> {
    let hosts = wasm
        .at(&["env", "host_keys"])
        .map(Node::items)
        .unwrap_or_default();
    let (config, config_line, faults) = configuration(wasm, "config", "plugin_config");
    let open = wasm.text_at(&["fail_open"]) == Some("true");
    Plugin {
        module: wasm
            .text_at(&["code", "http", "url"])
            .or_else(|| wasm.text_at(&["code", "image", "url"])),
        root_id: wasm.text_at(&["rootID"]),
        name: wasm.text_at(&["name"]),
        config,
        config_line,
        host_variables: hosts.iter().filter_map(Node::text).collect(),
        faults,
        fails_open: open.then(|| (line_of(wasm, "fail_open"), "failOpen: true".to_owned())),
        closed: "failOpen: false",
        ..Plugin::bare(wasm)
    }
}

/// Returns the configuration under its key, or under the key that the other project uses.
fn configuration<'a>(
    node: &'a Node,
    key: &str,
    other: &str,
) -> (Config<'a>, Option<usize>, Vec<Fault>) {
    let camel = crate::validate::yaml::camel_case;
    let config = |key| node.get(key).map(Config::Json);
    match (config(key), config(other)) {
        (None, Some(misplaced)) => {
            let (key, other) = (camel(key), camel(other));
            let message = format!(
                "`{other}:` is not a field of this resource, and the configuration under it has no effect; use `{key}:`"
            );
            let line = line_of(node, &other);
            (misplaced, line, vec![(Severity::Warning, line, message)])
        }
        (config, _) => (
            config.unwrap_or(Config::Absent),
            line_of(node, key),
            Vec::new(),
        ),
    }
}
