//! Where tokens stand, as it is written.

use crate::sources::{Element, TokenSource};
use filter_kit::config::{At, Invalid, not_empty};
use filter_kit::values::{HeaderName, is_token};
use serde::Deserialize;

/// A place for a token.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    rename_all = "snake_case",
    deny_unknown_fields,
    expecting = "a token source, as {header: {name: authorization, prefix: \"Bearer \"}}"
)]
pub enum RawTokenSource {
    /// A header.
    Header {
        /// The header's name.
        name: HeaderName,
        /// The text before the token, compared without case; omitted: none.
        #[serde(default)]
        prefix: String,
    },
    /// A query parameter. Envoy and others write the query to their logs.
    Query {
        /// The parameter's name, decoded.
        name: String,
    },
    /// A cookie. Its value is percent-decoded once.
    Cookie {
        /// The cookie's name.
        name: String,
        /// The text before the token, compared without case; omitted: none.
        #[serde(default)]
        prefix: String,
    },
    /// An element of `sec-websocket-protocol`, in which a page in a browser can send a token. The
    /// other elements stay.
    WebsocketProtocol(RawElement),
}

/// Which element of a list is the token.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RawElement {
    /// The element that begins with this; the rest of it is the token.
    Prefix(String),
    /// The element that follows this one; this one stays in the list.
    After(String),
}

pub(super) fn bearer() -> TokenSource {
    TokenSource::Header {
        name: HeaderName::from_static("authorization"),
        prefix: "Bearer ".to_owned(),
    }
}

impl RawTokenSource {
    pub(super) fn build(self) -> Result<TokenSource, Invalid> {
        let named = |key: &str, name: String| not_empty("name", name).at(key);
        Ok(match self {
            Self::Header { name, prefix } => TokenSource::Header { name, prefix },
            Self::Query { name } => TokenSource::Query(named("query", name)?),
            Self::Cookie { name, prefix } => TokenSource::Cookie {
                name: named("cookie", name)?,
                prefix,
            },
            Self::WebsocketProtocol(element) => {
                let part = |key: &str, text: String| {
                    if !is_token(text.as_bytes()) {
                        let reason = format!("\"{text}\" is not a protocol: must be a token");
                        return Err(Invalid::new(reason).at(key).at("websocket_protocol"));
                    }
                    Ok(text)
                };
                TokenSource::WebSocketProtocol(match element {
                    RawElement::Prefix(text) => Element::Prefix(part("prefix", text)?),
                    RawElement::After(text) => Element::After(part("after", text)?),
                })
            }
        })
    }
}
