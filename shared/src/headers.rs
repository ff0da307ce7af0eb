//! Headers as bytes: slices of the host's one buffer, and the difference that edits make.

mod difference;
mod edit;
mod list;
mod names;
mod same;
mod sizes;
mod spans;

use sizes::size_of_name;
use spans::spans;
use std::ops::Range;

pub use difference::Edit;
pub use list::list_elements;
pub use names::{is_look_alike, plain_name};
pub use same::{is_same, is_same_name};
pub use sizes::Sizes;

/// The header fields of a message, including pseudo-headers, in the order received. Names are in
/// lower case, and values are bytes. A repeated header is several fields: a decision that looks at
/// one value only could be bypassed with a second one.
///
/// Edits are visible to later reads. The original headers are remembered, so that
/// [`difference`](Self::difference) returns the fewest edits for the host: a header that ends up
/// with its original value is not written, and Envoy does not select the route again because of it.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    /// The host's buffer. Edits append to it.
    bytes: Vec<u8>,
    fields: Vec<Field>,
    /// Number of fields received from the host.
    received: usize,
    /// The sizes of the names that were received, and of all names including those added since.
    received_sizes: Sizes,
    sizes: Sizes,
    /// Number of fields added or removed.
    edits: u32,
    touched: Touched,
}

/// A point in the sequence of edits of a message. It lets a filter tell its own edits from those of
/// earlier filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(pub(crate) u32);

/// Which of the headers that other values are derived from were edited since the last
/// `take_touched`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Touched {
    /// `:path`.
    pub(crate) path: bool,
    /// `:authority`.
    pub(crate) authority: bool,
    /// `cookie`.
    pub(crate) cookie: bool,
}

impl Touched {
    /// Whether any of them was edited.
    pub(crate) fn is_any(self) -> bool {
        self.path || self.authority || self.cookie
    }

    fn add(&mut self, name: &[u8]) {
        if matches!(name.first(), Some(b':' | b'c')) {
            self.add_one(name);
        }
    }

    #[inline(never)]
    fn add_one(&mut self, name: &[u8]) {
        match name {
            b":path" => self.path = true,
            b":authority" => self.authority = true,
            b"cookie" => self.cookie = true,
            _ => {}
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Field {
    name: Span,
    value: Span,
    /// Whether the field still exists.
    present: bool,
}

/// A range of the buffer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    size: u32,
}

impl Span {
    fn range(self) -> Range<usize> {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        start..start.saturating_add(size)
    }
}

impl Headers {
    /// Parses headers in the form in which the host passes them: the count, the sizes of each name
    /// and value, then each name and value followed by a NUL. Malformed input gives no headers.
    #[must_use]
    pub fn from_host(bytes: Vec<u8>) -> Self {
        let (fields, sizes) = spans(&bytes).unwrap_or_default();
        Self {
            received: fields.len(),
            received_sizes: sizes,
            sizes,
            bytes,
            fields,
            edits: 0,
            touched: Touched::default(),
        }
    }

    /// Creates headers from pairs, as if they had been received. Names must be in lower case.
    #[must_use]
    pub fn new<N: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: &[(N, V)]) -> Self {
        let mut headers = Self::default();
        for (name, value) in pairs {
            headers.push(name.as_ref(), value.as_ref());
        }
        headers.received = headers.fields.len();
        headers.received_sizes = headers.sizes;
        headers.touched = Touched::default();
        headers.edits = 0;
        headers
    }

    fn slice(&self, span: Span) -> &[u8] {
        self.bytes.get(span.range()).unwrap_or_default()
    }

    /// Returns the index of the next field, at or after `from`, whose name has this size, whether
    /// or not the field still exists. The size alone rules out most other names.
    #[inline(never)]
    fn of_size(&self, size: u32, from: usize) -> Option<usize> {
        if !self.sizes.may_have(size) {
            return None;
        }
        let mut fields = self.fields.get(from..)?.iter();
        let skipped = fields.position(|field| field.name.size == size)?;
        Some(from.wrapping_add(skipped))
    }

    /// Returns the next existing field with this name, at or after `from`, and the index after it.
    fn find(&self, name: &[u8], mut from: usize) -> Option<(&Field, usize)> {
        let size = size_of_name(name);
        loop {
            let at = self.of_size(size, from)?;
            from = at.wrapping_add(1);
            let field = self.fields.get(at)?;
            if field.present && is_same_name(self.slice(field.name), name) {
                return Some((field, from));
            }
        }
    }

    fn named<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a Field> {
        let mut from = 0;
        std::iter::from_fn(move || {
            let (field, after) = self.find(name, from)?;
            from = after;
            Some(field)
        })
    }

    fn is_named(&self, field: &Field, name: &[u8]) -> bool {
        field.name.size == size_of_name(name) && is_same_name(self.slice(field.name), name)
    }

    /// Returns all values of a header, in order. `name` must be in lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.named(name.as_bytes())
            .map(|field| self.slice(field.value))
    }

    /// Returns the first value of a header.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        let (field, _) = self.find(name.as_bytes(), 0)?;
        Some(self.slice(field.value))
    }

    /// Returns the only value of a header; `None` if the header is missing or repeated.
    #[must_use]
    pub fn only(&self, name: &str) -> Option<&[u8]> {
        let (field, after) = self.find(name.as_bytes(), 0)?;
        let is_only = self.find(name.as_bytes(), after).is_none();
        is_only.then(|| self.slice(field.value))
    }

    /// Returns all values joined by `separator` (RFC 9110, section 5.3); `None` if the header is
    /// missing.
    #[must_use]
    pub fn joined(&self, name: &str, separator: &[u8]) -> Option<Vec<u8>> {
        let values: Vec<&[u8]> = self.all(name).collect();
        (!values.is_empty()).then(|| values.join(separator))
    }

    /// Whether the header exists.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.find(name.as_bytes(), 0).is_some()
    }

    /// Iterates over the names and values of all fields.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields
            .iter()
            .filter(|field| field.present)
            .map(|field| (self.slice(field.name), self.slice(field.value)))
    }

    /// Returns the number of fields added or removed so far.
    pub(crate) fn edits(&self) -> u32 {
        self.edits
    }

    /// Returns which headers were edited since the last call.
    pub(crate) fn take_touched(&mut self) -> Touched {
        std::mem::take(&mut self.touched)
    }
}

#[cfg(test)]
mod tests;
