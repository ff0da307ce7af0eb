//! The values of a key part in a request.

use super::{Extract, MAX_KEYS};
use crate::address::Client;
use filter_kit::request::{Request, decode};
use filter_kit::values::HeaderName;
use std::borrow::Cow;

/// The value of a part in a request, never empty.
#[derive(Debug, Clone)]
pub enum Value<'r> {
    /// As sent, or as configured.
    AsIs(&'r [u8]),
    /// Decoded.
    Decoded(Vec<u8>),
    /// The client.
    Client(Client),
}

/// The number of values that a part has in a request.
pub(super) enum Values<'r> {
    Missing,
    One(Value<'r>),
    Several,
}

impl Value<'_> {
    /// Returns bytes that are unique among the values of the part.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::AsIs(bytes) => bytes,
            Self::Decoded(bytes) => bytes,
            Self::Client(client) => client.bytes(),
        }
    }

    /// Returns the value for the rate limit service.
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

/// Returns the values of a header. Not for `host`, which is the request's host.
pub(super) fn header_values<'r>(
    name: &'r HeaderName,
    request: &'r Request,
) -> impl Iterator<Item = Value<'r>> {
    let values = request.headers().all(name.as_str());
    values.map(|value| Value::AsIs(value.trim_ascii()))
}

pub(super) fn query_values<'r>(
    name: &'r str,
    request: &'r Request,
) -> impl Iterator<Item = Value<'r>> {
    request.query_values(name).map(Value::AsIs)
}

pub(super) fn cookie_values<'r>(
    name: &'r str,
    request: &'r Request,
) -> impl Iterator<Item = Value<'r>> {
    request
        .cookie_values(name)
        .map(|value| Value::from(decode(value)))
}

/// Returns what a part uses of a value: all of it, or what its regular expression extracts. Empty
/// if that does not match.
pub(super) fn extracted<'r>(extract: Option<&Extract>, value: Value<'r>) -> Value<'r> {
    match (extract, value) {
        (None, value) => value,
        (Some(extract), Value::AsIs(bytes)) => Value::AsIs(extract.of(bytes)),
        (Some(extract), value) => Value::Decoded(extract.of(value.bytes()).to_vec()),
    }
}

pub(super) fn single<'r>(mut values: impl Iterator<Item = Value<'r>>) -> Values<'r> {
    match values.next() {
        None => Values::Missing,
        Some(first) if values.any(|other| other != first) => Values::Several,
        Some(first) if first.bytes().is_empty() => Values::Missing,
        Some(first) => Values::One(first),
    }
}

pub(super) fn distinct<'r>(values: impl Iterator<Item = Value<'r>>) -> Vec<Option<Value<'r>>> {
    let mut distinct = Vec::new();
    for value in values {
        let value = Some(value).filter(|value| !value.bytes().is_empty());
        if !distinct.contains(&value) {
            distinct.push(value);
        }
        if distinct.len() > MAX_KEYS {
            break;
        }
    }
    if distinct.is_empty() {
        distinct.push(None);
    }
    distinct
}
