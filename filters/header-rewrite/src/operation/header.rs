//! Operations on headers.

use super::{Budget, Replacement, Sight, Skipped, header_value};
use crate::draft::Draft;
use filter_kit::headers::list_elements;
use filter_kit::request::Needs;
use filter_kit::template::Template;
use filter_kit::values::{HeaderName, Pattern, is_header_value};
use std::collections::BTreeSet;

/// The longest value that [`HeaderOperation::Replace`] may make, in bytes: Envoy's default for all headers of a message.
const MAX_REPLACED_BYTES: usize = 60 * 1024;

/// An operation on a header.
#[derive(Debug, Clone)]
pub enum HeaderOperation {
    /// Replaces all values by one.
    Set(HeaderName, Template),
    /// Adds one more value.
    Add(HeaderName, Template),
    /// Sets the value where the header is absent.
    Default(HeaderName, Template),
    /// Removes all values.
    Remove(NameSelector),
    /// Moves all values to another name, in place of what that held. Without the first header nothing happens.
    Rename {
        /// The name to move from.
        from: HeaderName,
        /// The name to move to.
        to: HeaderName,
    },
    /// Copies all values to another name, in place of what that held. Without the first header nothing happens.
    Copy {
        /// The name to copy from.
        from: HeaderName,
        /// The name to copy to.
        to: HeaderName,
    },
    /// Replaces every occurrence of a pattern in every value.
    Replace {
        /// The header.
        name: HeaderName,
        /// What to replace, and with what.
        replacement: Replacement,
    },
    /// Removes repeated elements, within comma-separated values too; the first one stays.
    Dedupe(HeaderName),
}

/// Which headers to remove.
#[derive(Debug, Clone)]
pub enum NameSelector {
    /// The one of this name.
    Name(HeaderName),
    /// Those whose name begins so. `x-envoy-*` only where `envoy` is true.
    Prefix {
        /// In lower case.
        prefix: String,
        /// Whether `x-envoy-*` may go.
        envoy: bool,
    },
    /// Those whose whole name matches. `x-envoy-*` only where `envoy` is true.
    Regex {
        /// Covers the whole name.
        pattern: Pattern,
        /// Whether `x-envoy-*` may go.
        envoy: bool,
    },
}

/// Headers that only Envoy writes: they frame the message or belong to one connection (RFC 9110, section 7.6.1).
pub const FRAMING: &[&str] = &[
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl NameSelector {
    /// Whether a header goes. A prefix or a pattern spares what a message cannot do without: pseudo-headers, `host`, framing headers, and
    /// `x-forwarded-proto`, without which Envoy finds no route.
    #[must_use]
    pub fn selects(&self, name: &str) -> bool {
        let spared = |envoy: bool| {
            name.starts_with(':')
                || matches!(name, "host" | "x-forwarded-proto")
                || FRAMING.contains(&name)
                || (!envoy && name.starts_with("x-envoy-"))
        };
        match self {
            Self::Name(selected) => selected.as_str() == name,
            Self::Prefix { prefix, envoy } => name.starts_with(prefix.as_str()) && !spared(*envoy),
            Self::Regex { pattern, envoy } => pattern.is_match(name.as_bytes()) && !spared(*envoy),
        }
    }
}

impl HeaderOperation {
    /// Carries it out.
    ///
    /// # Errors
    /// [`Skipped`], and then nothing is changed.
    pub fn apply(
        &self,
        draft: &mut Draft,
        sight: Sight<'_>,
        budget: &mut Budget,
    ) -> Result<(), Skipped> {
        match self {
            Self::Set(name, template) => {
                let value = header_value(template, &sight.values(draft))?;
                draft.change(name.as_str()).set(name.as_str(), value);
            }
            Self::Add(name, template) => {
                let value = header_value(template, &sight.values(draft))?;
                draft.change(name.as_str()).add(name.as_str(), value);
            }
            Self::Default(name, template) => {
                if !draft.headers().contains(name.as_str()) {
                    let value = header_value(template, &sight.values(draft))?;
                    draft.change(name.as_str()).add(name.as_str(), value);
                }
            }
            Self::Remove(selector) => remove(selector, draft),
            Self::Rename { from, to } => {
                if from != to && draft.headers().contains(from.as_str()) {
                    let moved = draft.change(from.as_str()).take(from.as_str());
                    put(draft, to, moved);
                }
            }
            Self::Copy { from, to } => {
                let copied: Vec<Vec<u8>> = draft
                    .headers()
                    .all(from.as_str())
                    .map(<[u8]>::to_vec)
                    .collect();
                if from != to && !copied.is_empty() {
                    put(draft, to, copied);
                }
            }
            Self::Replace { name, replacement } => {
                let replaced = draft
                    .headers()
                    .all(name.as_str())
                    .map(|value| {
                        let values = sight.values(draft);
                        replacement.apply(value, &values, MAX_REPLACED_BYTES, budget)
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                if !replaced.iter().all(|value| is_header_value(value)) {
                    return Err(Skipped::Invalid);
                }
                let mut replaced = replaced.into_iter();
                draft.change(name.as_str()).update(name.as_str(), |value| {
                    if let Some(new) = replaced.next() {
                        *value = new;
                    }
                });
            }
            Self::Dedupe(name) => {
                let deduped = dedupe(name.as_str(), draft.headers().all(name.as_str()));
                put(draft, name, deduped);
            }
        }
        Ok(())
    }

    /// What its templates have to know.
    #[must_use]
    pub fn needs(&self) -> Needs {
        match self {
            Self::Set(_, value) | Self::Add(_, value) | Self::Default(_, value) => value.needs(),
            Self::Replace { replacement, .. } => replacement.needs(),
            Self::Remove(_) | Self::Rename { .. } | Self::Copy { .. } | Self::Dedupe(_) => {
                Needs::default()
            }
        }
    }
}

fn remove(selector: &NameSelector, draft: &mut Draft) {
    let names: Vec<String> = draft
        .headers()
        .iter()
        .filter(|(name, _)| selector.selects(name))
        .map(|(name, _)| name.to_owned())
        .collect();
    for name in names {
        draft.change(&name).remove_if(|n| n == name);
    }
}

/// Puts these values in place of all that the header held.
fn put(draft: &mut Draft, name: &HeaderName, values: Vec<Vec<u8>>) {
    let headers = draft.change(name.as_str());
    headers.remove_if(|n| n == name.as_str());
    for value in values {
        headers.add(name.as_str(), value);
    }
}

/// The values without repeated elements. `set-cookie` is no list: only whole values are compared (RFC 6265, section 3).
fn dedupe<'h>(name: &str, values: impl Iterator<Item = &'h [u8]>) -> Vec<Vec<u8>> {
    // A set, since a client can fill a header with thousands of elements.
    let mut seen: BTreeSet<&[u8]> = BTreeSet::new();
    let mut kept = Vec::new();
    for value in values {
        let elements: Vec<&[u8]> = if name == "set-cookie" {
            vec![value]
        } else {
            list_elements(value).collect()
        };
        let count = elements.len();
        let mut fresh: Vec<&[u8]> = Vec::with_capacity(count);
        for element in elements {
            if seen.insert(element) {
                fresh.push(element);
            }
        }
        if fresh.len() == count {
            kept.push(value.to_vec());
        } else if !fresh.is_empty() {
            kept.push(fresh.join(&b", "[..]));
        }
    }
    kept
}

#[cfg(test)]
mod tests;
