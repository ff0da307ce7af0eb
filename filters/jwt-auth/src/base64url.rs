//! Base64url as defined in RFC 7515, section 2: no padding, no white space, no stray bits at the
//! end.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// The six bits of each character at each of its four possible positions; [`NONE`] for other
/// characters.
static BITS: [[u32; 256]; 4] = [bits(18), bits(12), bits(6), bits(0)];

/// A bit that four characters never set.
const NONE: u32 = 1 << 31;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "at compile time, where a fault is an error"
)]
const fn bits(shift: u32) -> [u32; 256] {
    let mut bits = [NONE; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        bits[ALPHABET[value] as usize] = (value as u32) << shift;
        value += 1;
    }
    bits
}

/// Decodes a text; `None` if it is not unpadded base64url.
///
/// Every token is decoded, so this looks up four characters at a time, which takes half of the time
/// of the `base64` crate in a VM.
#[must_use]
pub fn decode(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    let (whole, rest) = text.as_ref().as_chunks::<4>();
    let [first, second, third, fourth] = &BITS;
    let of = |bits: &[u32; 256], character: u8| {
        let found = bits.get(usize::from(character));
        found.copied().unwrap_or(NONE)
    };
    let mut bytes = vec![0; whole.len().saturating_mul(3)];
    let mut seen = 0;
    for ([a, b, c, d], three) in whole.iter().zip(bytes.as_chunks_mut::<3>().0) {
        let bits = of(first, *a) | of(second, *b) | of(third, *c) | of(fourth, *d);
        seen |= bits;
        let [_, one, two, last] = bits.to_be_bytes();
        *three = [one, two, last];
    }
    // A single character is less than a byte. Two or three characters leave some bits, which must
    // be 0.
    let bits = match rest {
        [] => 0,
        [a, b] => of(first, *a) | of(second, *b),
        [a, b, c] => of(first, *a) | of(second, *b) | of(third, *c),
        _ => NONE,
    };
    let [_, one, two, last] = bits.to_be_bytes();
    let is_right = (seen | bits) & NONE == 0 && last == 0 && (rest.len() == 3 || two == 0);
    if !is_right {
        return None;
    }
    let end = [one, two];
    bytes.extend_from_slice(end.get(..rest.len().saturating_sub(1)).unwrap_or_default());
    Some(bytes)
}

/// Encodes bytes.
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes text written by a person: either alphabet, with or without padding.
#[must_use]
pub fn decode_any(text: &str) -> Option<Vec<u8>> {
    [URL_SAFE_NO_PAD, STANDARD, URL_SAFE, STANDARD_NO_PAD]
        .iter()
        .find_map(|engine| engine.decode(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decoding_is_strict() {
        for (text, decoded) in [
            ("", Some(&b""[..])),
            ("YQ", Some(b"a")),
            ("-_8", Some(b"\xfb\xff")),
            ("YQ==", None),
            ("YR", None), // bits beyond the byte
            ("Y", None),
            ("Y Q", None),
            ("+/8", None),
            ("YQ\n", None),
        ] {
            assert_eq!(decode(text).as_deref(), decoded, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn decoding_is_that_of_the_base64_crate(text in "[A-Za-f0-1_=+/ -]{0,40}", bytes: Vec<u8>) {
            prop_assert_eq!(decode(&text), URL_SAFE_NO_PAD.decode(&text).ok());
            prop_assert_eq!(decode(&bytes), URL_SAFE_NO_PAD.decode(&bytes).ok());
            prop_assert_eq!(decode(encode(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn each_character_is_decoded_at_each_place() {
        for byte in 0..=u8::MAX {
            for place in 0..7 {
                let mut text = *b"AAAAAAA";
                text[place] = byte;
                assert_eq!(decode(text), URL_SAFE_NO_PAD.decode(text).ok(), "{text:?}");
            }
        }
    }

    #[test]
    fn people_may_write_either_alphabet() {
        for text in ["-_8", "-_8=", "+/8", "+/8="] {
            assert_eq!(decode_any(text).unwrap(), b"\xfb\xff", "{text}");
        }
        assert_eq!(decode_any("*"), None);
    }
}
