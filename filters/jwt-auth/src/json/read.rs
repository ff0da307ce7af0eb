//! A JSON parser (RFC 8259).
//!
//! Every token is parsed, in large numbers and from any client, so the parser makes one pass over
//! the text and allocates only the value. It accepts what `serde_json` accepts, except for objects
//! with duplicate keys. Values are parsed here, strings in [`text`], numbers in [`number`].

mod number;
mod text;

use super::{Json, Object, block_bytes};

/// Maximum nesting depth of values, the same as in `serde_json`.
const MAX_DEPTH: u32 = 127;

/// Parses any value; `None` if it is not JSON, or if an object has a duplicate key.
#[must_use]
pub fn value(bytes: &[u8]) -> Option<Json> {
    let (value, _) = value_with_bytes(bytes)?;
    Some(value)
}

/// Like [`value`], but also returns its heap memory in bytes, as [`Json::heap_bytes`] does.
pub(super) fn value_with_bytes(bytes: &[u8]) -> Option<(Json, usize)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut reader = Reader {
        text,
        rest: bytes,
        heap_bytes: 0,
    };
    let value = reader.value(0)?;
    reader.skip_space();
    reader.rest.is_empty().then_some((value, reader.heap_bytes))
}

/// A text, and the part that has not been read yet.
struct Reader<'j> {
    text: &'j str,
    rest: &'j [u8],
    /// The heap memory of the values read so far, in bytes.
    heap_bytes: usize,
}

impl<'j> Reader<'j> {
    fn at(&self) -> usize {
        self.text.len().saturating_sub(self.rest.len())
    }

    /// Returns the text read since that position.
    fn since(&self, start: usize) -> Option<&'j str> {
        self.text.get(start..self.at())
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn takes(&mut self, bytes: usize) {
        self.heap_bytes = self.heap_bytes.saturating_add(block_bytes(bytes));
    }

    fn skip_space(&mut self) {
        while let [b' ' | b'\n' | b'\r' | b'\t', ..] = self.rest {
            self.advance(1);
        }
    }

    /// Skips white space, and returns the next byte without consuming it.
    fn peek(&mut self) -> Option<u8> {
        let next = *self.rest.first()?;
        if next > b' ' {
            return Some(next);
        }
        self.skip_space();
        self.rest.first().copied()
    }

    /// Skips white space, and consumes this byte.
    fn take(&mut self, byte: u8) -> Option<()> {
        let is_it = self.peek()? == byte;
        self.advance(1);
        is_it.then_some(())
    }

    fn value(&mut self, depth: u32) -> Option<Json> {
        match self.peek()? {
            b'"' => self.string().map(Json::Text),
            b'{' => self.object(depth).map(Json::Object),
            b'[' => self.list(depth).map(Json::List),
            b'-' | b'0'..=b'9' => self.number().map(Json::Number),
            b't' => self.literal("true", Json::Bool(true)),
            b'f' => self.literal("false", Json::Bool(false)),
            b'n' => self.literal("null", Json::Null),
            _ => None,
        }
    }

    fn literal(&mut self, literal: &str, value: Json) -> Option<Json> {
        let is_it = self.rest.starts_with(literal.as_bytes());
        self.advance(literal.len());
        is_it.then_some(value)
    }

    fn object(&mut self, depth: u32) -> Option<Object> {
        let depth = deeper(depth)?;
        self.advance(1);
        if self.peek()? == b'}' {
            self.advance(1);
            return Some(Object::default());
        }
        // Most tokens have more claims than the initial capacity of four.
        let mut members = Vec::with_capacity(if depth == 1 { 8 } else { 0 });
        loop {
            if self.peek()? != b'"' {
                return None;
            }
            let name = self.string()?;
            self.take(b':')?;
            members.push((name, self.value(depth)?));
            if !self.has_more(b'}')? {
                let place = size_of::<(String, Json)>();
                self.takes(members.capacity().saturating_mul(place));
                return Object::of(members);
            }
        }
    }

    fn list(&mut self, depth: u32) -> Option<Vec<Json>> {
        let depth = deeper(depth)?;
        self.advance(1);
        let mut items = Vec::new();
        if self.peek()? == b']' {
            self.advance(1);
            return Some(items);
        }
        loop {
            items.push(self.value(depth)?);
            if !self.has_more(b']')? {
                self.takes(items.capacity().saturating_mul(size_of::<Json>()));
                return Some(items);
            }
        }
    }

    /// Consumes a comma, or the end of a list or an object.
    fn has_more(&mut self, end: u8) -> Option<bool> {
        let next = self.peek()?;
        self.advance(1);
        match next {
            b',' => Some(true),
            next if next == end => Some(false),
            _ => None,
        }
    }
}

fn deeper(depth: u32) -> Option<u32> {
    (depth < MAX_DEPTH).then_some(depth.wrapping_add(1))
}
