//! Editor schemas of files that contain configurations. For a Kubernetes resource, it is the
//! published definition with the filter's schema embedded; for Envoy's own files, only the filter's
//! part.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Output, name, read};

/// A kind of resource, and where it configures a filter.
struct Place {
    /// The definition, in `cli/src/validate/crds/`.
    definition: &'static str,
    /// The position of the plugin in the schema of `spec`.
    plugin: &'static str,
    /// The key that names the filter.
    name: &'static str,
    /// The key that contains its configuration.
    configuration: &'static str,
}

const PLACES: [Place; 2] = [
    Place {
        definition: "wasmplugin",
        plugin: "",
        name: "pluginName",
        configuration: "pluginConfig",
    },
    Place {
        definition: "envoyextensionpolicy",
        plugin: "/properties/wasm/items",
        name: "rootID",
        configuration: "config",
    },
];

/// Returns the schemas for `envoy-configs/schemas/`.
pub(super) fn outputs(root: &Path, filters: &[Value]) -> Result<Vec<Output>> {
    let names: Vec<&str> = filters.iter().map(name).collect();
    let output = |place: &Place| {
        let file = format!("{}.json", place.definition);
        let definition = read(&root.join("cli/src/validate/crds").join(file))?;
        let schema = schema(place, &serde_json::from_str(&definition)?, &names)?;
        let file = format!("envoy-configs/schemas/{}.schema.json", place.definition);
        Ok(Output {
            path: root.join(file),
            text: format!("{schema:#}\n"),
        })
    };
    let of_envoy = Output {
        path: root.join("envoy-configs/schemas/envoy.schema.json"),
        text: format!("{:#}\n", envoy(&names)),
    };
    PLACES.iter().map(output).chain([Ok(of_envoy)]).collect()
}

/// Returns the schema of bootstraps and of LDS and ECDS files. A Wasm filter may be anywhere in
/// them; Envoy checks everything else.
fn envoy(filters: &[&str]) -> Value {
    let of_type = |name: &str| {
        let name = format!("type.googleapis.com/{name}");
        // Without a type, a list would match too.
        json!({"type": "object", "properties": {"@type": {"const": name}}, "required": ["@type"]})
    };
    let choices = filters.iter().map(|filter| {
        let schema = format!("../../filters/{filter}/config.schema.json");
        json!({
            "if": {"properties": {"root_id": {"const": filter}}, "required": ["root_id"]},
            "then": {"properties": {"configuration": {
                "if": of_type("google.protobuf.Struct"),
                "then": {"properties": {"value": {"$ref": schema}}},
            }}},
        })
    });
    let anything = json!({"$ref": "#/$defs/anything"});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Envoy, with filters of the catalog",
        "$ref": "#/$defs/anything",
        "$defs": {
            "anything": {
                "if": of_type("envoy.extensions.filters.http.wasm.v3.Wasm"),
                "then": {"properties": {"config": {"$ref": "#/$defs/plugin"}}},
                "else": {"additionalProperties": anything, "items": anything},
            },
            "plugin": {"allOf": choices.collect::<Vec<_>>()},
        },
    })
}

fn schema(place: &Place, definition: &Value, filters: &[&str]) -> Result<Value> {
    let versions = definition["apiVersions"].as_object();
    let (version, spec) = versions
        .and_then(|versions| versions.iter().next())
        .context("a definition without a version")?;
    let mut spec = spec.clone();
    close(&mut spec);
    let choices: Vec<Value> = filters
        .iter()
        .map(|filter| {
            json!({
                "if": {"properties": {place.name: {"const": filter}}, "required": [place.name]},
                "then": {"properties": {place.configuration: {"$ref": format!("../../filters/{filter}/config.schema.json")}}},
            })
        })
        .collect();
    let plugin = spec.pointer_mut(place.plugin).context("no plugin there")?;
    plugin["allOf"] = json!(choices);
    Ok(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": definition["kind"],
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            "apiVersion": {"const": version},
            "kind": {"const": definition["kind"]},
            "metadata": {"type": "object"},
            "spec": spec,
        },
    }))
}

/// Makes an editor report keys that the control plane would drop.
fn close(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Object(map) => {
            let is_open = map.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true));
            if map.get("properties").is_some_and(Value::is_object) && !is_open {
                map.entry("additionalProperties").or_insert(json!(false));
            }
            map.values_mut().for_each(close);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_schema_is_at_the_place_of_its_configuration() {
        let definition = json!({"kind": "WasmPlugin", "apiVersions": {"v1": {
            "type": "object", "properties": {"pluginName": {"type": "string"},
                "pluginConfig": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}});
        let schema = schema(&PLACES[0], &definition, &["cors"]).unwrap();
        let spec = &schema["properties"]["spec"];
        assert_eq!(spec["additionalProperties"], false);
        assert_eq!(
            spec["allOf"][0]["then"]["properties"]["pluginConfig"]["$ref"],
            "../../filters/cors/config.schema.json"
        );
        assert_eq!(schema["properties"]["apiVersion"]["const"], "v1");
    }
}
