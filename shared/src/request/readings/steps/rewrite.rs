//! The steps other than simple percent-decoding.

use super::{has_params_after_dots, hex, is_unreserved, leading_dot_segment, triplet};

/// Writes byte by byte into a buffer that is long enough, so that no write has to grow it.
pub(super) struct Writer<'a> {
    pub(super) bytes: &'a mut [u8],
    pub(super) len: usize,
}

impl Writer<'_> {
    pub(super) fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len = self.len.wrapping_add(1);
        }
    }

    /// Adds `25` after a `%` that, with the bytes written after it and the next one, looks like a
    /// triplet.
    fn escape_new_triplet(&mut self, percent: usize, next: Option<u8>) -> bool {
        let is_digit = |byte: u8| hex(byte).is_some();
        let start = percent.wrapping_add(1);
        let is_triplet = match self.bytes.get(start..self.len) {
            Some([high]) => is_digit(*high) && next.is_some_and(is_digit),
            Some([high, low]) => is_digit(*high) && is_digit(*low),
            _ => false,
        };
        if is_triplet {
            let end = self.len;
            self.push(0);
            self.push(0);
            self.bytes.copy_within(start..end, start.wrapping_add(2));
            if let Some(escape) = self.bytes.get_mut(start..start.wrapping_add(2)) {
                escape.copy_from_slice(b"25");
            }
        }
        is_triplet
    }

    /// Removes the last segment, with the slash before it.
    fn drop_segment(&mut self) {
        let written = self.bytes.get(..self.len).unwrap_or_default();
        self.len = written.iter().rposition(|b| *b == b'/').unwrap_or(0);
    }
}

/// `CheckForNestedEscapes` of googleurl. A `%25` takes no more space than the triplet that was
/// decoded before it.
pub(super) fn decode_without_new_triplets(text: &[u8], out: &mut Writer<'_>) {
    let mut lone_percent = None;
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        match triplet(rest.as_slice()).filter(|_| byte == b'%') {
            Some(value) if is_unreserved(value) => {
                out.push(value);
                rest.nth(1);
                let next = rest.as_slice().first().copied();
                if lone_percent.is_some_and(|at| out.escape_new_triplet(at, next)) {
                    lone_percent = None;
                }
            }
            None if byte == b'%' => {
                lone_percent = Some(out.len);
                out.push(byte);
            }
            _ => out.push(byte),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    AllSegments,
    DotSegments,
}

pub(super) fn drop_params(text: &[u8], of: Of, out: &mut Writer<'_>) {
    let mut drops = of == Of::AllSegments || has_params_after_dots(text);
    let mut in_params = false;
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        match byte {
            b';' => in_params = drops,
            b'/' => {
                in_params = false;
                drops = of == Of::AllSegments || has_params_after_dots(rest.as_slice());
            }
            _ => {}
        }
        if !in_params {
            out.push(byte);
        }
    }
}

pub(super) fn turn_backslashes(text: &[u8], out: &mut Writer<'_>) {
    for &byte in text {
        out.push(if byte == b'\\' { b'/' } else { byte });
    }
}

pub(super) fn merge_slashes(text: &[u8], out: &mut Writer<'_>) {
    let mut before = 0;
    for &byte in text {
        if (byte, before) != (b'/', b'/') {
            out.push(byte);
        }
        before = byte;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FinalSlash {
    Leave,
    Drop,
}

/// Resolves dot segments (RFC 3986, section 5.2.4). An empty segment is a segment, and `..` at the
/// root stays at the root.
pub(super) fn resolve_dots(text: &[u8], final_slash: FinalSlash, out: &mut Writer<'_>) {
    let mut rest = text;
    let mut absolute = false;
    loop {
        let dots = leading_dot_segment(rest);
        if dots == 2 {
            out.drop_segment();
        }
        if dots == 0 && absolute {
            out.push(b'/');
        }
        let mut bytes = rest.get(dots..).unwrap_or_default().iter();
        loop {
            match bytes.next() {
                Some(b'/') => break,
                Some(byte) => out.push(*byte),
                None => {
                    let drops = final_slash == FinalSlash::Drop && out.len > 0;
                    if dots > 0 && absolute && !drops {
                        out.push(b'/');
                    }
                    return;
                }
            }
        }
        rest = bytes.as_slice();
        absolute = true;
    }
}
