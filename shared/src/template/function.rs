//! Functions that change the value of a variable.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// The characters that are encoded in a URI: all except unreserved characters (RFC 3986, section
/// 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// Percent-encodes.
    Url,
    Base64,
    /// Without padding.
    Base64Url,
    /// ASCII letters only.
    Lower,
    Upper,
    /// In hexadecimal digits.
    Sha256,
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "url" => Self::Url,
            "base64" => Self::Base64,
            "base64url" => Self::Base64Url,
            "lower" => Self::Lower,
            "upper" => Self::Upper,
            "sha256" => Self::Sha256,
            _ => return None,
        })
    }

    pub(super) fn apply(self, value: &[u8]) -> Vec<u8> {
        match self {
            Self::Url => percent_encode(value, RESERVED).to_string().into_bytes(),
            Self::Base64 => STANDARD.encode(value).into_bytes(),
            Self::Base64Url => URL_SAFE_NO_PAD.encode(value).into_bytes(),
            Self::Lower => value.to_ascii_lowercase(),
            Self::Upper => value.to_ascii_uppercase(),
            Self::Sha256 => {
                let mut hex = String::with_capacity(64);
                for byte in Sha256::digest(value) {
                    // Writing to a string cannot fail.
                    let _ = write!(hex, "{byte:02x}");
                }
                hex.into_bytes()
            }
        }
    }
}
