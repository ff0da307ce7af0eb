//! Names and values of header fields (RFC 9110, sections 5.1, 5.5 and 5.6.2).

use serde::Deserialize;
use std::borrow::{Borrow, Cow};
use std::fmt;

/// The name of a header field: a token, kept in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct HeaderName(Cow<'static, str>);

/// Why a text is not a header name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderNameError {
    /// It is the name of a pseudo-header.
    #[error("{0:?} is not a header name; pseudo-headers have keys of their own")]
    Pseudo(String),
    /// It is not a token.
    #[error("{0:?} is not a header name; letters, digits and !#$%&'*+-.^_`|~ are accepted")]
    NoToken(String),
}

impl HeaderName {
    /// Checks `name` and converts it to lower case.
    ///
    /// # Errors
    /// If `name` is empty or not a token. A pseudo-header (`:path`) is not a token.
    pub fn new(name: &str) -> Result<Self, HeaderNameError> {
        if is_token(name.as_bytes()) {
            Ok(Self(name.to_ascii_lowercase().into()))
        } else {
            Err(match name.starts_with(':') {
                true => HeaderNameError::Pseudo(name.to_owned()),
                false => HeaderNameError::NoToken(name.to_owned()),
            })
        }
    }

    /// Creates a name from a constant, which must be a token in lower case.
    #[must_use]
    pub const fn from_static(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// Returns the name, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the header frames a message, determines its destination, or belongs to one
    /// connection (RFC 9110, section 7.6.1).
    #[must_use]
    pub fn is_framing(&self) -> bool {
        matches!(
            self.as_str(),
            "connection"
                | "content-length"
                | "host"
                | "keep-alive"
                | "te"
                | "trailer"
                | "transfer-encoding"
                | "upgrade"
        )
    }
}

impl TryFrom<String> for HeaderName {
    type Error = HeaderNameError;

    fn try_from(name: String) -> Result<Self, HeaderNameError> {
        Self::new(&name)
    }
}

impl Borrow<str> for HeaderName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Whether these bytes are a `token` of RFC 9110, section 5.6.2.
#[must_use]
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b))
}

/// Whether these bytes may be written as a field value: no control characters except tab (RFC 9110,
/// section 5.5).
#[must_use]
pub fn is_header_value(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| *b == b'\t' || !b.is_ascii_control())
}

#[cfg(feature = "schema")]
impl serde::Serialize for HeaderName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(feature = "schema")]
super::string_schema!(
    HeaderName,
    "HeaderName",
    "a header name, in any case",
    "pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_name_is_a_token_in_lower_case() {
        assert_eq!(HeaderName::new("X-Env").unwrap().as_str(), "x-env");
        for name in ["", ":path", "b d", "é", "a:b", "a\n"] {
            assert!(HeaderName::new(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_header_that_frames_a_message_is_known_in_any_case() {
        for (name, expected) in [("Host", true), ("te", true), ("Cookie", false)] {
            assert_eq!(HeaderName::new(name).unwrap().is_framing(), expected);
        }
    }

    #[test]
    fn a_header_value_holds_no_control_byte_but_the_tab() {
        for (value, good) in [
            (&b""[..], true),
            (b"a\tb", true),
            (b"\xe9\xff", true),
            (b"a\rb", false),
            (b"a\nb", false),
            (b"a\0b", false),
            (b"a\x7fb", false),
        ] {
            assert_eq!(is_header_value(value), good, "{value:?}");
        }
    }
}
