//! The argument that a filter passes to Envoy's `verify_signature` for a token, for the call of the
//! floor.

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Encodes hash, key, signature and text in protobuf, as byte fields numbered from 1.
pub(crate) fn argument(bearer: &str, kid: &str) -> Result<Vec<u8>> {
    let token = bearer.trim_start_matches("Bearer ");
    let (message, signature) = token.rsplit_once('.').context("a token")?;
    let mut signature = URL_SAFE_NO_PAD.decode(signature)?;
    if kid.contains("es256") {
        let (r, s) = signature.split_at(signature.len() / 2);
        let numbers = [integer(r), integer(s)].concat();
        signature = [&[0x30, numbers.len() as u8][..], &numbers].concat();
    }
    let mut argument = Vec::new();
    for (number, field) in
        (1_u8..).zip([b"sha256", &spki(kid)?[..], &signature, message.as_bytes()])
    {
        argument.push(number << 3 | 2);
        argument.extend(varint(field.len()));
        argument.extend(field);
    }
    Ok(argument)
}

/// Returns the public key in DER.
fn spki(kid: &str) -> Result<Vec<u8>> {
    let name = kid.trim_start_matches("test-");
    let path = e2e::paths::workspace().join(format!("tests/keys/{name}.pub.pem"));
    let pem = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    Ok(STANDARD.decode(body)?)
}

/// Encodes a non-negative number of at most 32 bytes in DER (X.690, 8.3).
fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = &number[zeros.min(number.len() - 1)..];
    let sign: &[u8] = if digits[0] & 0x80 == 0 { &[] } else { &[0] };
    [&[2, (sign.len() + digits.len()) as u8][..], sign, digits].concat()
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_their_shortest_form() {
        for (number, der) in [
            (&[0, 1][..], &[2, 1, 1][..]),
            (&[0x80], &[2, 2, 0, 0x80]),
            (&[0, 0], &[2, 1, 0]),
        ] {
            assert_eq!(integer(number), der);
        }
        for (number, bytes) in [(0, &[0][..]), (127, &[127]), (300, &[0xac, 2])] {
            assert_eq!(varint(number), bytes);
        }
    }
}
