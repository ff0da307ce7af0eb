//! The rows for a schema.

use serde_json::json;

use super::*;

fn rows(schema: Value) -> Vec<String> {
    table(&schema).lines().skip(2).map(str::to_owned).collect()
}

#[test]
fn a_key_has_its_type_default_and_meaning() {
    let schema = json!({
        "properties": {
            "count": {"type": "integer", "minimum": 1, "description": "How many\nthere are."},
            "flag": {"type": "boolean", "default": false, "description": "Whether [`it`] is."},
            "list": {"type": "array", "items": {"type": "string"}, "default": []},
            "wait": {"type": "string", "title": "a duration", "default": "10s", "description": "a | b"},
        },
        "required": ["count"]
    });
    let expected = [
        "| `count` | integer, at least 1 | required | How many there are. |",
        "| `flag` | boolean | `false` | Whether `it` is. |",
        "| `list[]` | list of string | – |  |",
        "| `wait` | duration | `\"10s\"` | a \\| b |",
    ];
    assert_eq!(rows(schema), expected);
}

#[test]
fn paths_go_through_lists_maps_and_references() {
    let schema = json!({
        "properties": {
            "providers": {
                "type": "object",
                "additionalProperties": {"$ref": "#/$defs/Provider"},
                "description": "By name."
            },
            "rules": {"type": "array", "items": {"$ref": "#/$defs/Rule"}},
        },
        "$defs": {
            "Provider": {"type": "object", "properties": {"issuer": {"type": "string"}}},
            "Rule": {"type": "object", "properties": {
                "match": {"$ref": "#/$defs/Match", "description": "Which."},
                "unless": {"$ref": "#/$defs/Match"}
            }},
            "Match": {"type": "object", "description": "A match.", "properties": {"hosts": {"type": "array", "items": {"type": "string"}}}},
        }
    });
    let expected = [
        "| `providers.<name>` | map of object | – | By name. |",
        "| `providers.<name>.issuer` | string | – |  |",
        "| `rules[]` | list of object | – |  |",
        "| `rules[].match` | object | – | Which. |",
        "| `rules[].match.hosts[]` | list of string | – |  |",
        "| `rules[].unless` | as `rules[].match` | – | A match. |",
    ];
    assert_eq!(rows(schema), expected);
}

#[test]
fn the_words_and_variants_of_an_enum_are_told_apart() {
    let schema = json!({
        "properties": {
            "mode": {"$ref": "#/$defs/Mode", "default": "enforce"},
            "operations": {"type": "array", "items": {"$ref": "#/$defs/Operation"}},
        },
        "$defs": {
            "Mode": {"description": "How.", "oneOf": [
                {"const": "enforce", "type": "string", "description": "Act."},
                {"enum": ["report"], "type": "string"},
            ]},
            "Operation": {"oneOf": [
                {"type": "object", "properties": {"set": {"$ref": "#/$defs/Set"}}, "required": ["set"], "description": "Replaces all."},
                {"type": "object", "properties": {"drop": {"type": "string", "description": "The name."}}, "required": ["drop"]},
            ]},
            "Set": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        }
    });
    let expected = [
        "| `mode` | `enforce` or `report` | `\"enforce\"` | How. `enforce`: Act. |",
        "| `operations[]` | list of object with one of `set`, `drop` | – |  |",
        "| `operations[].set` | object | – | Replaces all. |",
        "| `operations[].set.name` | string | required |  |",
        "| `operations[].drop` | string | – | The name. |",
    ];
    assert_eq!(rows(schema), expected);
}

#[test]
fn a_definition_that_holds_itself_ends() {
    let schema = json!({
        "properties": {"require": {"$ref": "#/$defs/Require"}},
        "$defs": {"Require": {"oneOf": [
            {"type": "object", "properties": {"any": {"type": "array", "items": {"$ref": "#/$defs/Require"}}}},
        ]}}
    });
    let expected = [
        "| `require` | object with one of `any` | – |  |",
        "| `require.any[]` | as `require` | – |  |",
    ];
    assert_eq!(rows(schema), expected);
}
