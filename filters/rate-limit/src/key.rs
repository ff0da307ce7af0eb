//! Keys: requests with the same key share a bucket.

mod combined;

mod extract;
mod property;
mod value;

use crate::address::Prefixes;
use filter_kit::request::{Request, TooManyReadings};
use filter_kit::values::HeaderName;
use value::{Values, cookie_values, distinct, extracted, header_values, query_values, single};

pub(crate) use combined::{Entry, Key, Keys, MAX_KEYS, bytes, keys, plain};
pub(crate) use extract::Extract;
pub(crate) use property::Property;
pub(crate) use value::Value;

/// A part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPart {
    /// The client's address as trusted by Envoy.
    ClientIp(Prefixes),
    /// A request header; `host` is the normalized host.
    Header(HeaderName, Option<Extract>),
    /// A query parameter, decoded.
    Query(String, Option<Extract>),
    /// A cookie, decoded.
    Cookie(String, Option<Extract>),
    /// The path without query, in canonical form.
    Path(Option<Extract>),
    /// A property of Envoy.
    Property(Property),
    /// The method.
    Method,
    /// The host in lower case, without port and final dot.
    Host,
    /// A fixed text.
    Value(String),
}

impl KeyPart {
    /// Returns the value in a request if it is the only one and needs no decoding. `None` may mean
    /// that there are several values, or none.
    fn plain<'r>(&'r self, request: &'r Request) -> Option<&'r [u8]> {
        let value = match self {
            Self::Header(name, None) if name.as_str() != "host" => {
                request.headers().only(name.as_str())?.trim_ascii()
            }
            _ => return None,
        };
        (!value.is_empty()).then_some(value)
    }

    /// Returns the only value in a request. It is missing if it is empty, if the host is malformed,
    /// or if the path has too many readings.
    fn values<'r>(&'r self, request: &'r Request) -> Values<'r> {
        let value = match self {
            Self::ClientIp(prefixes) => request
                .source_address()
                .and_then(|address| prefixes.client(address))
                .map(Value::Client),
            Self::Header(name, None) if name.as_str() != "host" => {
                return single(header_values(name, request));
            }
            Self::Query(name, None) => return single(query_values(name, request)),
            Self::Cookie(name, None) => return single(cookie_values(name, request)),
            Self::Path(None) => request.canonical_path().ok().map(Value::AsIs),
            Self::Method => Some(Value::AsIs(request.method())),
            Self::Header(_, None) | Self::Host => request.host().ok().map(Value::AsIs),
            Self::Value(text) => Some(Value::AsIs(text.as_bytes())),
            _ => return self.values_apart(request),
        };
        single(value.into_iter())
    }

    /// Handles the parts that need decoding or extraction.
    #[inline(never)]
    fn values_apart<'r>(&'r self, request: &'r Request) -> Values<'r> {
        let extract = |extract: &Option<Extract>, value| extracted(extract.as_ref(), value);
        let value = match self {
            Self::Header(name, by) if name.as_str() != "host" => {
                return single(header_values(name, request).map(|value| extract(by, value)));
            }
            Self::Query(name, by) => {
                return single(query_values(name, request).map(|value| extract(by, value)));
            }
            Self::Cookie(name, by) => {
                return single(cookie_values(name, request).map(|value| extract(by, value)));
            }
            Self::Path(by) => {
                let path = request.canonical_path().ok();
                path.map(|path| extract(by, Value::AsIs(path)))
            }
            Self::Header(_, by) => {
                let host = request.host().ok();
                host.map(|host| extract(by, Value::AsIs(host)))
            }
            Self::Property(property) => property.read().map(Value::Decoded),
            Self::ClientIp(_) | Self::Method | Self::Host | Self::Value(_) => None,
        };
        single(value.into_iter())
    }

    /// Returns all distinct values in a request, up to one more than [`MAX_KEYS`]. An empty value
    /// is `None`.
    fn all_values<'r>(&'r self, request: &'r Request) -> Vec<Option<Value<'r>>> {
        match self {
            Self::Header(name, by) if name.as_str() != "host" => {
                let values = header_values(name, request);
                distinct(values.map(|value| extracted(by.as_ref(), value)))
            }
            Self::Query(name, by) => {
                let values = query_values(name, request);
                distinct(values.map(|value| extracted(by.as_ref(), value)))
            }
            Self::Cookie(name, by) => {
                let values = cookie_values(name, request);
                distinct(values.map(|value| extracted(by.as_ref(), value)))
            }
            other => vec![match other.values(request) {
                Values::One(value) => Some(value),
                Values::Missing | Values::Several => None,
            }],
        }
    }

    /// Returns the name of the descriptor entry.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::ClientIp(_) => "remote_address",
            Self::Header(name, _) => name.as_str(),
            Self::Query(name, _) | Self::Cookie(name, _) => name,
            Self::Path(_) => "path",
            Self::Method => "method",
            Self::Host => "host",
            Self::Property(property) => property.name(),
            Self::Value(_) => "generic_key",
        }
    }

    /// Appends bytes that are unique to this part.
    pub fn identify(&self, bytes: &mut Vec<u8>) {
        let (kind, [ipv4, ipv6], extract) = match self {
            Self::ClientIp(prefixes) => (0, [prefixes.ipv4, prefixes.ipv6], &None),
            Self::Header(_, extract) => (1, [0; 2], extract),
            Self::Query(_, extract) => (2, [0; 2], extract),
            Self::Cookie(_, extract) => (3, [0; 2], extract),
            Self::Path(extract) => (4, [0; 2], extract),
            Self::Method => (5, [0; 2], &None),
            Self::Host => (6, [0; 2], &None),
            Self::Value(_) => (7, [0; 2], &None),
            Self::Property(_) => (8, [0; 2], &None),
        };
        bytes.extend([kind, ipv4, ipv6]);
        let text = if let Self::Value(text) = self {
            text
        } else {
            self.name()
        };
        push(bytes, text.as_bytes());
        if let Some(extract) = extract {
            push(bytes, extract.as_str().as_bytes());
        }
    }

    /// Whether the part depends on the host. If so, a request with a malformed host has to be
    /// refused.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        match self {
            Self::Host => true,
            Self::Header(name, _) => name.as_str() == "host",
            _ => false,
        }
    }

    /// Checks that the values in a request can be determined.
    ///
    /// # Errors
    /// [`TooManyReadings`] if the path has too many readings, or if a regular expression would have
    /// to search too much text.
    pub fn check(&self, request: &Request) -> Result<(), TooManyReadings> {
        match self {
            Self::Path(None) => request.canonical_path().map(|_| ()),
            Self::Header(_, Some(_))
            | Self::Query(_, Some(_))
            | Self::Cookie(_, Some(_))
            | Self::Path(Some(_)) => self.pay(request),
            _ => Ok(()),
        }
    }

    #[inline(never)]
    fn pay(&self, request: &Request) -> Result<(), TooManyReadings> {
        match self {
            Self::Header(name, Some(by)) => {
                let mut values = request.values(name.as_str());
                values.try_for_each(|value| by.pay(request, value))
            }
            Self::Query(name, Some(by)) => {
                let mut values = request.query_values(name);
                values.try_for_each(|value| by.pay(request, value))
            }
            Self::Cookie(name, Some(by)) => {
                let mut values = request.cookie_values(name);
                values.try_for_each(|value| by.pay(request, value))
            }
            Self::Path(Some(by)) => by.pay(request, request.canonical_path()?),
            _ => Ok(()),
        }
    }
}

/// Appends a text with its length, so that different sequences of texts always give different
/// bytes.
pub(crate) fn push(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
    bytes.extend_from_slice(text);
}

#[cfg(test)]
mod tests;
