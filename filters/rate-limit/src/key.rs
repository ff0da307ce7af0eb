//! Keys: what tells the requests of one bucket from those of another.

mod combined;

use crate::address::{Client, Prefixes};
use filter_kit::request::{Request, decode};
use filter_kit::values::HeaderName;
use std::borrow::Cow;

pub use combined::{Entry, Key, Keys, MOST_KEYS, bytes, keys, plain};

/// A part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPart {
    /// The client's address as Envoy trusts it.
    ClientIp(Prefixes),
    /// A request header; `host` is the host.
    Header(HeaderName),
    /// A query parameter, decoded.
    Query(String),
    /// A cookie, decoded.
    Cookie(String),
    /// The path without query, in the one form that all its spellings have.
    Path,
    /// The method.
    Method,
    /// The host in lower case, without port and final dot.
    Host,
    /// A fixed text.
    Value(String),
}

/// The value of a part in a request, never empty.
#[derive(Debug, Clone)]
pub enum Value<'r> {
    /// As it was sent, or as the configuration says.
    AsIs(&'r [u8]),
    /// Decoded.
    Decoded(Vec<u8>),
    /// The client.
    Client(Client),
}

/// How many values a part has in a request.
enum Values<'r> {
    Missing,
    One(Value<'r>),
    Several,
}

impl Value<'_> {
    /// Bytes that no other value of the part has.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::AsIs(bytes) => bytes,
            Self::Decoded(bytes) => bytes,
            Self::Client(client) => client.bytes(),
        }
    }

    /// The value for the rate limit service.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        match self {
            Self::Client(client) => client.to_string().into_bytes(),
            other => other.bytes().to_vec(),
        }
    }
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Value<'_> {}

impl<'r> From<Cow<'r, [u8]>> for Value<'r> {
    fn from(bytes: Cow<'r, [u8]>) -> Self {
        match bytes {
            Cow::Borrowed(bytes) => Self::AsIs(bytes),
            Cow::Owned(bytes) => Self::Decoded(bytes),
        }
    }
}

impl KeyPart {
    /// The value in a request, where it is the only one and stands there as it is. `None` says nothing: it may have others, or none.
    fn plain<'r>(&'r self, request: &'r Request) -> Option<&'r [u8]> {
        let value = match self {
            Self::Header(name) if name.as_str() != "host" => {
                request.headers().only(name.as_str())?.trim_ascii()
            }
            _ => return None,
        };
        (!value.is_empty()).then_some(value)
    }

    /// The one value in a request. Missing where it is empty, the host malformed, or the path has too many readings.
    fn values<'r>(&'r self, request: &'r Request) -> Values<'r> {
        let value = match self {
            Self::Header(name) if name.as_str() != "host" => {
                return single(header_values(name, request));
            }
            Self::Query(name) => return single(request.query_values(name).map(Value::AsIs)),
            Self::Cookie(name) => return single(cookie_values(name, request)),
            Self::ClientIp(prefixes) => request
                .source_address()
                .and_then(|address| prefixes.client(address))
                .map(Value::Client),
            Self::Path => request.canonical_path().ok().map(Value::AsIs),
            Self::Method => Some(Value::AsIs(request.method())),
            Self::Header(_) | Self::Host => request.host().ok().map(Value::AsIs),
            Self::Value(text) => Some(Value::AsIs(text.as_bytes())),
        };
        single(value.into_iter())
    }

    /// All values in a request, each once, and one more than [`MOST_KEYS`] at most; an empty one is `None`.
    fn all_values<'r>(&'r self, request: &'r Request) -> Vec<Option<Value<'r>>> {
        match self {
            Self::Header(name) if name.as_str() != "host" => distinct(header_values(name, request)),
            Self::Query(name) => distinct(request.query_values(name).map(Value::AsIs)),
            Self::Cookie(name) => distinct(cookie_values(name, request)),
            other => vec![match other.values(request) {
                Values::One(value) => Some(value),
                Values::Missing | Values::Several => None,
            }],
        }
    }

    /// The name of the entry.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::ClientIp(_) => "remote_address",
            Self::Header(name) => name.as_str(),
            Self::Query(name) | Self::Cookie(name) => name,
            Self::Path => "path",
            Self::Method => "method",
            Self::Host => "host",
            Self::Value(_) => "generic_key",
        }
    }

    /// Appends what tells it from other parts.
    pub fn identify(&self, bytes: &mut Vec<u8>) {
        let (kind, [ipv4, ipv6]) = match self {
            Self::ClientIp(prefixes) => (0, [prefixes.ipv4, prefixes.ipv6]),
            Self::Header(_) => (1, [0; 2]),
            Self::Query(_) => (2, [0; 2]),
            Self::Cookie(_) => (3, [0; 2]),
            Self::Path => (4, [0; 2]),
            Self::Method => (5, [0; 2]),
            Self::Host => (6, [0; 2]),
            Self::Value(_) => (7, [0; 2]),
        };
        bytes.extend([kind, ipv4, ipv6]);
        let text = if let Self::Value(text) = self {
            text
        } else {
            self.name()
        };
        push(bytes, text.as_bytes());
    }

    /// Whether it looks at the host, so that a request with a malformed one has to be refused.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        match self {
            Self::Host => true,
            Self::Header(name) => name.as_str() == "host",
            _ => false,
        }
    }
}

/// The values of a header, but of `host`: that is the request's host.
fn header_values<'r>(
    name: &'r HeaderName,
    request: &'r Request,
) -> impl Iterator<Item = Value<'r>> {
    let values = request.headers().all(name.as_str());
    values.map(|value| Value::AsIs(value.trim_ascii()))
}

fn cookie_values<'r>(name: &'r str, request: &'r Request) -> impl Iterator<Item = Value<'r>> {
    request
        .cookie_values(name)
        .map(|value| Value::from(decode(value)))
}

fn single<'r>(mut values: impl Iterator<Item = Value<'r>>) -> Values<'r> {
    match values.next() {
        None => Values::Missing,
        Some(first) if values.any(|other| other != first) => Values::Several,
        Some(first) if first.bytes().is_empty() => Values::Missing,
        Some(first) => Values::One(first),
    }
}

fn distinct<'r>(values: impl Iterator<Item = Value<'r>>) -> Vec<Option<Value<'r>>> {
    let mut distinct = Vec::new();
    for value in values {
        let value = Some(value).filter(|value| !value.bytes().is_empty());
        if !distinct.contains(&value) {
            distinct.push(value);
        }
        if distinct.len() > MOST_KEYS {
            break;
        }
    }
    if distinct.is_empty() {
        distinct.push(None);
    }
    distinct
}

/// Appends a text so that it can be told where it ends.
pub fn push(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
    bytes.extend_from_slice(text);
}

#[cfg(test)]
mod tests;
