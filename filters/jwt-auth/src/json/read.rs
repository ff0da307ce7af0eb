//! Reading JSON (RFC 8259).
//!
//! Every token is read, by the million and from anyone, so this goes once over the text, and makes
//! nothing but the value. What it accepts is what `serde_json` accepts, without objects that hold a
//! key twice. Values are read here; [`text`] reads strings, [`number`] reads numbers.

mod number;
mod text;

use super::{Json, Object, block_bytes};

/// How deep values are nested at most, as with `serde_json`.
const MAX_DEPTH: u32 = 127;

/// Reads any value; `None` for what is not JSON, and for an object that holds a key twice.
#[must_use]
pub fn value(bytes: &[u8]) -> Option<Json> {
    let (value, _) = value_with_bytes(bytes)?;
    Some(value)
}

/// As [`value`], with the bytes of memory that it takes, as [`Json::heap_bytes`] gives them.
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

/// A text, and what is left of it to be read.
struct Reader<'j> {
    text: &'j str,
    rest: &'j [u8],
    /// What the values take that are read.
    heap_bytes: usize,
}

impl<'j> Reader<'j> {
    fn at(&self) -> usize {
        self.text.len().saturating_sub(self.rest.len())
    }

    /// What was read since then.
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

    /// The next byte that is no white space, which stays.
    fn peek(&mut self) -> Option<u8> {
        let next = *self.rest.first()?;
        if next > b' ' {
            return Some(next);
        }
        self.skip_space();
        self.rest.first().copied()
    }

    /// Takes this byte, after white space.
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
        // Most tokens have more claims than the four that a list begins with.
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

    /// Takes a comma, or the end of a list or an object.
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
