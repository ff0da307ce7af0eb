//! Numbers (RFC 8259, section 6), with all their digits.

use super::Reader;
use crate::json::Number;

impl Reader<'_> {
    pub(super) fn number(&mut self) -> Option<Number> {
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

    /// Parses a number other than an integer of at most 64 bits, as written.
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
