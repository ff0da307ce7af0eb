//! YAML and JSON text as JSON values. Envoy reads JSON wherever it reads YAML.

use anyhow::{Result, anyhow};
use serde_json::Value;

/// Parses one YAML document (JSON is YAML).
///
/// # Errors
/// One line with the position of the mistake.
pub fn parse(text: &str) -> Result<Value> {
    serde_saphyr::from_str(text).map_err(|error| anyhow!("not YAML: {}", one_line(&error)))
}

fn one_line(error: &impl ToString) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_string()
}

/// Merges `patch` into `base`: mappings are merged, anything else is replaced.
pub fn merge(base: &mut Value, patch: Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, patch) => *base = patch,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_keep_their_types() {
        let cases = [
            ("a: 10", json!({"a": 10})),
            ("a: '10'", json!({"a": "10"})),
            ("a: 1.5", json!({"a": 1.5})),
            ("a: true", json!({"a": true})),
            ("a:", json!({"a": null})),
            ("a: 10s", json!({"a": "10s"})),
            ("{\"a\": [1, \"x\"]}", json!({"a": [1, "x"]})),
            ("a: |\n  one\n  two\n", json!({"a": "one\ntwo\n"})),
        ];
        for (text, value) in cases {
            assert_eq!(parse(text).unwrap(), value, "{text}");
        }
    }

    #[test]
    fn a_patch_adds_to_mappings_and_replaces_the_rest() {
        let mut base = json!({"a": {"b": 1, "c": [1]}, "d": 2});
        merge(&mut base, json!({"a": {"c": [2], "e": 3}}));
        assert_eq!(base, json!({"a": {"b": 1, "c": [2], "e": 3}, "d": 2}));
    }
}
