//! Strings (RFC 8259, section 7). Most have no escapes, and are copied in one piece.

use super::Reader;

impl<'j> Reader<'j> {
    /// Parses a string, from its first quote to its last.
    pub(super) fn string(&mut self) -> Option<String> {
        self.advance(1);
        let text = self.plain()?;
        if self.rest.first() == Some(&b'"') {
            self.advance(1);
            self.takes(text.len());
            return Some(text.to_owned());
        }
        self.escaped(text)
    }

    /// Consumes everything before the next quote, backslash or control character.
    fn plain(&mut self) -> Option<&'j str> {
        let start = self.at();
        self.advance(plain_bytes(self.rest));
        self.since(start)
    }

    /// Parses the rest of a string after `start`, which an escape follows.
    #[cold]
    fn escaped(&mut self, start: &str) -> Option<String> {
        let mut text = start.to_owned();
        loop {
            match self.rest {
                [b'"', ..] => {
                    self.advance(1);
                    // With the same capacity as a string without escapes.
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

    /// Decodes the digits of a `\u` escape, and those of a second one if the first is a high
    /// surrogate.
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
}

/// Returns how many bytes precede the first quote, backslash or control character. Examines eight
/// bytes at a time.
fn plain_bytes(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    // The lowest byte whose top bit is set is the first one that is less than `n`.
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
