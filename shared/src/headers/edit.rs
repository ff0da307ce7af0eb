//! Edits of headers.

use super::{Field, Headers, Sizes, Span, Touched, is_look_alike, is_same, is_same_name};

impl Headers {
    /// Replaces all values of a header with one.
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

    /// Adds a value to a header.
    pub fn add(&mut self, name: &str, value: &[u8]) {
        self.push(name.as_bytes(), value);
    }

    /// Replaces all values of a header with these, in this order. An empty list removes the header.
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

    /// Removes the headers whose name has this size and matches. The size alone rules out most
    /// other names.
    fn remove_sized(&mut self, size: usize, fits: impl Fn(&[u8]) -> bool) {
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let mut from = 0;
        while let Some(at) = self.of_size(size, from) {
            from = at.wrapping_add(1);
            self.remove_at(at, &mut &fits);
        }
    }

    /// Removes the field at this index if it exists and its name matches.
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

    /// Removes all headers whose name matches and has one of these sizes.
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

    /// Removes all headers whose name matches.
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

    /// Removes the headers that a server may read as `name`, but not `name` itself. Those are names
    /// that differ only in characters other than letters and digits, such as `x_jwt_sub` for
    /// `x-jwt-sub`: CGI (RFC 3875, section 4.1.18), WSGI and PHP map both to the same name.
    /// Pseudo-headers are kept, because no server receives them by name.
    pub fn remove_look_alikes(&mut self, name: &str) {
        let name = name.as_bytes();
        self.remove_sized(name.len(), |other| {
            !other.starts_with(b":") && is_look_alike(other, name)
        });
    }

    pub(super) fn push(&mut self, name: &[u8], value: &[u8]) {
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

#[inline(never)]
fn note_removed(name: &[u8], edits: &mut u32, touched: &mut Touched) {
    *edits = edits.wrapping_add(1);
    touched.add(name);
}
