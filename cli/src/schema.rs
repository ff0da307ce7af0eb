//! The JSON Schema of each configuration, for editors and CI.

use serde_json::{Value, json};

/// Converts the schema generated from the types to the published one.
pub(crate) fn of(filter: &str, mut schema: Value) -> Value {
    without_null(&mut schema);
    if let Value::Object(schema) = &mut schema {
        schema.insert("title".to_owned(), json!(filter));
        schema.insert("$id".to_owned(), json!(id(filter)));
    }
    schema
}

/// Returns the URL of the schema in the release of this version.
fn id(filter: &str) -> String {
    let (repository, version) = (env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"));
    format!("{repository}/releases/download/v{version}/{filter}.schema.json")
}

/// Removes `null`: an optional field may be omitted, but the filters reject `null`, which schemars
/// does not know.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|name| name != "null");
                if let [one] = &mut types[..] {
                    let one = one.take();
                    map.insert("type".to_owned(), one);
                }
            }
            if let Some(Value::Array(choices)) = map.get_mut("anyOf") {
                choices.retain(|choice| choice != &json!({"type": "null"}));
                if let [Value::Object(one)] = &mut choices[..] {
                    let one = std::mem::take(one);
                    map.remove("anyOf");
                    for (key, value) in one {
                        map.entry(key).or_insert(value);
                    }
                }
            }
            if map.get("default") == Some(&Value::Null) {
                map.remove("default");
            }
            map.values_mut().for_each(without_null);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_nowhere_accepted() {
        let cases = [
            (
                json!({"type": ["string", "null"], "default": null}),
                json!({"type": "string"}),
            ),
            (
                json!({"description": "field", "anyOf": [{"$ref": "#/$defs/A", "description": "A"}, {"type": "null"}]}),
                json!({"description": "field", "$ref": "#/$defs/A"}),
            ),
            (
                json!({"items": {"type": ["integer", "string", "null"]}}),
                json!({"items": {"type": ["integer", "string"]}}),
            ),
        ];
        for (mut given, expected) in cases {
            without_null(&mut given);
            assert_eq!(given, expected);
        }
    }
}
