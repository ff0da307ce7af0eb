//! Checks a value against a schema itself, and against the schemas it is composed of.

use serde_json::Value;

/// Returns what is wrong with a value, ignoring compositions.
pub(super) fn own_fault(value: &Value, schema: &Value) -> Option<String> {
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

pub(super) fn composition_fault(value: &Value, schema: &Value) -> Option<String> {
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

/// Whether a value matches a schema inside a composition, which adds conditions but no fields.
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

/// Collects the fields that a composition requires.
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

pub(super) fn names(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}
