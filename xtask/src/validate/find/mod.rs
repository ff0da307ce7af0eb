//! Finds the plugins in a document: Envoy's own resources wherever they stand, and the resources of Istio and of
//! Envoy Gateway.

use std::collections::BTreeMap;

use super::yaml::Node;

/// A Wasm plugin as a document configures it.
#[derive(Debug, PartialEq)]
pub(super) struct Plugin<'a> {
    /// File, URL or image of the module.
    pub(super) module: Option<&'a str>,
    /// Envoy's `root_id`.
    pub(super) root_id: Option<&'a str>,
    /// The plugin's name.
    pub(super) name: Option<&'a str>,
    /// The configuration, and how the filter gets it.
    pub(super) config: Config<'a>,
    /// Environment variables that the document itself sets.
    pub(super) variables: BTreeMap<String, String>,
    /// Environment variables that come from the process that runs Envoy.
    pub(super) host_variables: Vec<&'a str>,
    /// A module by URL that comes by ECDS, without `nack_on_code_cache_miss`: Envoy lets every request pass.
    pub(super) opens_the_door: bool,
}

/// In which form a configuration reaches the filter.
#[derive(Debug, PartialEq)]
pub(super) enum Config<'a> {
    /// There is none.
    Absent,
    /// `google.protobuf.StringValue`: this very text.
    Text(&'a str),
    /// `google.protobuf.Struct`: binary protobuf.
    Struct(&'a Node),
    /// JSON text, made by a control plane from the mapping it was given.
    Json(&'a Node),
    /// What Envoy itself would refuse, and why.
    Broken(String),
}

/// All plugins of a document.
pub(super) fn plugins(document: &Node) -> Vec<Plugin<'_>> {
    let mut found = Vec::new();
    match document.text_at(&["kind"]) {
        Some("WasmPlugin") => found.extend(document.get("spec").map(wasm_plugin)),
        Some("EnvoyExtensionPolicy") => {
            let wasm = document
                .at(&["spec", "wasm"])
                .map(Node::items)
                .unwrap_or_default();
            found.extend(wasm.iter().map(extension_policy));
        }
        _ => walk(document, false, &mut found),
    }
    found
}

/// Envoy's `PluginConfig` may stand in a listener, an ECDS resource, a patch or a `TypedStruct`: it is told by its keys.
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
                let plugin = plugin_config(node);
                let opens_the_door = by_ecds && waits_in_the_open(node);
                found.push(Plugin {
                    opens_the_door,
                    ..plugin
                });
            } else {
                let values = entries.iter().map(|entry| &entry.value);
                values.for_each(|value| walk(value, by_ecds, found));
            }
        }
    }
}

fn waits_in_the_open(plugin: &Node) -> bool {
    let nack = plugin.text_at(&["vm_config", "nack_on_code_cache_miss"]);
    plugin.at(&["vm_config", "code", "remote"]).is_some() && nack != Some("true")
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
fn plugin_config(node: &Node) -> Plugin<'_> {
    let code = |keys: &[&str]| node.get("vm_config")?.get("code")?.text_at(keys);
    let environment = node.at(&["vm_config", "environment_variables"]);
    let hosts = environment
        .and_then(|e| e.get("host_env_keys"))
        .map(Node::items)
        .unwrap_or_default();
    Plugin {
        module: code(&["local", "filename"]).or_else(|| code(&["remote", "http_uri", "uri"])),
        root_id: node.text_at(&["root_id"]),
        name: node.text_at(&["name"]),
        config: node.get("configuration").map_or(Config::Absent, any),
        variables: environment
            .and_then(|e| e.get("key_values"))
            .map(texts)
            .unwrap_or_default(),
        host_variables: hosts.iter().filter_map(Node::text).collect(),
        opens_the_door: false,
    }
}

/// A `google.protobuf.Any` in its JSON form.
fn any(node: &Node) -> Config<'_> {
    let Some(type_url) = node.text_at(&["@type"]) else {
        return Config::Broken(
            "\"@type\" is missing; use type.googleapis.com/google.protobuf.Struct".to_owned(),
        );
    };
    if let Node::Map(entries) = node
        && let Some(stray) = entries
            .iter()
            .find(|entry| !matches!(entry.key.as_str(), "@type" | "value"))
    {
        return Config::Broken(format!("\"{}\" belongs under \"value\"", stray.key));
    }
    match (message_of(type_url), node.get("value")) {
        ("google.protobuf.Struct" | "google.protobuf.StringValue", None) => Config::Absent,
        ("google.protobuf.Struct", Some(value @ Node::Map(_))) => Config::Struct(value),
        ("google.protobuf.Struct", Some(_)) => {
            Config::Broken("\"value\" of a Struct must be a mapping".to_owned())
        }
        ("google.protobuf.StringValue", Some(Node::Scalar { text, .. })) => Config::Text(text),
        ("google.protobuf.StringValue", Some(_)) => Config::Broken(
            "\"value\" of a StringValue must be text; for a mapping use google.protobuf.Struct"
                .to_owned(),
        ),
        (other, _) => Config::Broken(format!(
            "{other} is not checked here; one of: google.protobuf.Struct, google.protobuf.StringValue"
        )),
    }
}

/// The `spec` of Istio's `WasmPlugin`.
fn wasm_plugin(spec: &Node) -> Plugin<'_> {
    let variables = spec
        .at(&["vm_config", "env"])
        .map(Node::items)
        .unwrap_or_default();
    let (from_host, inline): (Vec<&Node>, Vec<&Node>) = variables
        .iter()
        .partition(|variable| variable.text_at(&["value_from"]) == Some("HOST"));
    Plugin {
        module: spec.text_at(&["url"]),
        root_id: None,
        name: spec.text_at(&["plugin_name"]),
        config: spec
            .get("plugin_config")
            .map_or(Config::Absent, Config::Json),
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
        opens_the_door: false,
    }
}

/// One of `spec.wasm` of Envoy Gateway's `EnvoyExtensionPolicy`.
fn extension_policy(wasm: &Node) -> Plugin<'_> {
    let hosts = wasm
        .at(&["env", "host_keys"])
        .map(Node::items)
        .unwrap_or_default();
    Plugin {
        module: wasm
            .text_at(&["code", "http", "url"])
            .or_else(|| wasm.text_at(&["code", "image", "url"])),
        root_id: wasm.text_at(&["rootID"]),
        name: wasm.text_at(&["name"]),
        config: wasm.get("config").map_or(Config::Absent, Config::Json),
        variables: BTreeMap::new(),
        host_variables: hosts.iter().filter_map(Node::text).collect(),
        opens_the_door: false,
    }
}

fn texts(node: &Node) -> BTreeMap<String, String> {
    match node {
        Node::Map(entries) => entries
            .iter()
            .filter_map(|entry| Some((entry.key.clone(), entry.value.text()?.to_owned())))
            .collect(),
        _ => BTreeMap::new(),
    }
}

impl Plugin<'_> {
    /// Which of `filters` this is: by its module, then by `root_id`, then by name.
    pub(super) fn filter<'f>(&self, filters: &[&'f str]) -> Option<&'f str> {
        [self.module.map(module_name), self.root_id, self.name]
            .into_iter()
            .flatten()
            .find_map(|name| {
                filters
                    .iter()
                    .copied()
                    .find(|filter| is_called(name, filter))
            })
    }

    /// How a reader of the document would call it.
    pub(super) fn label(&self) -> &str {
        self.module
            .or(self.name)
            .or(self.root_id)
            .unwrap_or("a module without a name")
    }
}

/// The last part of a file, URL or image, without tag, digest, query and ending.
fn module_name(module: &str) -> &str {
    let path = module.split(['?', '#', '@']).next().unwrap_or(module);
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split(':')
        .next()
        .unwrap_or(file)
        .trim_end_matches(".wasm")
}

/// `header-rewrite`, `header_rewrite` and `header-rewrite-1.2.0` all name the filter `header-rewrite`.
fn is_called(name: &str, filter: &str) -> bool {
    let name = name.replace('_', "-");
    let Some(rest) = name.strip_prefix(filter) else {
        return false;
    };
    let version = rest.trim_start_matches(['-', 'v']);
    rest.is_empty() || (rest.starts_with('-') && version.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
