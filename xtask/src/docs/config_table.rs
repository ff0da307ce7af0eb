//! The configuration of a filter in its README: one row per key, from the JSON Schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{cell, markdown_table};

/// Definitions shared by many filters, and where they are described.
const COMMON: &[(&str, &str)] = &[("RawMatch", "[match](../../docs/matching.md#match)")];

/// Returns the table of a definition that many filters share, taken from this schema.
pub(super) fn common(schema: &Value, definition: &str, path: &str) -> String {
    let none = Map::new();
    let definitions = schema.get("$defs").and_then(Value::as_object);
    let mut walk = Walk {
        definitions: definitions.unwrap_or(&none),
        described: BTreeMap::new(),
        rows: Vec::new(),
    };
    if let Some(definition) = walk.definitions.get(definition) {
        walk.properties(definition, path);
    }
    markdown_table("| Key | Type | Default | Meaning |", walk.rows.into_iter())
}

/// Returns the table of all keys that `schema` describes, with their paths:
/// `rules[].match.paths[]`.
pub(super) fn table(schema: &Value) -> String {
    let none = Map::new();
    let mut walk = Walk {
        definitions: schema
            .get("$defs")
            .and_then(Value::as_object)
            .unwrap_or(&none),
        described: BTreeMap::new(),
        rows: Vec::new(),
    };
    walk.properties(schema, "");
    markdown_table("| Key | Type | Default | Meaning |", walk.rows.into_iter())
}

struct Walk<'a> {
    definitions: &'a Map<String, Value>,
    /// Definitions with their own keys, and the path under which the table describes them.
    described: BTreeMap<&'a str, String>,
    rows: Vec<String>,
}

impl<'a> Walk<'a> {
    /// Adds rows for the keys of an object, or for the variants of an enum.
    fn properties(&mut self, schema: &'a Value, path: &str) {
        let required = schema.get("required").and_then(Value::as_array);
        for (name, property) in entries(schema.get("properties")) {
            let required =
                required.is_some_and(|names| names.contains(&Value::from(name.as_str())));
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            let default = match property.get("default") {
                _ if required => "required".to_owned(),
                Some(default) if !is_empty(default) => format!("`{default}`"),
                _ => "–".to_owned(),
            };
            self.row(&path, property, &default, "");
        }
        for variant in variants(schema) {
            for (name, property) in entries(variant.get("properties")) {
                self.row(
                    &format!("{path}.{name}"),
                    property,
                    "–",
                    text(variant, "description"),
                );
            }
        }
    }

    /// Adds a row for a key, and the rows below it.
    fn row(&mut self, path: &str, property: &'a Value, default: &str, of_variant: &str) {
        let (schema, reference, suffix) = self.inside(property);
        let path = format!("{path}{suffix}");
        let before = reference.and_then(|name| self.described.get(name));
        let common = COMMON.iter().find(|(name, _)| reference == Some(name));
        let kind = match (common, before) {
            (Some((_, link)), _) => (*link).to_owned(),
            (None, Some(before)) => format!("as `{before}`"),
            (None, None) => self.kind(property),
        };
        let own = [
            text(property, "description"),
            of_variant,
            text(self.resolved(property), "description"),
        ];
        let meaning = own
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default();
        let meaning = format!("{meaning} {}", meaning_of_words(schema))
            .replace("[`", "`")
            .replace("`]", "`");
        self.rows.push(format!(
            "| `{path}` | {} | {} | {} |",
            cell(&kind),
            cell(default),
            cell(&meaning)
        ));
        if before.is_none() && common.is_none() {
            if let Some(name) = reference.filter(|_| has_keys(schema)) {
                self.described.insert(name, path.clone());
            }
            self.properties(schema, &path);
        }
    }

    /// Resolves references, lists and maps. Returns the schema behind them, its name, and what they
    /// add to the path.
    fn inside(&self, schema: &'a Value) -> (&'a Value, Option<&'a str>, String) {
        let (mut schema, mut reference, mut suffix) = (schema, None, String::new());
        loop {
            if let Some(name) = reference_of(schema) {
                reference = Some(name);
                schema = self.resolved(schema);
            } else if let Some(items) = schema.get("items") {
                reference = None;
                suffix.push_str("[]");
                schema = items;
            } else if let Some(values) = map_values(schema) {
                reference = None;
                suffix.push_str(".<name>");
                schema = values;
            } else {
                return (schema, reference, suffix);
            }
        }
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        match reference_of(schema).and_then(|name| self.definitions.get(name)) {
            Some(definition) => definition,
            None => schema,
        }
    }

    /// Describes the type in words.
    fn kind(&self, schema: &'a Value) -> String {
        let schema = self.resolved(schema);
        if let Some(items) = schema.get("items") {
            return format!("list of {}", self.kind(items));
        }
        if let Some(values) = map_values(schema) {
            return format!("map of {}", self.kind(values));
        }
        let mut kinds: Vec<String> = words(schema).map(|word| format!("`{word}`")).collect();
        let tags: Vec<String> = variants(schema)
            .flat_map(|variant| entries(variant.get("properties")))
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        if !tags.is_empty() {
            kinds.push(format!("object with one of {}", tags.join(", ")));
        }
        for variant in variants(schema) {
            if words(variant).next().is_none() && variant.get("properties").is_none() {
                kinds.push(self.kind(variant));
            }
        }
        if kinds.is_empty() {
            kinds = names(schema.get("type"))
                .map(|name| with_range(name, schema))
                .collect();
        }
        kinds.join(" or ")
    }
}

/// Returns `` `enforce`: Decide and act. `` for each documented word of an enum.
fn meaning_of_words(schema: &Value) -> String {
    variants(schema)
        .filter(|variant| !text(variant, "description").is_empty())
        .filter_map(|variant| {
            Some(format!(
                "`{}`: {}",
                variant.get("const")?.as_str()?,
                text(variant, "description")
            ))
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns the strings that an enum accepts.
fn words(schema: &Value) -> impl Iterator<Item = &str> {
    std::iter::once(schema)
        .chain(variants(schema))
        .flat_map(|schema| {
            let listed = schema
                .get("enum")
                .and_then(Value::as_array)
                .map(Vec::as_slice);
            schema
                .get("const")
                .into_iter()
                .chain(listed.unwrap_or_default())
        })
        .filter_map(Value::as_str)
}

fn variants(schema: &Value) -> impl Iterator<Item = &Value> {
    ["oneOf", "anyOf"]
        .into_iter()
        .filter_map(|key| schema.get(key)?.as_array())
        .flatten()
}

fn entries(properties: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    properties.and_then(Value::as_object).into_iter().flatten()
}

fn map_values(schema: &Value) -> Option<&Value> {
    schema
        .get("additionalProperties")
        .filter(|values| values.is_object())
}

fn has_keys(schema: &Value) -> bool {
    schema.get("properties").is_some()
        || variants(schema).any(|variant| variant.get("properties").is_some())
}

fn reference_of(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")
}

fn names(kind: Option<&Value>) -> impl Iterator<Item = &str> {
    let listed = kind
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    kind.into_iter().chain(listed).filter_map(Value::as_str)
}

fn with_range(name: &str, schema: &Value) -> String {
    let number = |key| schema.get(key).and_then(Value::as_u64);
    match (name, number("minimum"), number("maximum")) {
        ("integer", Some(from), Some(to)) => format!("integer, {from} to {to}"),
        ("integer", Some(from), None) if from > 0 => format!("integer, at least {from}"),
        ("integer", _, Some(to)) => format!("integer, at most {to}"),
        ("string", ..) => schema
            .get("title")
            .and_then(Value::as_str)
            .map_or("string", |title| title.trim_start_matches("a "))
            .to_owned(),
        _ => name.to_owned(),
    }
}

fn text<'a>(schema: &'a Value, key: &str) -> &'a str {
    schema.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn is_empty(default: &Value) -> bool {
    match default {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
