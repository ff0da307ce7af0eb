//! Checks resources of Istio and Envoy Gateway against the projects' published definitions
//! (`crds/`).
//!
//! Checks what the API server itself checks: types, required and unknown fields, enums, patterns,
//! bounds and compositions, but not CEL rules. A JSON Schema library would report neither the line
//! nor the field that was probably meant, and a structural schema of Kubernetes implicitly rejects
//! unknown fields.

mod schema;

use serde_json::Value;

use super::Severity;
use super::scalar::Reader;
use super::yaml::Node;
use crate::nearest::nearest;
use schema::{composition_fault, names, own_fault};

const DEFINITIONS: [&str; 3] = [
    include_str!("crds/wasmplugin.json"),
    include_str!("crds/envoyfilter.json"),
    include_str!("crds/envoyextensionpolicy.json"),
];

/// What is wrong with a resource.
pub(super) struct Fault {
    pub(super) severity: Severity,
    pub(super) line: Option<usize>,
    pub(super) message: String,
}

/// Returns all faults of a document, if it is a resource with a known definition.
pub(super) fn faults(document: &Node) -> Vec<Fault> {
    let kind = document.text_at(&["kind"]).unwrap_or_default();
    let definition = DEFINITIONS
        .iter()
        .filter_map(|text| serde_json::from_str::<Value>(text).ok())
        .find(|definition| definition["kind"] == kind);
    let Some(definition) = definition else {
        return Vec::new();
    };
    let mut walk = Walk {
        kind,
        line: document.line(),
        faults: Vec::new(),
    };
    let version = document.text_at(&["apiVersion"]).unwrap_or_default();
    let Some(schema) = definition["apiVersions"].get(version) else {
        let known = definition["apiVersions"].as_object();
        let known: Vec<_> = known.into_iter().flat_map(|k| k.keys()).cloned().collect();
        let accepted = known.join(", ");
        let message = format!("\"{version}\" has no such kind; accepted: {accepted}");
        walk.add("apiVersion", message);
        return walk.faults;
    };
    for entry in document.entries() {
        if !["apiVersion", "kind", "metadata", "spec", "status"].contains(&entry.key.as_str()) {
            walk.under(entry.line, |walk| {
                walk.add(&entry.key, "unknown field".to_owned());
            });
        }
    }
    let name = document.text_at(&["metadata", "name"]).unwrap_or_default();
    if name.is_empty() && document.at(&["metadata", "generateName"]).is_none() {
        walk.add("metadata.name", "is missing".to_owned());
    }
    match document.entry("spec") {
        Some(spec) => walk.under(spec.line, |walk| walk.node("spec", &spec.value, schema)),
        None => walk.add("spec", "is missing".to_owned()),
    }
    walk.faults
}

struct Walk<'a> {
    kind: &'a str,
    /// The line of the current key.
    line: Option<usize>,
    faults: Vec<Fault>,
}

impl Walk<'_> {
    fn add(&mut self, path: &str, what: String) {
        self.faults.push(Fault {
            severity: Severity::Error,
            line: self.line,
            message: format!("{}: {path}: {what}", self.kind),
        });
    }

    fn under(&mut self, line: usize, look: impl FnOnce(&mut Self)) {
        let outer = self.line;
        if line > 0 {
            self.line = Some(line);
        }
        look(self);
        self.line = outer;
    }

    fn node(&mut self, path: &str, node: &Node, schema: &Value) {
        let value = Reader::Kubernetes.value(node);
        if value.is_null() && schema["nullable"] == true {
            return;
        }
        if let Some(what) = own_fault(&value, schema) {
            return self.add(path, what);
        }
        if let Some(what) = composition_fault(&value, schema) {
            self.add(path, what);
        }
        match node {
            Node::Map(entries) => {
                for field in names(&schema["required"]) {
                    if value.get(field).is_none() {
                        self.add(&format!("{path}.{field}"), "is missing".to_owned());
                    }
                }
                for entry in entries {
                    let path = format!("{path}.{}", entry.key);
                    self.under(entry.line, |walk| {
                        walk.field(&path, &entry.key, &entry.value, schema);
                    });
                }
            }
            Node::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    let line = item.line().unwrap_or_default();
                    self.under(line, |walk| walk.node(&path, item, &schema["items"]));
                }
            }
            Node::Scalar { .. } => {}
        }
    }

    fn field(&mut self, path: &str, key: &str, value: &Node, schema: &Value) {
        if let Some(schema) = schema["properties"].get(key) {
            return self.node(path, value, schema);
        }
        if schema["additionalProperties"].is_object() {
            return self.node(path, value, &schema["additionalProperties"]);
        }
        let is_open = schema["x-kubernetes-preserve-unknown-fields"] == true;
        // A configuration under the other project's key is reported where the plugin is found.
        let is_misplaced = matches!(
            (self.kind, key),
            ("WasmPlugin", "config") | ("EnvoyExtensionPolicy", "pluginConfig")
        );
        if schema["properties"].is_object() && !is_open && !is_misplaced {
            let known = schema["properties"].as_object();
            let known: Vec<&str> = known
                .into_iter()
                .flat_map(|k| k.keys())
                .map(String::as_str)
                .collect();
            let accepted = match nearest(key, known.iter().copied()) {
                Some(field) => format!("did you mean {field}?"),
                None => format!("one of: {}", known.join(", ")),
            };
            self.add(path, format!("unknown field; {accepted}"));
        }
    }
}

#[cfg(test)]
mod tests;
