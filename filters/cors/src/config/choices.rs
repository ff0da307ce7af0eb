//! Values of which a user chooses one.

use serde::Deserialize;

/// A status that browsers take for the answer to a preflight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub struct PreflightStatus(pub u16);

impl Default for PreflightStatus {
    fn default() -> Self {
        Self(204)
    }
}

impl TryFrom<u16> for PreflightStatus {
    type Error = String;

    fn try_from(status: u16) -> Result<Self, String> {
        match status {
            200 | 204 => Ok(Self(status)),
            other => Err(format!("{other} is not accepted; one of: 200, 204")),
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for PreflightStatus {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PreflightStatus".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer", "enum": [200, 204]})
    }
}

#[cfg(feature = "schema")]
impl serde::Serialize for PreflightStatus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.0)
    }
}

/// How to treat a preflight that is not allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum UnmatchedPreflight {
    /// It is answered with 403 and no CORS headers.
    #[default]
    Refuse,
    /// It goes to the upstream, whose answer is not changed.
    Forward,
}

/// How to treat a request from an origin that is not allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum UnmatchedOrigin {
    /// It goes to the upstream; the answer has no CORS headers, so the page cannot read it.
    #[default]
    Pass,
    /// It is answered with 403, unless it stays within its own host and port.
    Refuse,
}

/// How to treat a request with an unsafe method whose origin is neither allowed nor its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum UnmatchedUnsafe {
    /// It is answered with 403.
    #[default]
    Refuse,
    /// It is treated like a request with any other method.
    Pass,
}
