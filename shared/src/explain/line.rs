//! Formats a log line: `name=value` pairs, in ASCII. Clients choose some of the values, so all
//! values are escaped and truncated.

use crate::host::{self, Map};
use crate::request::Request;
use std::borrow::Cow;

/// Maximum length of the path in a line, in bytes before escaping.
const MAX_PATH_BYTES: usize = 256;

/// Maximum length of any other value, in bytes before escaping.
pub(super) const MAX_VALUE_BYTES: usize = 128;

/// Converts a line, which is ASCII, to text.
pub(super) fn text(line: Vec<u8>) -> String {
    String::from_utf8(line).unwrap_or_default()
}

/// Appends the fields that identify a request, as the client sent it. If the request was edited,
/// they are read from the host, which still has the original.
pub(super) fn push_request(line: &mut Vec<u8>, request: &Request) {
    let is_changed = request.is_changed();
    for (name, header, max) in [
        ("method", ":method", MAX_VALUE_BYTES),
        ("host", ":authority", MAX_VALUE_BYTES),
        ("path", ":path", MAX_PATH_BYTES),
        ("request_id", "x-request-id", MAX_VALUE_BYTES),
    ] {
        let value = if is_changed {
            host::map_value(Map::Request, header).map(Cow::Owned)
        } else {
            request.headers().first(header).map(Cow::Borrowed)
        };
        let Some(value) = value else { continue };
        let value = match header {
            ":path" => crate::request::split_target(&value).0,
            _ => &*value,
        };
        push(line, name, value, max);
    }
}

pub(super) fn push(line: &mut Vec<u8>, name: &str, value: &[u8], max: usize) {
    for part in [" ", name, "="] {
        line.extend_from_slice(part.as_bytes());
    }
    let (value, signs) = escape(value, max);
    let is_quoted = signs & NEEDS_QUOTES != 0 || value.is_empty();
    let quote: &[u8] = if is_quoted { b"\"" } else { b"" };
    for part in [quote, &value, quote] {
        line.extend_from_slice(part);
    }
}

/// Properties of a value, as bits.
type Signs = u8;

/// The value has to be quoted.
const NEEDS_QUOTES: Signs = 1;
/// The value contains quotes, or bytes that are not printable ASCII.
const NEEDS_ESCAPES: Signs = 2;

/// The properties that each byte gives to a value.
static SIGNS: [Signs; 256] = signs();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "at compile time, where a fault is an error"
)]
const fn signs() -> [Signs; 256] {
    let mut signs = [NEEDS_ESCAPES; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        signs[byte as usize] = match byte {
            b' ' | b'=' => NEEDS_QUOTES,
            b'"' | b'\'' | b'\\' => NEEDS_ESCAPES,
            _ => 0,
        };
        byte += 1;
    }
    signs
}

/// Escapes everything that is not printable ASCII, and quotes. Most values need no escaping.
pub(super) fn escape(value: &[u8], max: usize) -> (Cow<'_, [u8]>, Signs) {
    let (head, rest) = value.split_at_checked(max).unwrap_or((value, b""));
    let of = |b: &u8| SIGNS.get(usize::from(*b)).copied();
    let mut signs = head.iter().filter_map(of).fold(0, |all, one| all | one);
    if rest.is_empty() && signs & NEEDS_ESCAPES == 0 {
        return (Cow::Borrowed(head), signs);
    }
    let mut escaped: Vec<u8> = head.escape_ascii().collect();
    if !rest.is_empty() {
        escaped.extend_from_slice(b"...");
    }
    if escaped.contains(&b'\\') {
        signs |= NEEDS_QUOTES;
    }
    (Cow::Owned(escaped), signs)
}
