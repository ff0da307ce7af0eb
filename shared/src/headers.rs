//! Headers as bytes: views into the host's one buffer, and the difference that edits make.

use std::ops::Range;

/// The header fields of a message, pseudo-headers among them, in the order received. Names are in lower case, values are bytes, and a
/// repeated header is as many fields: a decision that looks at one value only can be fooled by a second one.
///
/// Edits change what is read from then on. What came is remembered, so that [`difference`](Self::difference) gives the fewest edits for the
/// host: a header that ends as it began is not written, and Envoy does not choose the route again for it.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    /// The host's buffer; what edits bring is appended.
    bytes: Vec<u8>,
    fields: Vec<Field>,
    /// How many fields came from the host.
    received: usize,
}

#[derive(Debug, Clone, Copy)]
struct Field {
    name: Span,
    value: Span,
    /// Whether the field is there now.
    present: bool,
}

/// A part of the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    size: u32,
}

/// One change of a message's headers, as the host can carry it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit<'h> {
    /// Replace all values of the header by this one.
    Set(&'h [u8], &'h [u8]),
    /// Add one more value.
    Add(&'h [u8], &'h [u8]),
    /// Remove all values.
    Remove(&'h [u8]),
}

impl<'h> Edit<'h> {
    /// The header's name.
    #[must_use]
    pub fn name(&self) -> &'h [u8] {
        match self {
            Self::Set(name, _) | Self::Add(name, _) | Self::Remove(name) => name,
        }
    }
}

impl Span {
    fn range(self) -> Range<usize> {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        start..start.saturating_add(size)
    }
}

impl Headers {
    /// Headers in the form in which the host hands them over: the count, the sizes of each name and value, then each of them and a NUL.
    /// Bytes that are not in this form give no headers.
    #[must_use]
    pub fn from_host(bytes: Vec<u8>) -> Self {
        let fields = spans(&bytes).unwrap_or_default();
        Self {
            received: fields.len(),
            bytes,
            fields,
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

    /// The size tells most names apart.
    fn is_named(&self, field: &Field, name: &[u8]) -> bool {
        u32::try_from(name.len()).is_ok_and(|size| size == field.name.size)
            && self.slice(field.name) == name
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

    /// All values joined by `separator` (RFC 9110, section 5.3); `None` where the header is missing.
    #[must_use]
    pub fn joined(&self, name: &str, separator: &[u8]) -> Option<Vec<u8>> {
        let values: Vec<&[u8]> = self.all(name).collect();
        (!values.is_empty()).then(|| values.join(separator))
    }

    /// Where the values of a header stand in the buffer: the same places hold the same values.
    pub(crate) fn places(&self, name: &str) -> Vec<Span> {
        self.named(name.as_bytes())
            .map(|field| field.value)
            .collect()
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
        if self.only(name) == Some(value) {
            return;
        }
        self.remove(name);
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
        self.remove_if(|other| other == name.as_bytes());
    }

    /// Removes all headers whose name fits.
    pub fn remove_if(&mut self, mut fits: impl FnMut(&[u8]) -> bool) {
        let Self { bytes, fields, .. } = self;
        for field in fields.iter_mut().filter(|field| field.present) {
            field.present = !fits(bytes.get(field.name.range()).unwrap_or_default());
        }
    }

    /// Removes the headers that a server may read as `name`, which stays itself: those whose name has another character than letters and
    /// digits in the same places, as `x_jwt_sub` for `x-jwt-sub`. CGI (RFC 3875, section 4.1.18), WSGI and PHP see both under one name.
    /// Pseudo-headers stay: no server gets them by their names.
    pub fn remove_look_alikes(&mut self, name: &str) {
        self.remove_if(|other| !other.starts_with(b":") && is_look_alike(other, name.as_bytes()));
    }

    /// What the host has to do, from what came to what is there now.
    #[must_use]
    pub fn difference(&self) -> Vec<Edit<'_>> {
        let mut edits = Vec::new();
        self.each_edit(|edit| edits.push(edit));
        edits
    }

    /// Whether the host has to do anything.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        let mut is_changed = false;
        self.each_edit(|_| is_changed = true);
        is_changed
    }

    /// Calls `act` with each edit of the [`difference`](Self::difference), in order.
    pub(crate) fn each_edit<'h>(&'h self, mut act: impl FnMut(Edit<'h>)) {
        for (at, field) in self.fields.iter().enumerate() {
            if !self.is_edited(at, field) {
                continue;
            }
            let name = self.slice(field.name);
            let is_seen = self
                .fields
                .iter()
                .take(at)
                .enumerate()
                .any(|(at, other)| self.is_edited(at, other) && self.is_named(other, name));
            if !is_seen {
                self.edits_of(name, &mut act);
            }
        }
    }

    /// Whether a field came and is gone, or did not come and is there.
    fn is_edited(&self, at: usize, field: &Field) -> bool {
        (at < self.received) != field.present
    }

    fn edits_of<'h>(&'h self, name: &'h [u8], act: &mut impl FnMut(Edit<'h>)) {
        let received = || {
            let fields = self.fields.iter().take(self.received);
            fields.filter(move |field| self.is_named(field, name))
        };
        let mut now = self.named(name).map(|field| self.slice(field.value));
        if received()
            .map(|field| self.slice(field.value))
            .eq(self.named(name).map(|field| self.slice(field.value)))
        {
            return;
        }
        let mut stay = 0_usize;
        if received().all(|field| field.present) {
            // All that came stays, and more is added.
            stay = received().count();
        }
        if stay > 0 {
            now.skip(stay).for_each(|value| act(Edit::Add(name, value)));
            return;
        }
        match now.next() {
            None => act(Edit::Remove(name)),
            Some(first) => {
                act(Edit::Set(name, first));
                now.for_each(|value| act(Edit::Add(name, value)));
            }
        }
    }

    fn push(&mut self, name: &[u8], value: &[u8]) {
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

/// Where names and values stand in the host's buffer; `None` where it is not in that form.
fn spans(bytes: &[u8]) -> Option<Vec<Field>> {
    let number = |bytes: &[u8]| {
        bytes
            .first_chunk::<4>()
            .map(|chunk| u32::from_le_bytes(*chunk))
    };
    let count = usize::try_from(number(bytes)?).ok()?;
    let sizes = bytes.get(4..)?.get(..count.checked_mul(8)?)?;
    let mut fields = Vec::with_capacity(count);
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

/// Whether two different names are the same to a server that takes every character but letters and digits for one.
#[must_use]
pub fn is_look_alike(name: &[u8], other: &[u8]) -> bool {
    name != other && is_spelling_of(name, other)
}

/// Whether a server that takes every character but letters and digits for one reads `name` as `other`.
fn is_spelling_of(name: &[u8], other: &[u8]) -> bool {
    let same = |(a, b): (&u8, &u8)| {
        a.eq_ignore_ascii_case(b) || !(a.is_ascii_alphanumeric() || b.is_ascii_alphanumeric())
    };
    name.len() == other.len() && name.iter().zip(other).all(same)
}

/// The name as such a server has it, with `-` for every character but letters and digits. For patterns of names.
#[must_use]
pub fn plain_name(name: &[u8]) -> Vec<u8> {
    name.iter()
        .map(|b| if b.is_ascii_alphanumeric() { *b } else { b'-' })
        .collect()
}

/// The elements of a comma-separated field (RFC 9110, section 5.6.1), without surrounding white space; empty elements
/// are left out. A comma inside a quoted string does not separate.
pub fn list_elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    value
        .split(move |b| {
            let was_escaped = std::mem::take(&mut escaped);
            match b {
                b'\\' if quoted && !was_escaped => escaped = true,
                b'"' if !was_escaped => quoted = !quoted,
                b',' => return !quoted,
                _ => {}
            }
            false
        })
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::testing::serialize;
    use proptest::prelude::*;

    fn edits(headers: &Headers) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let edit = |edit: &Edit<'_>| match edit {
            Edit::Set(name, value) => format!("set {}: {}", text(name), text(value)),
            Edit::Add(name, value) => format!("add {}: {}", text(name), text(value)),
            Edit::Remove(name) => format!("remove {}", text(name)),
        };
        headers.difference().iter().map(edit).collect()
    }

    #[test]
    fn the_difference_is_the_fewest_edits() {
        type Change = fn(&mut Headers);
        let cases: [(Change, &[&str]); 13] = [
            (|_| {}, &[]),
            (|h| h.set("b", b"2"), &[]),
            (|h| h.set("b", b"x"), &["set b: x"]),
            (|h| h.set("a", b"1"), &["set a: 1"]),
            (|h| h.set("n", b""), &["set n: "]),
            (|h| h.add("b", b"3"), &["add b: 3"]),
            (|h| h.add("n", b"3"), &["set n: 3"]),
            (|h| h.remove("a"), &["remove a"]),
            (|h| h.remove("n"), &[]),
            (
                |h| {
                    h.remove("b");
                    h.add("b", b"2");
                },
                &[],
            ),
            (
                |h| {
                    h.set("n", b"1");
                    h.remove("n");
                },
                &[],
            ),
            (|h| h.replace("a", &["3", "1"]), &["set a: 3", "add a: 1"]),
            (
                |h| h.remove_if(|n| n != b":path"),
                &["remove a", "remove b"],
            ),
        ];
        for (n, (change, expected)) in cases.into_iter().enumerate() {
            let mut headers = Headers::new(&[(":path", "/"), ("a", "1"), ("b", "2"), ("a", "3")]);
            change(&mut headers);
            assert_eq!(edits(&headers), expected, "case {n}");
        }
    }

    #[test]
    fn only_is_none_for_a_repeated_header() {
        let h = Headers::new(&[("a", "1"), ("b", "2"), ("a", "3")]);
        assert_eq!(h.only("a"), None);
        assert_eq!(h.only("b"), Some(&b"2"[..]));
        assert_eq!(h.joined("a", b", ").unwrap(), b"1, 3");
    }

    #[test]
    fn look_alikes_go_and_the_name_itself_stays() {
        let mut h = Headers::new(&[
            ("x-jwt-sub", "1"),
            ("x_jwt_sub", "2"),
            ("x-jwt_sub", "3"),
            ("x.jwt.sub", "4"),
            ("x-jwt-sub2", "5"),
            ("xxjwt-sub", "6"),
        ]);
        h.remove_look_alikes("x-jwt-sub");
        let left: Vec<&[u8]> = h.iter().map(|(_, value)| value).collect();
        assert_eq!(left, [b"1", b"5", b"6"]);
        let mut h = Headers::new(&[(":path", "/"), ("_path", "x")]);
        h.remove_look_alikes("-path");
        assert_eq!(h.iter().count(), 1);
        assert!(h.contains(":path"));
    }

    #[test]
    fn the_hosts_form_is_read_as_it_is_written() {
        let pairs: [(&[u8], &[u8]); 3] = [(b":path", b"/"), (b"x-\xff", b""), (b"a", b"\x00")];
        let headers = Headers::from_host(serialize(pairs.into_iter()));
        assert_eq!(headers.iter().collect::<Vec<_>>(), pairs);
        for bytes in [&b""[..], b"\x01\0\0\0", b"\xff\xff\xff\xff\0\0\0\0"] {
            assert_eq!(Headers::from_host(bytes.to_vec()).iter().count(), 0);
        }
    }

    #[test]
    fn list_elements_respect_quotes() {
        let elements = |v: &'static str| {
            list_elements(v.as_bytes())
                .map(|e| std::str::from_utf8(e).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(elements("a, b ,,c"), ["a", "b", "c"]);
        assert_eq!(elements(r#""a,b", c"#), [r#""a,b""#, "c"]);
        assert_eq!(elements(r#""a\",b", c"#), [r#""a\",b""#, "c"]);
        assert_eq!(elements(""), Vec::<&str>::new());
    }

    proptest! {
        #[test]
        fn any_bytes_of_a_host_are_read_without_panic(bytes: Vec<u8>) {
            let _ = Headers::from_host(bytes).iter().count();
        }

        #[test]
        fn the_difference_carried_out_gives_what_is_there(
            before in prop::collection::vec(("[abc]", "[12]"), 0..6),
            changes in prop::collection::vec((0..4_u8, "[abc]", "[12]"), 0..6),
        ) {
            let mut headers = Headers::new(&before);
            for (what, name, value) in &changes {
                match what {
                    0 => headers.set(name, value.as_bytes()),
                    1 => headers.add(name, value.as_bytes()),
                    2 => headers.remove(name),
                    _ => headers.replace(name, &[value, value]),
                }
            }
            let mut host = before.iter().map(|(n, v)| (n.clone().into_bytes(), v.clone().into_bytes())).collect::<Vec<_>>();
            for edit in headers.difference() {
                match edit {
                    Edit::Set(name, value) => {
                        host.retain(|(n, _)| n != name);
                        host.push((name.to_vec(), value.to_vec()));
                    }
                    Edit::Add(name, value) => host.push((name.to_vec(), value.to_vec())),
                    Edit::Remove(name) => host.retain(|(n, _)| n != name),
                }
            }
            for name in ["a", "b", "c"] {
                let got: Vec<&[u8]> = host.iter().filter(|(n, _)| n == name.as_bytes()).map(|(_, v)| v.as_slice()).collect();
                prop_assert_eq!(got, headers.all(name).collect::<Vec<_>>());
            }
        }
    }
}
