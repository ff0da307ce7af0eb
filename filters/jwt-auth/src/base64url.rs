//! Base64url as RFC 7515, section 2 has it: no padding, no white space, no stray bits at the end.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// Decodes; `None` for what is not base64url without padding.
#[must_use]
pub fn decode(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Encodes.
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes what a person wrote: either alphabet, with or without padding.
#[must_use]
pub fn decode_any(text: &str) -> Option<Vec<u8>> {
    [URL_SAFE_NO_PAD, STANDARD, URL_SAFE, STANDARD_NO_PAD]
        .iter()
        .find_map(|engine| engine.decode(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn people_may_write_either_alphabet() {
        for text in ["-_8", "-_8=", "+/8", "+/8="] {
            assert_eq!(decode_any(text).unwrap(), b"\xfb\xff", "{text}");
        }
        assert_eq!(decode_any("*"), None);
    }
}
