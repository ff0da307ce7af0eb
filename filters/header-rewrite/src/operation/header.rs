//! Operations on headers.

use super::{Budget, Change, Message, NameSelector, Replacement, TooCostly};
use crate::reason::Skipped;
use filter_kit::headers::{Headers, list_elements};
use filter_kit::template::{Template, Values};
use filter_kit::values::{HeaderName, is_header_value};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Maximum length of a value made by [`HeaderOperation::Replace`], in bytes: Envoy's default limit
/// for all headers of a message.
const MAX_REPLACED_BYTES: usize = 60 * 1024;

/// An operation on a header.
#[derive(Debug, Clone)]
pub enum HeaderOperation {
    /// Replaces all values with one. If the value is not available, the header is removed.
    Set(HeaderName, Template),
    /// Adds a value.
    Add(HeaderName, Template),
    /// Sets the value if the header is missing.
    Default(HeaderName, Template),
    /// Removes all values.
    Remove(NameSelector),
    /// Moves all values to another name, replacing its values. Does nothing if the first header is
    /// missing.
    Rename {
        /// The name to move from.
        from: HeaderName,
        /// The name to move to.
        to: HeaderName,
    },
    /// Copies all values to another name, replacing its values. Does nothing if the first header is
    /// missing.
    Copy {
        /// The name to copy from.
        from: HeaderName,
        /// The name to copy to.
        to: HeaderName,
    },
    /// Replaces every match of a pattern in every value. If that fails for a value, the value is
    /// removed.
    Replace {
        /// The header.
        name: HeaderName,
        /// What to replace, and with what.
        replacement: Replacement,
    },
    /// Removes repeated elements, including those within comma-separated values. The first one is
    /// kept.
    Dedupe(HeaderName),
}

impl HeaderOperation {
    /// Returns the change to a message, and why the operation is skipped.
    pub fn change(
        &self,
        message: Message<'_>,
        values: &Values<'_>,
        budget: &mut Budget,
    ) -> (Change<'_>, Option<Skipped>) {
        let change = match self {
            Self::Set(name, template) => match header_value(template, values) {
                Ok(value) => Change::Set(name, value),
                Err(reason) => return (Change::Put(name, Vec::new()), Some(reason)),
            },
            Self::Default(name, _) if message.has(name.as_str()) => Change::Nothing,
            Self::Add(name, template) | Self::Default(name, template) => {
                match header_value(template, values) {
                    Ok(value) => Change::Add(name, value),
                    Err(reason) => return (Change::Nothing, Some(reason)),
                }
            }
            Self::Remove(selector) => {
                let names = message.is_request().then(|| message.headers().iter());
                let work = names
                    .into_iter()
                    .flatten()
                    .map(|(name, _)| selector.work(name));
                match budget.spend(work.sum()) {
                    Ok(()) => Change::Remove(selector),
                    Err(TooCostly) => return (Change::Nothing, Some(Skipped::TooCostly)),
                }
            }
            Self::Rename { from, to } | Self::Copy { from, to } if from == to => Change::Nothing,
            Self::Rename { from, to } if message.headers().contains(from.as_str()) => {
                Change::Move(from, to, message.values(from.as_str()))
            }
            Self::Rename { .. } => Change::Nothing,
            Self::Copy { from, to } => match message.values(from.as_str()) {
                copied if copied.is_empty() => Change::Nothing,
                copied => Change::Put(to, copied),
            },
            Self::Replace { name, replacement } => {
                let (replaced, skipped) =
                    replaced(name, replacement, message.headers(), values, budget);
                return (Change::Put(name, replaced), skipped);
            }
            Self::Dedupe(name) => {
                let values = message.headers().all(name.as_str());
                Change::Put(name, dedupe(name.as_str(), values))
            }
        };
        (change, None)
    }

    /// Returns the template of its value.
    #[must_use]
    pub fn template(&self) -> Option<&Template> {
        match self {
            Self::Set(_, value) | Self::Add(_, value) | Self::Default(_, value) => Some(value),
            Self::Replace { replacement, .. } => Some(replacement.template()),
            Self::Remove(_) | Self::Rename { .. } | Self::Copy { .. } | Self::Dedupe(_) => None,
        }
    }

    /// Returns the headers that it reads or writes by name.
    pub(super) fn names(&self) -> impl Iterator<Item = &HeaderName> {
        let (one, two) = match self {
            Self::Set(name, _)
            | Self::Add(name, _)
            | Self::Default(name, _)
            | Self::Remove(NameSelector::Name(name))
            | Self::Replace { name, .. }
            | Self::Dedupe(name) => (Some(name), None),
            Self::Rename { from, to } | Self::Copy { from, to } => (Some(from), Some(to)),
            Self::Remove(_) => (None, None),
        };
        one.into_iter().chain(two)
    }

    /// Returns the header that it writes or removes in every request, whether or not the header
    /// exists.
    pub(super) fn name(&self) -> Option<&HeaderName> {
        match self {
            Self::Set(name, _)
            | Self::Add(name, _)
            | Self::Default(name, _)
            | Self::Rename { from: name, .. }
            | Self::Replace { name, .. }
            | Self::Dedupe(name) => Some(name),
            Self::Copy { .. } | Self::Remove(_) => None,
        }
    }
}

/// Returns a value that may be written to a header.
fn header_value<'t>(template: &'t Template, values: &Values<'_>) -> Result<Cow<'t, [u8]>, Skipped> {
    let value = template.expanded(values)?;
    // Text from the configuration was checked when it was loaded.
    if matches!(value, Cow::Borrowed(_)) || is_header_value(&value) {
        Ok(value)
    } else {
        Err(Skipped::Invalid)
    }
}

/// Returns the values with every match replaced. If that fails for a value, it is left out, because
/// what was to be replaced must not pass through. If one value is too costly, all are left out.
fn replaced(
    name: &HeaderName,
    replacement: &Replacement,
    headers: &Headers,
    values: &Values<'_>,
    budget: &mut Budget,
) -> (Vec<Vec<u8>>, Option<Skipped>) {
    let (mut kept, mut skipped) = (Vec::new(), None);
    for value in headers.all(name.as_str()) {
        match replacement.apply(value, values, MAX_REPLACED_BYTES, budget) {
            Ok(replaced) if is_header_value(&replaced) => kept.push(replaced),
            Ok(_) => skipped = Some(Skipped::Invalid),
            Err(Skipped::TooCostly) => return (Vec::new(), Some(Skipped::TooCostly)),
            Err(reason) => skipped = Some(reason),
        }
    }
    (kept, skipped)
}

/// Returns the values without repeated elements. `set-cookie` is not a list, so only whole values
/// are compared (RFC 6265, section 3).
fn dedupe<'h>(name: &str, values: impl Iterator<Item = &'h [u8]>) -> Vec<Vec<u8>> {
    // A set, because a client can fill a header with thousands of elements.
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
