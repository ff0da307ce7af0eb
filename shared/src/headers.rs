//! Headers as bytes: views into the host's one buffer, and the difference that edits make.

mod difference;
mod list;
mod names;

use std::ops::Range;

pub use difference::Edit;
pub use list::list_elements;
pub use names::{is_look_alike, plain_name};

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
        let fields = spans(&bytes).unwrap_or_default();
        Self {
            received: fields.len(),
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
        headers.touched = Touched::default();
        headers.edits = 0;
        headers
    }

    fn slice(&self, span: Span) -> &[u8] {
        self.bytes.get(span.range()).unwrap_or_default()
    }

    fn named<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a Field> {
        self.fields
            .iter()
            .filter(move |field| field.present && self.is_named(field, name))
    }

    fn is_named(&self, field: &Field, name: &[u8]) -> bool {
        // The size tells most names apart.
        usize::try_from(field.name.size).is_ok_and(|size| size == name.len())
            && self.has_name(field, name)
    }

    #[inline(never)]
    fn has_name(&self, field: &Field, name: &[u8]) -> bool {
        is_same_name(self.slice(field.name), name)
    }

    /// All values of a header, in order. `name` is in lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.named(name.as_bytes())
            .map(|field| self.slice(field.value))
    }

    /// The first value of a header.
    #[must_use]
    pub fn first<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The one value of a header; `None` where it is missing or repeated.
    #[must_use]
    pub fn only<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        let mut values = self.all(name);
        let value = values.next()?;
        values.next().is_none().then_some(value)
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
        self.first(name).is_some()
    }

    /// All fields that are there.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields
            .iter()
            .filter(|field| field.present)
            .map(|field| (self.slice(field.name), self.slice(field.value)))
    }

    /// Replaces all values of a header by one.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        let mut count = 0_usize;
        let mut last = Span::default();
        for field in self.named(name.as_bytes()) {
            count = count.wrapping_add(1);
            last = field.value;
        }
        if count == 1 && is_same(self.slice(last), value) {
            return;
        }
        if count > 0 {
            self.remove(name);
        }
        self.push(name.as_bytes(), value);
    }

    /// Adds one more value of a header.
    pub fn add(&mut self, name: &str, value: &[u8]) {
        self.push(name.as_bytes(), value);
    }

    /// Replaces all values of a header by these, in this order; none removes it.
    pub fn replace<V: AsRef<[u8]>>(&mut self, name: &str, values: &[V]) {
        if self.all(name).eq(values.iter().map(AsRef::as_ref)) {
            return;
        }
        self.remove(name);
        for value in values {
            self.push(name.as_bytes(), value.as_ref());
        }
    }

    /// Removes all values of a header.
    pub fn remove(&mut self, name: &str) {
        let name = name.as_bytes();
        self.remove_sized(name.len(), |other| is_same_name(other, name));
    }

    /// Removes the headers whose name has this size, which tells most others apart, and fits.
    fn remove_sized(&mut self, size: usize, fits: impl Fn(&[u8]) -> bool) {
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let bytes = &self.bytes;
        for field in &mut self.fields {
            if field.name.size != size || !field.present {
                continue;
            }
            let name = bytes.get(field.name.range()).unwrap_or_default();
            if fits(name) {
                field.present = false;
                note_removed(name, &mut self.edits, &mut self.touched);
            }
        }
    }

    /// Removes all headers whose name fits.
    pub fn remove_if(&mut self, mut fits: impl FnMut(&[u8]) -> bool) {
        let bytes = &self.bytes;
        for field in self.fields.iter_mut().filter(|field| field.present) {
            let name = bytes.get(field.name.range()).unwrap_or_default();
            if fits(name) {
                field.present = false;
                note_removed(name, &mut self.edits, &mut self.touched);
            }
        }
    }

    /// Removes the headers that a server may read as `name`, which stays itself: those whose name
    /// has another character than letters and digits in the same places, as `x_jwt_sub` for
    /// `x-jwt-sub`. CGI (RFC 3875, section 4.1.18), WSGI and PHP see both under one name.
    /// Pseudo-headers stay: no server gets them by their names.
    pub fn remove_look_alikes(&mut self, name: &str) {
        let name = name.as_bytes();
        self.remove_sized(name.len(), |other| {
            !other.starts_with(b":") && is_look_alike(other, name)
        });
    }

    /// How many fields were added or removed so far.
    pub(crate) fn edits(&self) -> u32 {
        self.edits
    }

    /// What was edited since this was asked last.
    pub(crate) fn take_touched(&mut self) -> Touched {
        std::mem::take(&mut self.touched)
    }

    fn push(&mut self, name: &[u8], value: &[u8]) {
        self.edits = self.edits.wrapping_add(1);
        self.touched.add(name);
        let (name, value) = (self.append(name), self.append(value));
        self.fields.push(Field {
            name,
            value,
            present: true,
        });
    }

    fn append(&mut self, bytes: &[u8]) -> Span {
        let span = Span {
            start: u32::try_from(self.bytes.len()).unwrap_or(u32::MAX),
            size: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        };
        self.bytes.extend_from_slice(bytes);
        span
    }
}

/// Whether two names are the same. Not in the loops over fields, for most of which it is not
/// called; most names are compared by their two ends, which may overlap.
#[must_use]
#[inline(never)]
pub fn is_same_name(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        0..4 => a.iter().zip(b).all(|(a, b)| a == b),
        4..8 => has_same_ends::<4>(a, b),
        8..=16 => has_same_ends::<8>(a, b),
        _ => is_same_long_name(a, b),
    }
}

#[inline(never)]
fn is_same_long_name(a: &[u8], b: &[u8]) -> bool {
    is_same(a, b)
}

fn has_same_ends<const N: usize>(a: &[u8], b: &[u8]) -> bool {
    a.last_chunk::<N>() == b.last_chunk() && a.first_chunk::<N>() == b.first_chunk()
}

#[inline(never)]
fn note_removed(name: &[u8], edits: &mut u32, touched: &mut Touched) {
    *edits = edits.wrapping_add(1);
    touched.add(name);
}

/// Where names and values stand in the host's buffer; `None` where it is not in that form.
fn spans(bytes: &[u8]) -> Option<Vec<Field>> {
    let number = |bytes: &[u8]| {
        bytes
            .first_chunk::<4>()
            .map(|chunk| u32::from_le_bytes(*chunk))
    };
    let count = usize::try_from(number(bytes)?).ok()?;
    let sizes = bytes.get(4..)?.get(..count.checked_mul(8)?)?;
    // With room for what is added.
    let mut fields = Vec::with_capacity(count.checked_add(4)?);
    let mut start = u32::try_from(sizes.len()).ok()?.checked_add(4)?;
    for pair in sizes.chunks_exact(8) {
        let name = Span {
            start,
            size: number(pair)?,
        };
        let value = Span {
            start: name.start.checked_add(name.size)?.checked_add(1)?,
            size: number(pair.get(4..)?)?,
        };
        start = value.start.checked_add(value.size)?.checked_add(1)?;
        fields.push(Field {
            name,
            value,
            present: true,
        });
    }
    (usize::try_from(start).ok()? <= bytes.len()).then_some(fields)
}

/// Whether two long texts are the same: eight bytes at a time, four times in a turn. What `==`
/// calls in a module goes byte by byte.
#[must_use]
pub fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<32>(), b.as_chunks::<32>());
    let mut difference = 0;
    for (a, b) in a.iter().zip(b) {
        let ((a, _), (b, _)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
        for (a, b) in a.iter().zip(b) {
            difference |= u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        }
    }
    let ((a, a_rest), (b, b_rest)) = (a_rest.as_chunks::<8>(), b_rest.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        difference |= u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
    }
    difference == 0 && a_rest.iter().zip(b_rest).all(|(a, b)| a == b)
}

#[cfg(test)]
mod tests;
