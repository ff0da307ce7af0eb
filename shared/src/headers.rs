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

/// The sizes of names, as bits: most names that are looked for and not there have a size that no
/// other name has, so that no field is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sizes(u64);

impl Sizes {
    /// Adds the size of a name.
    pub fn add_name(&mut self, name: &[u8]) {
        self.add(size_of_name(name));
    }

    /// Whether a name of each may have the same size.
    fn meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn of(size: u32) -> Self {
        Self(1_u64.wrapping_shl(size))
    }

    fn add(&mut self, size: u32) {
        self.0 |= Self::of(size).0;
    }

    /// Whether a name may have this size.
    fn may_have(self, size: u32) -> bool {
        self.0 & Self::of(size).0 != 0
    }
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

    /// Replaces all values of a header by one.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        if let Some((field, after)) = self.find(name.as_bytes(), 0) {
            let is_only = self.find(name.as_bytes(), after).is_none();
            if is_only && is_same(self.slice(field.value), value) {
                return;
            }
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
        let mut from = 0;
        while let Some(at) = self.of_size(size, from) {
            from = at.wrapping_add(1);
            self.remove_at(at, &mut &fits);
        }
    }

    /// Removes the field in this place if it is there, and its name fits.
    fn remove_at(&mut self, at: usize, fits: &mut impl FnMut(&[u8]) -> bool) {
        let Some(field) = self.fields.get_mut(at).filter(|field| field.present) else {
            return;
        };
        let name = self.bytes.get(field.name.range()).unwrap_or_default();
        if fits(name) {
            field.present = false;
            note_removed(name, &mut self.edits, &mut self.touched);
        }
    }

    /// Removes all headers whose name fits, and has one of these sizes.
    pub fn remove_if_of(&mut self, sizes: Sizes, mut fits: impl FnMut(&[u8]) -> bool) {
        if !self.sizes.meet(sizes) {
            return;
        }
        let mut from = 0;
        while let Some(rest) = self.fields.get(from..) {
            let has_size = |field: &Field| sizes.may_have(field.name.size);
            let Some(skipped) = rest.iter().position(has_size) else {
                return;
            };
            let at = from.wrapping_add(skipped);
            from = at.wrapping_add(1);
            self.remove_at(at, &mut fits);
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
        self.sizes.add(name.size);
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
        0..4 => {
            let middle = a.len() / 2;
            a.first() == b.first() && a.last() == b.last() && a.get(middle) == b.get(middle)
        }
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
    match (
        a.last_chunk::<N>(),
        b.last_chunk(),
        a.first_chunk::<N>(),
        b.first_chunk(),
    ) {
        (Some(a_end), Some(b_end), Some(a), Some(b)) => a_end == b_end && a == b,
        _ => false,
    }
}

#[inline(never)]
fn note_removed(name: &[u8], edits: &mut u32, touched: &mut Touched) {
    *edits = edits.wrapping_add(1);
    touched.add(name);
}

fn size_of_name(name: &[u8]) -> u32 {
    u32::try_from(name.len()).unwrap_or(u32::MAX)
}

/// Where names and values stand in the host's buffer, and the sizes of the names; `None` where it
/// is not in that form.
fn spans(bytes: &[u8]) -> Option<(Vec<Field>, Sizes)> {
    let count = u32::from_le_bytes(*bytes.first_chunk()?);
    let count = usize::try_from(count).ok()?;
    let sizes = bytes.get(4..)?.get(..count.checked_mul(8)?)?;
    // With room for what is added.
    let mut fields = Vec::with_capacity(count.checked_add(4)?);
    let mut known = Sizes::default();
    // Sums of at most as many 32-bit sizes as there are bytes are far from 64 bits. A start beyond
    // 32 bits is one beyond the buffer, for which there are no fields.
    let mut start = u64::try_from(sizes.len()).ok()?.wrapping_add(4);
    fields.extend(sizes.as_chunks::<8>().0.iter().map(|pair| {
        let pair = u64::from_le_bytes(*pair);
        let (name_size, value_size) = (pair & u64::from(u32::MAX), pair >> 32);
        let value = start.wrapping_add(name_size).wrapping_add(1);
        let name = span(start, name_size);
        start = value.wrapping_add(value_size).wrapping_add(1);
        known.add(name.size);
        Field {
            name,
            value: span(value, value_size),
            present: true,
        }
    }));
    (usize::try_from(start).ok()? <= bytes.len()).then_some((fields, known))
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a size has 32 bits; a start beyond them is refused as a whole"
)]
fn span(start: u64, size: u64) -> Span {
    Span {
        start: start as u32,
        size: size as u32,
    }
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
        if let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0) {
            difference |=
                differing(a0, b0) | differing(a1, b1) | differing(a2, b2) | differing(a3, b3);
        }
    }
    let ((a, a_rest), (b, b_rest)) = (a_rest.as_chunks::<8>(), b_rest.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        difference |= differing(a, b);
    }
    difference == 0 && a_rest.iter().zip(b_rest).all(|(a, b)| a == b)
}

/// The bits in which they differ.
fn differing(a: &[u8; 8], b: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b)
}

#[cfg(test)]
mod tests;
