//! HTTP status codes of replies.

use serde::Deserialize;

/// A status code that ends a request: 200 to 599 (RFC 9110, section 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub struct Status(u16);

impl Status {
    /// Creates a status from a constant that is known to be valid, for defaults.
    #[must_use]
    pub const fn constant(code: u16) -> Self {
        Self(code)
    }

    /// Returns the status code.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Status {
    type Error = String;

    fn try_from(code: u16) -> Result<Self, String> {
        if (200..=599).contains(&code) {
            Ok(Self(code))
        } else {
            Err(format!(
                "{code} is not a status that ends a request; 200 to 599 are accepted"
            ))
        }
    }
}

#[cfg(feature = "schema")]
impl serde::Serialize for Status {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.0)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Status {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Status".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer", "minimum": 200, "maximum": 599})
    }
}
