//! Resources of Istio and Envoy Gateway, held against the projects' published definitions
//! (`crds/`).
//!
//! What the API server itself checks: types, required and unknown fields, enums, patterns, bounds,
//! compositions; not the rules in CEL. A library for JSON Schema would say neither the line nor the
//! field that was meant, and a structural schema of Kubernetes refuses unknown fields without
//! saying so.

use serde_json::Value;

use super::Severity;
use super::scalar::Reader;
use super::yaml::Node;
use crate::nearest::nearest;

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

/// All faults of a document, if it is a resource whose definition is known.
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
    /// Of the key that is looked at.
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
        // The other project's name for the configuration is warned of where the plugin is found.
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

/// What is wrong with a value by itself.
fn own_fault(value: &Value, schema: &Value) -> Option<String> {
    if schema["x-kubernetes-int-or-string"] == true {
        let fits = value.is_i64() || value.is_u64() || value.is_string();
        return (!fits).then(|| format!("{value} is neither an integer nor a string"));
    }
    let fits = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        _ => true,
    };
    if !fits {
        let wanted = schema["type"].as_str().unwrap_or_default();
        return Some(format!("{value} is not of type {wanted}"));
    }
    if let Some(accepted) = schema["enum"].as_array()
        && !accepted.contains(value)
    {
        let accepted: Vec<_> = names(&schema["enum"]).collect();
        return Some(format!("{value} is not one of: {}", accepted.join(", ")));
    }
    let count = match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => 0,
    } as f64;
    let measured = value.as_f64().unwrap_or(count);
    let bound = |name: &str| schema[name].as_f64();
    for (least, most) in [
        ("minLength", "maxLength"),
        ("minItems", "maxItems"),
        ("minProperties", "maxProperties"),
        ("minimum", "maximum"),
    ] {
        if let Some(least) = bound(least)
            && measured < least
        {
            return Some(format!("{measured} is below the minimum of {least}"));
        }
        if let Some(most) = bound(most)
            && measured > most
        {
            return Some(format!("{measured} exceeds the maximum of {most}"));
        }
    }
    let pattern = regex::Regex::new(schema["pattern"].as_str()?).ok()?;
    let matches = value.as_str().is_none_or(|text| pattern.is_match(text));
    (!matches).then(|| format!("{value} does not match {pattern}"))
}

fn composition_fault(value: &Value, schema: &Value) -> Option<String> {
    let list = |name: &str| schema[name].as_array().map(Vec::as_slice);
    let fitting = |list: &[Value]| list.iter().filter(|schema| fits(value, schema)).count();
    let fields = |list: &[Value]| {
        let mut fields = Vec::new();
        list.iter().for_each(|schema| required(schema, &mut fields));
        fields.sort_unstable();
        fields.dedup();
        fields.join(", ")
    };
    let inner = list("allOf").unwrap_or_default().iter();
    if let Some(what) = inner.filter_map(|schema| own_fault(value, schema)).next() {
        return Some(what);
    }
    if let Some(all) = list("allOf")
        && fitting(all) < all.len()
    {
        return Some(format!("needs all of: {}", fields(all)));
    }
    if let Some(any) = list("anyOf")
        && schema["x-kubernetes-int-or-string"] != true
        && fitting(any) == 0
    {
        return Some(format!("needs one of: {}", fields(any)));
    }
    if let Some(one) = list("oneOf")
        && fitting(one) != 1
    {
        return Some(format!("takes only one of: {}", fields(one)));
    }
    let not = schema.get("not")?;
    fits(value, not).then(|| format!("must not have: {}", fields(std::slice::from_ref(not))))
}

/// Whether a value fits a schema inside a composition, which adds conditions and no fields.
fn fits(value: &Value, schema: &Value) -> bool {
    own_fault(value, schema).is_none()
        && composition_fault(value, schema).is_none()
        && names(&schema["required"]).all(|field| value.get(field).is_some())
        && schema["properties"].as_object().is_none_or(|fields| {
            fields
                .iter()
                .all(|(name, schema)| value.get(name).is_none_or(|value| fits(value, schema)))
        })
}

/// The fields that a composition asks for.
fn required<'s>(schema: &'s Value, fields: &mut Vec<&'s str>) {
    fields.extend(names(&schema["required"]));
    for name in ["allOf", "anyOf", "oneOf"] {
        let list = schema[name].as_array();
        list.into_iter()
            .flatten()
            .for_each(|schema| required(schema, fields));
    }
    if let Some(schema) = schema.get("not") {
        required(schema, fields);
    }
}

fn names(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::*;

    fn messages(text: &str) -> Vec<(Option<usize>, String)> {
        let documents = yaml::parse(text).unwrap();
        let found = faults(&documents[0]).into_iter();
        found.map(|fault| (fault.line, fault.message)).collect()
    }

    #[test]
    fn a_resource_is_held_against_its_definition() {
        let istio = |spec: &str| {
            format!(
                "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {{name: a}}\nspec:\n  url: oci://r/cors\n{spec}"
            )
        };
        let gateway = |spec: &str| {
            format!(
                "apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: EnvoyExtensionPolicy\nmetadata: {{name: a}}\nspec: {{{spec}}}"
            )
        };
        let cases = [
            (
                istio("  phase: AUTHN\n  pluginConfig: {any: {thing: 1}}"),
                None,
            ),
            (istio("  priority: null"), None),
            (
                istio("  phase: LATE"),
                Some((
                    6,
                    "WasmPlugin: spec.phase: \"LATE\" is not one of: UNSPECIFIED_PHASE, AUTHN, AUTHZ, STATS",
                )),
            ),
            (
                istio("  plugin_config: {}"),
                Some((
                    6,
                    "WasmPlugin: spec.plugin_config: unknown field; did you mean pluginConfig?",
                )),
            ),
            (
                istio("  pluginConfig: text"),
                Some((
                    6,
                    "WasmPlugin: spec.pluginConfig: \"text\" is not of type object",
                )),
            ),
            (
                istio("  sha256: abc"),
                Some((
                    6,
                    "WasmPlugin: spec.sha256: \"abc\" does not match (^$|^[a-f0-9]{64}$)",
                )),
            ),
            (
                istio("  match:\n  - ports:\n    - {number: 70000}"),
                Some((
                    8,
                    "WasmPlugin: spec.match[0].ports[0].number: 70000 exceeds the maximum of 65535",
                )),
            ),
            (
                istio("  vmConfig:\n    env:\n    - value: x"),
                Some((8, "WasmPlugin: spec.vmConfig.env[0].name: is missing")),
            ),
            (
                istio("").replace("  url: oci://r/cors\n", "  priority: 1"),
                Some((4, "WasmPlugin: spec.url: is missing")),
            ),
            (
                istio("").replace("v1alpha1", "v1"),
                Some((
                    1,
                    "WasmPlugin: apiVersion: \"extensions.istio.io/v1\" has no such kind; accepted: extensions.istio.io/v1alpha1",
                )),
            ),
            (
                istio("").replace("{name: a}", "{}"),
                Some((1, "WasmPlugin: metadata.name: is missing")),
            ),
            (
                gateway("wasm: [{code: {type: Image, image: {url: a}}}]"),
                None,
            ),
            (
                gateway("wasm: [{code: {type: File}}]"),
                Some((
                    4,
                    "EnvoyExtensionPolicy: spec.wasm[0].code.type: \"File\" is not one of: HTTP, Image",
                )),
            ),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> = expected
                .map(|(line, message)| (Some(line), message.to_owned()))
                .into_iter()
                .collect();
            let found: Vec<_> = messages(&text).into_iter().take(1).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn only_one_of_several_fields_is_taken() {
        let filter = |spec: &str| {
            format!(
                "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {{name: a}}\nspec: {{configPatches: [{{applyTo: LISTENER, match: {{{spec}}}}}]}}"
            )
        };
        assert_eq!(messages(&filter("listener: {}")), []);
        let found = messages(&filter("listener: {}, cluster: {}"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].1.contains("takes only one of: cluster, "),
            "{found:?}"
        );
    }
}
