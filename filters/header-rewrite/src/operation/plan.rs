//! What is computed when the configuration is loaded, so that a request pays nothing for it, or one
//! look at each header.

use super::name::is_spared;
use super::{HeaderOperation, NameSelector, RequestOperation};
use filter_kit::headers::{Headers, Sizes, is_look_alike, is_same_name};
use filter_kit::template::Template;
use filter_kit::values::HeaderName;
use std::iter::Sum;

/// How much of a response operations depend on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Look(u8);

impl Look {
    /// Whether one header exists. If it does, finding out costs as much as reading all headers; if
    /// it does not, a sixth.
    const AT_ONE: Self = Self(1);
    /// All headers.
    pub(super) const AT_ALL: Self = Self(3);

    /// Returns how much of the response an operation depends on.
    pub(super) fn of(operation: &HeaderOperation) -> Self {
        let template = operation.template();
        if template.is_some_and(Template::looks_at_response) {
            return Self::AT_ALL;
        }
        match operation {
            HeaderOperation::Set(..)
            | HeaderOperation::Add(..)
            | HeaderOperation::Remove(NameSelector::Name(_)) => Self::default(),
            HeaderOperation::Default(..) => Self::AT_ONE,
            HeaderOperation::Remove(_)
            | HeaderOperation::Rename { .. }
            | HeaderOperation::Copy { .. }
            | HeaderOperation::Replace { .. }
            | HeaderOperation::Dedupe(_) => Self::AT_ALL,
        }
    }

    /// Whether it needs all headers.
    #[must_use]
    pub fn is_at_all(self) -> bool {
        self >= Self::AT_ALL
    }
}

impl Sum for Look {
    fn sum<I: Iterator<Item = Self>>(looks: I) -> Self {
        looks.fold(Self::default(), |sum, look| {
            Self(sum.0.saturating_add(look.0))
        })
    }
}

/// What is removed from a request before the operations of a rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct RemovedFirst {
    names: Vec<Removed>,
    /// The sizes of the names. Few headers have one of these sizes.
    sizes: Sizes,
}

/// A name whose other spellings are removed.
#[derive(Debug, Clone)]
struct Removed {
    name: HeaderName,
    /// Whether the header itself is removed.
    itself: bool,
}

impl RemovedFirst {
    /// Whether there is nothing to remove.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Removes these headers.
    #[inline(never)]
    pub(crate) fn remove(&self, headers: &mut Headers) {
        headers.remove_if_of(self.sizes, |other| self.fits(other));
    }

    #[inline(never)]
    fn fits(&self, other: &[u8]) -> bool {
        self.names.iter().any(|removed| removed.fits(other))
    }

    fn add(&mut self, name: &HeaderName, itself: bool) {
        self.sizes.add_name(name.as_str().as_bytes());
        match self.names.iter_mut().find(|removed| removed.name == *name) {
            Some(removed) => removed.itself |= itself,
            None => self.names.push(Removed {
                name: name.clone(),
                itself,
            }),
        }
    }
}

impl Removed {
    fn fits(&self, other: &[u8]) -> bool {
        let name = self.name.as_str().as_bytes();
        if self.itself && is_same_name(other, name) {
            return true;
        }
        is_look_alike(other, name) && !is_spared(other, false)
    }
}

/// Separates removals from the operations of a rule if they can be done first, in one look at each
/// header: other spellings of names that are written or removed, and headers that are removed by
/// name.
///
/// If an operation reads or writes what another one removes, the order matters, and nothing is
/// separated.
#[must_use]
pub(crate) fn remove_first(operations: &mut Vec<RequestOperation>) -> RemovedFirst {
    let mut first = RemovedFirst::default();
    let touched: Vec<Vec<String>> = operations.iter().map(touched).collect();
    let mut names = touched.iter().flatten();
    while let Some(name) = names.next() {
        let is_other = |other: &String| is_look_alike(name.as_bytes(), other.as_bytes());
        if names.clone().any(is_other) {
            return first;
        }
    }
    let mut before = Vec::new();
    let mut rest = Vec::new();
    for (operation, touched) in operations.drain(..).zip(touched) {
        match operation {
            RequestOperation::Header(HeaderOperation::Remove(NameSelector::Name(name)))
                if !before.iter().any(|before| before == name.as_str()) =>
            {
                first.add(&name, true);
                continue;
            }
            RequestOperation::Header(operation) if operation.name().is_some() => {
                if let Some(name) = operation.name()
                    && !name.as_str().bytes().all(|b| b.is_ascii_alphanumeric())
                {
                    first.add(name, false);
                }
                rest.push(RequestOperation::Planned(operation));
            }
            other => rest.push(other),
        }
        before.extend(touched);
    }
    *operations = rest;
    first
}

/// Returns the headers that an operation reads or writes by name. Pseudo-headers have no other
/// spellings. Removals by prefix or pattern may be done before or after.
fn touched(operation: &RequestOperation) -> Vec<String> {
    let named = match operation {
        RequestOperation::Target(_) => None,
        RequestOperation::Header(operation) | RequestOperation::Planned(operation) => {
            Some(operation)
        }
    };
    let named = named.into_iter().flat_map(HeaderOperation::names);
    let read = operation.template().into_iter();
    let read = read.flat_map(Template::request_headers);
    let names = named.map(HeaderName::as_str).chain(read);
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
