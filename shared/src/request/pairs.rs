//! Names and values that a client sends in one text, parsed once: query parameters and cookies.

use std::borrow::Cow;

/// Pairs of names and values, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Pairs {
    bytes: Vec<u8>,
    pairs: Vec<Pair>,
}

/// A pair in the bytes: its name from `start`, its value from `value`, both before `end`. Comparing
/// the hash of the name rules out most other names at once: a client chooses the number of pairs,
/// and a configuration the number of lookups.
#[derive(Debug, Clone, Copy)]
struct Pair {
    hash: u32,
    start: u32,
    value: u32,
    end: u32,
}

impl Pairs {
    /// Parses the parameters of a query. Names and values are decoded once.
    pub(super) fn of_query(query: &[u8]) -> Self {
        let mut pairs = Self::default();
        for (name, value) in query_pairs(query) {
            pairs.push(&form_decode(name), &form_decode(value));
        }
        pairs
    }

    /// Parses the cookies of all `cookie` headers. Values are kept as sent, without surrounding
    /// quotes (RFC 6265, section 4.2).
    pub(super) fn of_cookies<'a>(headers: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut pairs = Self::default();
        for (name, value) in headers.flat_map(cookie_pairs) {
            pairs.push(name, unquote(value));
        }
        pairs
    }

    fn push(&mut self, name: &[u8], value: &[u8]) {
        let at = |bytes: &Vec<u8>| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let start = at(&self.bytes);
        self.bytes.extend_from_slice(name);
        let middle = at(&self.bytes);
        self.bytes.extend_from_slice(value);
        self.pairs.push(Pair {
            hash: hash(name),
            start,
            value: middle,
            end: at(&self.bytes),
        });
    }

    /// Returns the values of a name.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let wanted = hash(name.as_bytes());
        self.pairs
            .iter()
            .filter(move |pair| {
                pair.hash == wanted && self.slice(pair.start, pair.value) == name.as_bytes()
            })
            .map(|pair| self.slice(pair.value, pair.end))
    }

    fn slice(&self, start: u32, end: u32) -> &[u8] {
        let at = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        self.bytes.get(at(start)..at(end)).unwrap_or_default()
    }
}

/// FNV-1a. A client that causes collisions only costs a comparison of two short texts.
fn hash(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// Returns the raw pairs of a query, in order: `a=b&c` gives `(a, b)` and `(c, "")`. Empty pairs
/// are left out.
pub fn query_pairs(query: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    query
        .split(|b| *b == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| split_at_equals(pair).unwrap_or((pair, b"")))
}

/// Returns the raw pairs of a `cookie` header, in order, without surrounding white space. A pair
/// without `=` is left out.
fn cookie_pairs(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    header.split(|b| *b == b';').filter_map(|pair| {
        let (name, value) = split_at_equals(pair.trim_ascii())?;
        Some((name.trim_ascii_end(), value))
    })
}

fn split_at_equals(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = pair.iter().position(|b| *b == b'=')?;
    let (name, value) = pair.split_at_checked(at)?;
    Some((name, value.get(1..).unwrap_or_default()))
}

fn unquote(value: &[u8]) -> &[u8] {
    value
        .strip_prefix(b"\"")
        .and_then(|v| v.strip_suffix(b"\""))
        .unwrap_or(value)
}

/// Decodes a name or a value of a query once: `+` is a space, `%41` is `A`.
#[must_use]
pub fn form_decode(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'+') {
        return super::readings::decode(text);
    }
    let spaced: Vec<u8> = text
        .iter()
        .map(|b| if *b == b'+' { b' ' } else { *b })
        .collect();
    Cow::Owned(super::readings::decode(&spaced).into_owned())
}
