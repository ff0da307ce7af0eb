//! Edits of the path, the query and the host as a user writes them.

use serde::Deserialize;

/// A rewrite of the path: `prefix` or `regex`, and `with`.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a rewrite, as {prefix: /api, with: /}"
)]
pub struct RawPathRewrite {
    /// Leading whole segments to replace.
    pub prefix: Option<String>,
    /// A regular expression to replace, found anywhere in the path.
    pub regex: Option<String>,
    /// The replacement: a template; with `regex`, `${1}` is the first capture group.
    pub with: String,
}

/// An edit of the query: exactly one of these keys.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "an edit, as {set: {name: lang, value: en}}"
)]
pub struct RawQueryEdit {
    /// Replace all values of a parameter with one; the value is a template, and is percent-encoded.
    /// If it cannot be made, the parameter is omitted.
    pub set: Option<RawParameterValue>,
    /// Remove all values of a parameter.
    pub remove: Option<RawParameter>,
}

/// A query parameter and its value.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a parameter, as {name: lang, value: en}"
)]
pub struct RawParameterValue {
    /// The parameter, decoded.
    pub name: String,
    /// The value, a template.
    pub value: String,
}

/// A query parameter.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a parameter, as {name: debug}")]
pub struct RawParameter {
    /// The parameter, decoded.
    pub name: String,
}

/// A value.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a value, as {value: backend.internal}"
)]
pub struct RawValue {
    /// The value, a template.
    pub value: String,
}
