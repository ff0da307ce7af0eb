//! Modules as bytes: their checksums, and modified modules that do the same.

use std::{fmt::Write as _, fs};

use anyhow::Result;
use sha2::{Digest as _, Sha256};

use crate::paths;

/// The placeholder for the module's checksum in a sample that loads it by URL.
pub const CHECKSUM_PLACEHOLDER: &str =
    "0000000000000000000000000000000000000000000000000000000000000000";

/// Returns the SHA-256 of a module as Envoy, Istio and Envoy Gateway require it: in lower-case
/// hexadecimal.
pub fn sha256(module: &[u8]) -> String {
    Sha256::digest(module)
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Returns the SHA-256 of a filter's built module.
///
/// # Errors
/// If it has not been built.
pub fn sha256_of(filter: &str) -> Result<String> {
    Ok(sha256(&fs::read(paths::module(filter)?)?))
}

/// Returns the module with an additional custom section, which runtimes ignore: another file with
/// another checksum.
pub fn with_section(module: &[u8], name: &str) -> Vec<u8> {
    let length = u8::try_from(name.len()).expect("a short name");
    // Section 0 (WebAssembly core specification, 5.5.3): its size, then its name. Sizes below 128
    // are one byte.
    let section = [&[0, length + 1, length], name.as_bytes()].concat();
    assert!(length < 127, "a short name");
    [module, &section].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_hexadecimal() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
        assert_eq!(CHECKSUM_PLACEHOLDER.len(), empty.len());
    }

    #[test]
    fn only_a_section_is_added() {
        let empty = *b"\0asm\x01\0\0\0";
        assert_eq!(
            with_section(&empty, "ab"),
            [&empty[..], &[0, 3, 2], b"ab"].concat()
        );
    }
}
