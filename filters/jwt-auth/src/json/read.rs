//! Reading JSON (RFC 8259).
//!
//! Every token is read, by the million and from anyone, so this goes once over the text, and makes
//! nothing but the value. What it accepts is what `serde_json` accepts, without objects that hold a
//! key twice.

use super::{Json, Number, Object, block_bytes};

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

    /// A string, from its first quote to its last.
    fn string(&mut self) -> Option<String> {
        self.advance(1);
        let text = self.plain()?;
        if self.rest.first() == Some(&b'"') {
            self.advance(1);
            self.takes(text.len());
            return Some(text.to_owned());
        }
        self.escaped(text)
    }

    /// What stands before the next quote, backslash or control character.
    fn plain(&mut self) -> Option<&'j str> {
        let start = self.at();
        self.advance(plain_bytes(self.rest));
        self.since(start)
    }

    /// A string of which this much is read, and an escape follows.
    #[cold]
    fn escaped(&mut self, start: &str) -> Option<String> {
        let mut text = start.to_owned();
        loop {
            match self.rest {
                [b'"', ..] => {
                    self.advance(1);
                    // As a text without escapes has it.
                    text.shrink_to_fit();
                    self.takes(text.len());
                    return Some(text);
                }
                [b'\\', b'u', ..] => {
                    self.advance(2);
                    text.push(self.unicode()?);
                }
                [b'\\', escape, ..] => {
                    text.push(match escape {
                        b'"' => '"',
                        b'\\' => '\\',
                        b'/' => '/',
                        b'b' => '\u{8}',
                        b'f' => '\u{c}',
                        b'n' => '\n',
                        b'r' => '\r',
                        b't' => '\t',
                        _ => return None,
                    });
                    self.advance(2);
                }
                // The end of the text, or a control character.
                _ => return None,
            }
            text.push_str(self.plain()?);
        }
    }

    /// The character of a `\u` whose digits follow, and of a second one where the first is the high
    /// half of a pair.
    fn unicode(&mut self) -> Option<char> {
        let first = self.four_digits()?;
        if let Ok(character) = char::decode_utf16([first]).next()? {
            return Some(character);
        }
        let [b'\\', b'u', ..] = self.rest else {
            return None;
        };
        self.advance(2);
        let second = self.four_digits()?;
        char::decode_utf16([first, second]).next()?.ok()
    }

    fn four_digits(&mut self) -> Option<u16> {
        let digits = self.rest.first_chunk::<4>()?;
        self.advance(4);
        digits.iter().try_fold(0_u16, |number, digit| {
            let digit = char::from(*digit).to_digit(16)?;
            let digit = u16::try_from(digit).ok()?;
            Some(number.wrapping_shl(4) | digit)
        })
    }

    fn number(&mut self) -> Option<Number> {
        let start = self.at();
        let is_negative = self.rest.first() == Some(&b'-');
        self.advance(usize::from(is_negative));
        let is_zero_first = self.rest.first() == Some(&b'0');
        let first_digit = self.at();
        let mut whole = 0_u64;
        let mut rest = self.rest;
        while let [digit @ b'0'..=b'9', after @ ..] = rest {
            let digit = u64::from(digit.wrapping_sub(b'0'));
            whole = whole.wrapping_mul(10).wrapping_add(digit);
            rest = after;
        }
        self.rest = rest;
        let digits = self.at().wrapping_sub(first_digit);
        // More digits than these may not fit.
        let whole = match digits <= 19 {
            true => Some(whole),
            false => self.since(first_digit)?.parse().ok(),
        };
        if digits == 0 || (is_zero_first && digits > 1) {
            return None;
        }
        let is_whole = !matches!(self.rest, [b'.' | b'e' | b'E', ..]);
        match (whole, is_negative) {
            (Some(number), false) if is_whole => return Some(Number::Unsigned(number)),
            (Some(number), true) if is_whole && number > 0 => {
                if let Some(number) = 0_i64.checked_sub_unsigned(number) {
                    return Some(Number::Signed(number));
                }
            }
            _ => {}
        }
        self.rest_of_number(start)
    }

    /// A number that is not a whole one of at most 64 bits, as it is written.
    #[cold]
    fn rest_of_number(&mut self, start: usize) -> Option<Number> {
        if self.rest.first() == Some(&b'.') {
            self.advance(1);
            self.some_digits()?;
        }
        if let [b'e' | b'E', ..] = self.rest {
            self.advance(1);
            if let [b'+' | b'-', ..] = self.rest {
                self.advance(1);
            }
            self.some_digits()?;
        }
        let text = self.since(start)?;
        let is_finite = text.parse::<f64>().is_ok_and(f64::is_finite);
        self.takes(text.len());
        is_finite.then(|| Number::Other(text.into()))
    }

    fn some_digits(&mut self) -> Option<()> {
        let digits = self.rest.iter().take_while(|b| b.is_ascii_digit());
        let digits = digits.count();
        self.advance(digits);
        (digits > 0).then_some(())
    }
}

fn deeper(depth: u32) -> Option<u32> {
    (depth < MAX_DEPTH).then_some(depth.wrapping_add(1))
}

/// How many bytes stand before the first quote, backslash or control character: eight at a time.
fn plain_bytes(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    // The lowest byte whose top bit is set is the first that is below `n`.
    let below = |bytes: u64, n: u64| bytes.wrapping_sub(ONES.wrapping_mul(n)) & !bytes & TOPS;
    let is = |bytes: u64, byte: u8| below(bytes ^ ONES.wrapping_mul(u64::from(byte)), 1);
    let (chunks, rest) = text.as_chunks::<8>();
    let mut size = 0_usize;
    for chunk in chunks {
        let bytes = u64::from_le_bytes(*chunk);
        let found = below(bytes, 0x20) | is(bytes, b'"') | is(bytes, b'\\');
        if found != 0 {
            let first = found.trailing_zeros().wrapping_shr(3);
            return size.wrapping_add(usize::try_from(first).unwrap_or_default());
        }
        size = size.wrapping_add(8);
    }
    let is_plain = |b: &&u8| **b >= 0x20 && **b != b'"' && **b != b'\\';
    size.wrapping_add(rest.iter().take_while(is_plain).count())
}
