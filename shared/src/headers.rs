//! Headers as bytes: views into the host's one buffer, and the difference that edits make.

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

/// The header fields of a message, pseudo-headers among them, in the order received. Names are in
/// lower case, values are bytes, and a repeated header is as many fields: a decision that looks at
/// one value only can be fooled by a second one.
///
/// Edits change what is read from then on. What came is remembered, so that
/// [`difference`](Self::difference) gives the fewest edits for the host: a header that ends as it
/// began is not written, and Envoy does not choose the route again for it.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    /// The host's buffer; what edits bring is appended.
    bytes: Vec<u8>,
    fields: Vec<Field>,
    /// How many fields came from the host.
    received: usize,
    /// The sizes of the names that came, and of those that were added too.
    received_sizes: Sizes,
    sizes: Sizes,
    /// How many fields were added or removed.
    edits: u32,
    touched: Touched,
}

/// How far the edits of a message were, so that a filter can tell its own from those of filters
/// before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(pub(crate) u32);

/// Which of the headers that others are read from were edited since this was asked last.
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
    /// Whether there is one.
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
    /// Whether the field is there now.
    present: bool,
}

/// A part of the buffer.
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
    /// Headers in the form in which the host hands them over: the count, the sizes of each name and
    /// value, then each of them and a NUL. Bytes that are not in this form give no headers.
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

    /// Headers from pairs whose names are already in lower case, as if received so.
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

    /// The place of the next field whose name has this size, there or not, from this place on. The
    /// size tells most names apart.
    #[inline(never)]
    fn of_size(&self, size: u32, from: usize) -> Option<usize> {
        if !self.sizes.may_have(size) {
            return None;
        }
        let mut fields = self.fields.get(from..)?.iter();
        let skipped = fields.position(|field| field.name.size == size)?;
        Some(from.wrapping_add(skipped))
    }

    /// The next field of this name that is there, from this place on, and the place after it.
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

    /// All values of a header, in order. `name` is in lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.named(name.as_bytes())
            .map(|field| self.slice(field.value))
    }

    /// The first value of a header.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        let (field, _) = self.find(name.as_bytes(), 0)?;
        Some(self.slice(field.value))
    }

    /// The one value of a header; `None` where it is missing or repeated.
    #[must_use]
    pub fn only(&self, name: &str) -> Option<&[u8]> {
        let (field, after) = self.find(name.as_bytes(), 0)?;
        let is_only = self.find(name.as_bytes(), after).is_none();
        is_only.then(|| self.slice(field.value))
    }

    /// All values joined by `separator` (RFC 9110, section 5.3); `None` where the header is
    /// missing.
    #[must_use]
    pub fn joined(&self, name: &str, separator: &[u8]) -> Option<Vec<u8>> {
        let values: Vec<&[u8]> = self.all(name).collect();
        (!values.is_empty()).then(|| values.join(separator))
    }

    /// Whether the header is there.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.find(name.as_bytes(), 0).is_some()
    }

    /// All fields that are there.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields
            .iter()
            .filter(|field| field.present)
            .map(|field| (self.slice(field.name), self.slice(field.value)))
    }

    /// How many fields were added or removed so far.
    pub(crate) fn edits(&self) -> u32 {
        self.edits
    }

    /// What was edited since this was asked last.
    pub(crate) fn take_touched(&mut self) -> Touched {
        std::mem::take(&mut self.touched)
    }
}

#[cfg(test)]
mod tests;
