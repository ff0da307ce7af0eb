//! Finds the plugins in a document: Envoy's own resources at any position, and the resources of
//! Istio and Envoy Gateway.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Severity;
use super::scalar::Reader;
use super::yaml::{self, Node};
use crate::catalog::{FILTERS, Filter};

mod envoy;
mod kubernetes;

/// What is wrong with the settings around a configuration: severity, line and message.
pub(super) type Fault = (Severity, Option<usize>, String);

/// A Wasm plugin as configured by a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plugin<'a> {
    /// File, URL or image of the module.
    pub(super) module: Option<&'a str>,
    /// Envoy's `root_id`.
    pub(super) root_id: Option<&'a str>,
    /// The plugin's name.
    pub(super) name: Option<&'a str>,
    /// The line on which it begins.
    pub(super) line: Option<usize>,
    /// The configuration, and how it is passed to the filter.
    pub(super) config: Config<'a>,
    /// The line of the key that contains it.
    pub(super) config_line: Option<usize>,
    /// Environment variables that the document itself sets.
    pub(super) variables: BTreeMap<String, String>,
    /// Environment variables inherited from the process that runs Envoy.
    pub(super) host_variables: Vec<&'a str>,
    /// Mistakes in the document itself.
    pub(super) faults: Vec<Fault>,
    /// The setting that lets requests through while the filter cannot run, and its line.
    pub(super) fails_open: Option<(Option<usize>, String)>,
    /// The setting to use instead.
    pub(super) closed: &'static str,
    /// Clusters that the plugin's own settings refer to.
    pub(super) clusters: Vec<(Option<usize>, String)>,
}

/// The form in which a configuration reaches the filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Config<'a> {
    /// There is no configuration.
    Absent,
    /// `google.protobuf.StringValue`: the text of this scalar.
    Text(&'a Node),
    /// `google.protobuf.Struct`: binary protobuf.
    Struct(&'a Node),
    /// JSON text that a control plane creates from a mapping.
    Json(&'a Node),
    /// Envoy itself would reject it, for this reason.
    Broken(String),
}

/// Returns all plugins of a document.
pub(super) fn plugins(document: &Node) -> Vec<Plugin<'_>> {
    match document.text_at(&["kind"]) {
        Some("WasmPlugin") => document
            .get("spec")
            .map(kubernetes::wasm_plugin)
            .into_iter()
            .collect(),
        Some("EnvoyExtensionPolicy") => document
            .at(&["spec", "wasm"])
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .map(kubernetes::extension_policy)
            .collect(),
        _ => envoy::plugins(document),
    }
}

impl Config<'_> {
    /// Returns the configuration as the filter sees it, if it can be read.
    pub(super) fn value(&self, reader: Reader) -> Option<Value> {
        match self {
            Self::Struct(node) | Self::Json(node) => Some(reader.value(node)),
            Self::Text(scalar) => serde_json::from_str(scalar.text()?).ok(),
            Self::Absent | Self::Broken(_) => None,
        }
    }

    /// Visits every scalar of the configuration. For text, only the content is known, not its
    /// lines.
    pub(super) fn visit(&self, see: &mut dyn FnMut(&str, Option<usize>, &str)) {
        match self {
            Self::Struct(node) | Self::Json(node) => node.visit(see),
            Self::Text(scalar) => {
                let text = scalar.text().unwrap_or_default();
                for node in yaml::parse_json(text).unwrap_or_default() {
                    node.visit(&mut |key, _, text| see(key, None, text));
                }
            }
            Self::Absent | Self::Broken(_) => {}
        }
    }
}

impl<'a> Plugin<'a> {
    /// Creates a plugin for a configuration without surrounding settings.
    pub(super) fn bare(config: &'a Node) -> Self {
        Self {
            module: None,
            root_id: None,
            name: None,
            line: config.line(),
            config: match config {
                Node::Scalar { .. } => Config::Text(config),
                _ => Config::Struct(config),
            },
            config_line: None,
            variables: BTreeMap::new(),
            host_variables: Vec::new(),
            faults: Vec::new(),
            fails_open: None,
            closed: "failure_policy: FAIL_RELOAD",
            clusters: Vec::new(),
        }
    }

    /// Returns the filter, identified by its module, then by `root_id`, then by name.
    pub(super) fn filter(&self) -> Option<&'static Filter> {
        [self.module.map(module_name), self.root_id, self.name]
            .into_iter()
            .flatten()
            .find_map(|name| FILTERS.iter().find(|filter| is_called(name, filter.name)))
    }

    /// Returns the name under which a reader of the document knows it.
    pub(super) fn label(&self) -> &str {
        self.module
            .or(self.name)
            .or(self.root_id)
            .unwrap_or("a module without a name")
    }
}

fn texts(node: &Node) -> BTreeMap<String, String> {
    node.entries()
        .iter()
        .filter_map(|entry| Some((entry.key.clone(), entry.value.text()?.to_owned())))
        .collect()
}

/// Returns the line of a key, if it exists.
fn line_of(node: &Node, key: &str) -> Option<usize> {
    node.entry(key)
        .map(|entry| entry.line)
        .filter(|line| *line > 0)
}

/// Returns the last part of a file, URL or image, without tag, digest, query and extension.
fn module_name(module: &str) -> &str {
    let path = module.split(['?', '#', '@']).next().unwrap_or(module);
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split(':')
        .next()
        .unwrap_or(file)
        .trim_end_matches(".wasm")
}

/// Whether a name means this filter: `header-rewrite`, `header_rewrite` and `header-rewrite-1.2.0`
/// all mean `header-rewrite`.
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
