//! Combines all parts of a key.

use super::{KeyPart, Value, Values, push};
use crate::few::Few;
use filter_kit::request::Request;

/// Maximum number of buckets per request and limit: one for each combination of the values that it
/// has for the parts of the key. So a bucket is charged for every value that the upstream may use.
pub(crate) const MAX_KEYS: usize = 4;

/// A key of a request. Each key has its own bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key<'r> {
    /// The values of all parts, in order.
    Of(Few<Value<'r>>),
    /// The shared key of all requests that lack a part.
    Missing,
}

/// The keys of a request, in most cases one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keys<'r> {
    /// One key.
    One(Key<'r>),
    /// Several distinct keys in the order of their values, at most [`MAX_KEYS`].
    Several(Vec<Key<'r>>),
    /// More than [`MAX_KEYS`].
    TooMany,
}

/// An entry of a descriptor for the rate limit service: a part of a key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name, as in Envoy's rate limit actions.
    pub name: String,
    /// The value: any bytes, never empty.
    pub value: Vec<u8>,
}

/// Returns the bytes of a request's only key, as [`Key::with_bytes`] does, if that needs no further
/// work. `None` means nothing.
#[must_use]
pub(crate) fn plain<'r>(parts: &'r [KeyPart], request: &'r Request) -> Option<&'r [u8]> {
    match parts {
        [] => Some(b""),
        [part] => part.plain(request),
        _ => None,
    }
}

/// Returns the keys of a request for these parts. Without parts there is one key, the same for all
/// requests.
#[must_use]
pub(crate) fn keys<'r>(parts: &'r [KeyPart], request: &'r Request) -> Keys<'r> {
    let mut values = Few::None;
    let (mut is_missing, mut is_repeated) = (false, false);
    for part in parts {
        match part.values(request) {
            Values::One(value) => values.push(value),
            Values::Missing => is_missing = true,
            Values::Several => is_repeated = true,
        }
    }
    if is_missing {
        Keys::One(Key::Missing)
    } else if is_repeated {
        combinations(parts, request)
    } else {
        Keys::One(Key::Of(values))
    }
}

/// Returns the keys of a request that has several values for a part.
fn combinations<'r>(parts: &'r [KeyPart], request: &'r Request) -> Keys<'r> {
    let mut keys = vec![Key::Of(Few::None)];
    for part in parts {
        let values = part.all_values(request);
        let mut longer: Vec<Key<'r>> = Vec::new();
        for key in &keys {
            for value in &values {
                let key = match (key, value) {
                    (Key::Of(before), Some(value)) => {
                        Key::Of(before.iter().chain([value]).cloned().collect())
                    }
                    _ => Key::Missing,
                };
                // All combinations that lack a part are the same key.
                if key != Key::Missing || !longer.contains(&key) {
                    longer.push(key);
                }
            }
        }
        if longer.len() > MAX_KEYS {
            return Keys::TooMany;
        }
        keys = longer;
    }
    Keys::Several(keys)
}

impl Key<'_> {
    /// Calls `act` with bytes that are unique among all keys of the same parts.
    pub fn with_bytes<T>(&self, act: impl FnOnce(&[u8]) -> T) -> T {
        let values = match self {
            Self::Of(values) => &**values,
            // Unique, because a value is never empty.
            Self::Missing => &[],
        };
        match values {
            [] => act(b""),
            [value] => act(value.bytes()),
            values => {
                let mut bytes = Vec::with_capacity(128);
                for value in values {
                    push(&mut bytes, value.bytes());
                }
                act(&bytes)
            }
        }
    }

    /// Returns the entries of its descriptor.
    #[must_use]
    pub fn entries(&self, parts: &[KeyPart]) -> Vec<Entry> {
        let entry = |(part, value): (&KeyPart, &Value<'_>)| Entry {
            name: part.name().to_owned(),
            value: value.text(),
        };
        match self {
            Self::Of(values) => parts.iter().zip(values.iter()).map(entry).collect(),
            // No key part uses this name for its entry, so a client cannot select this bucket by
            // what it sends.
            Self::Missing => vec![Entry {
                name: "missing_key".to_owned(),
                value: b"shared".to_vec(),
            }],
        }
    }
}

/// Encodes the entries as unique bytes.
#[must_use]
pub(crate) fn bytes(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        push(&mut bytes, entry.name.as_bytes());
        push(&mut bytes, &entry.value);
    }
    bytes
}
