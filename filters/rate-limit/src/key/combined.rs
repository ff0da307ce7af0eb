//! All parts of a key together.

use super::{KeyPart, Value, Values, push};
use crate::few::Few;
use filter_kit::request::Request;

/// How many buckets a request may have at one limit: one for each combination of the values that it
/// has for the parts of the key. Whichever of them the upstream goes by, it is charged.
pub(crate) const MAX_KEYS: usize = 4;

/// A key of a request. Each has a bucket of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key<'r> {
    /// The values of all parts, in their order.
    Of(Few<Value<'r>>),
    /// The one of all requests without a part.
    Missing,
}

/// The keys of a request: one, mostly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keys<'r> {
    /// This one.
    One(Key<'r>),
    /// These, each once, in the order in which their values came; [`MAX_KEYS`] at most.
    Several(Vec<Key<'r>>),
    /// More than that.
    TooMany,
}

/// An entry of a descriptor for the rate limit service: a part of a key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name, as Envoy's rate limit actions have it.
    pub name: String,
    /// The value, any bytes, never empty.
    pub value: Vec<u8>,
}

/// The bytes of the one key of a request, as [`Key::with_bytes`] gives them, where it takes no more
/// than a look. `None` says nothing.
#[must_use]
pub(crate) fn plain<'r>(parts: &'r [KeyPart], request: &'r Request) -> Option<&'r [u8]> {
    match parts {
        [] => Some(b""),
        [part] => part.plain(request),
        _ => None,
    }
}

/// The keys of a request by these parts. No parts: one, the same for all requests.
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

/// The keys of a request that has several values for a part.
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
                // Those that lack a part are one.
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
    /// Calls `act` with bytes that no other key of the same parts has.
    pub fn with_bytes<T>(&self, act: impl FnOnce(&[u8]) -> T) -> T {
        let values = match self {
            Self::Of(values) => &**values,
            // A value is never empty.
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

    /// The entries of its descriptor.
    #[must_use]
    pub fn entries(&self, parts: &[KeyPart]) -> Vec<Entry> {
        let entry = |(part, value): (&KeyPart, &Value<'_>)| Entry {
            name: part.name().to_owned(),
            value: value.text(),
        };
        match self {
            Self::Of(values) => parts.iter().zip(values.iter()).map(entry).collect(),
            // The name of its entry is that of no key part, so no client can be in it by what it
            // sends.
            Self::Missing => vec![Entry {
                name: "missing_key".to_owned(),
                value: b"shared".to_vec(),
            }],
        }
    }
}

/// The entries as one text that no other entries have.
#[must_use]
pub(crate) fn bytes(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        push(&mut bytes, entry.name.as_bytes());
        push(&mut bytes, &entry.value);
    }
    bytes
}
