//! A line of the log: `name=value` pairs, in ASCII. Clients choose some values, so all are escaped and cut.

use crate::host::{self, Map};
use crate::request::Request;
use std::borrow::Cow;

/// The longest path in a line, in bytes as sent.
const MAX_PATH_BYTES: usize = 256;

/// The longest of other values, in bytes as sent.
pub(super) const MAX_VALUE_BYTES: usize = 128;

/// A line, which is ASCII.
pub(super) fn text(line: Vec<u8>) -> String {
    String::from_utf8(line).unwrap_or_default()
}

/// Which request it is: as it was sent, so of one that was edited what the host has.
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

/// What a value holds, as bits.
type Signs = u8;

/// It stands in quotes.
const NEEDS_QUOTES: Signs = 1;
/// It is no printable ASCII, or has quotes itself.
const NEEDS_ESCAPES: Signs = 2;

/// What each byte means for the value that has it.
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

/// Printable ASCII, without quotes; mostly what is there.
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
