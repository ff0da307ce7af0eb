//! `filters/<name>/config.schema.json`: the JSON Schema of each configuration, for editors and for CI.

use std::path::Path;

use serde_json::{Value, json};

use super::Output;
use crate::catalog::{FILTERS, Filter};

/// The schema files of all filters.
pub(super) fn outputs(root: &Path) -> Vec<Output> {
    FILTERS
        .iter()
        .map(|filter| Output {
            path: root
                .join("filters")
                .join(filter.name)
                .join("config.schema.json"),
            text: format!("{:#}\n", of(filter)),
        })
        .collect()
}

/// The schema of a filter's configuration.
pub(super) fn of(filter: &Filter) -> Value {
    let mut schema = (filter.schema)();
    without_null(&mut schema);
    if let Value::Object(schema) = &mut schema {
        schema.insert("title".to_owned(), json!(filter.name));
    }
    schema
}

/// An optional field may be left out, but not be null: the filters refuse it. schemars cannot know that.
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
