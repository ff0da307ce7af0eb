//! Edits of headers.

use super::{Field, Headers, Sizes, Span, Touched, is_look_alike, is_same, is_same_name};

impl Headers {
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
