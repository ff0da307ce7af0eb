//! The subset of DER (X.690) that public keys need: encoding and decoding SubjectPublicKeyInfo (RFC
//! 5280, 3279, 5480, 8410).

use crate::algorithm::Family;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;
const VERSION: u8 = 0xa0; // [0], explicit

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]; // 1.2.840.113549.1.1.1
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]; // 1.2.840.10045.2.1
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]; // 1.2.840.10045.3.1.7
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22]; // 1.3.132.0.34
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23]; // 1.3.132.0.35
const ED25519: &[u8] = &[0x2b, 0x65, 0x70]; // 1.3.101.112
const NULL: &[u8] = &[0x05, 0x00];

/// Encodes an RSA key. The numbers must not have leading zeros.
pub(crate) fn rsa_spki(n: &[u8], e: &[u8]) -> Vec<u8> {
    let key = tlv(SEQUENCE, &[integer(n), integer(e)].concat());
    spki(&[tlv(OBJECT_ID, RSA), NULL.to_vec()].concat(), &key)
}

/// Encodes an elliptic curve key as an uncompressed point.
pub(crate) fn ec_spki(curve: Family, x: &[u8], y: &[u8]) -> Vec<u8> {
    let curve = match curve {
        Family::P384 => P384,
        Family::P521 => P521,
        _ => P256,
    };
    let algorithm = [tlv(OBJECT_ID, EC), tlv(OBJECT_ID, curve)].concat();
    spki(&algorithm, &[&[4][..], x, y].concat())
}

/// Encodes an Ed25519 key.
pub(super) fn ed25519_spki(x: &[u8]) -> Vec<u8> {
    spki(&tlv(OBJECT_ID, ED25519), x)
}

/// Converts an ECDSA signature from `r` and `s` side by side (RFC 7518, section 3.4) to a sequence
/// of two integers.
pub(crate) fn ecdsa_signature(raw: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = raw.split_at_checked(raw.len().checked_div(2)?)?;
    Some(tlv(SEQUENCE, &[integer(r), integer(s)].concat()))
}

fn spki(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    let bits = [&[0][..], key].concat();
    tlv(
        SEQUENCE,
        &[tlv(SEQUENCE, algorithm), tlv(BIT_STRING, &bits)].concat(),
    )
}

/// Encodes a non-negative number in its shortest form.
fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|b| **b == 0).count();
    let digits = number.get(zeros..).unwrap_or_default();
    // Zero is one zero byte. A number whose first bit is set needs a zero byte in front, or it
    // would be negative.
    let sign: &[u8] = match digits.first() {
        Some(first) if first & 0x80 == 0 => &[],
        _ => &[0],
    };
    tlv(INTEGER, &[sign, digits].concat())
}

/// Encodes tag, length and value. No value here is longer than 64 KiB.
fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    let [high, low] = length.to_be_bytes();
    let head = match length {
        0..=0x7f => vec![tag, low],
        0x80..=0xff => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [&head[..], value].concat()
}

/// A decoded key: its kind and its bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Spki<'d> {
    /// A PKCS#1 RSAPublicKey.
    Rsa(&'d [u8]),
    /// A point on this curve.
    Ec(Family, &'d [u8]),
    /// A point.
    Ed25519(&'d [u8]),
}

/// Decodes a SubjectPublicKeyInfo; `None` if it is malformed, or of a kind that tokens do not use.
pub(super) fn read_spki(der: &[u8]) -> Option<Spki<'_>> {
    let (body, rest) = read(SEQUENCE, der)?;
    let (algorithm, after) = read(SEQUENCE, body)?;
    let (bits, end) = read(BIT_STRING, after)?;
    if !rest.is_empty() || !end.is_empty() {
        return None;
    }
    let key = bits.strip_prefix(&[0])?;
    let (kind, parameters) = read(OBJECT_ID, algorithm)?;
    match kind {
        RSA => Some(Spki::Rsa(key)),
        EC => {
            let curve = match read(OBJECT_ID, parameters)?.0 {
                P256 => Family::P256,
                P384 => Family::P384,
                P521 => Family::P521,
                _ => return None,
            };
            Some(Spki::Ec(curve, key))
        }
        ED25519 => Some(Spki::Ed25519(key)),
        _ => None,
    }
}

/// Returns the SubjectPublicKeyInfo of an X.509 certificate (RFC 5280, section 4.1). The rest of
/// the certificate is ignored.
pub(super) fn spki_of_certificate(der: &[u8]) -> Option<&[u8]> {
    let (certificate, rest) = read(SEQUENCE, der)?;
    let (mut fields, _) = read(SEQUENCE, certificate)?;
    if !rest.is_empty() {
        return None;
    }
    if let Some((_, after)) = read(VERSION, fields) {
        fields = after;
    }
    let (_, after) = read(INTEGER, fields)?; // serial number
    // Signature algorithm, issuer, validity, subject.
    let after = (0..4).try_fold(after, |fields, _| Some(read(SEQUENCE, fields)?.1))?;
    let (_, end) = read(SEQUENCE, after)?;
    after.get(..after.len().checked_sub(end.len())?)
}

/// Decodes a PKCS#1 RSAPublicKey: modulus and exponent.
pub(super) fn read_rsa(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (body, rest) = read(SEQUENCE, der)?;
    let (n, after) = read(INTEGER, body)?;
    let (e, end) = read(INTEGER, after)?;
    (rest.is_empty() && end.is_empty()).then_some((n, e))
}

/// Returns the value with this tag, and what follows it.
fn read(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        0x81 => {
            let (&length, rest) = rest.split_first()?;
            (usize::from(length), rest)
        }
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    (found == tag).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers_are_shortest_and_never_negative() {
        for (number, der) in [
            (&[0_u8, 0][..], &[2_u8, 1, 0][..]),
            (&[0, 1], &[2, 1, 1]),
            (&[0x7f], &[2, 1, 0x7f]),
            (&[0x80], &[2, 2, 0, 0x80]),
            (&[], &[2, 1, 0]),
        ] {
            assert_eq!(integer(number), der, "{number:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let n = [0xff; 256];
        let spki = rsa_spki(&n, &[1, 0, 1]);
        let Some(Spki::Rsa(key)) = read_spki(&spki) else {
            panic!("not an RSA key")
        };
        let (modulus, exponent) = read_rsa(key).unwrap();
        assert_eq!((&modulus[1..], exponent), (&n[..], &[1, 0, 1][..]));
        for (curve, size) in [(Family::P256, 32), (Family::P384, 48), (Family::P521, 66)] {
            let point = ec_spki(curve, &vec![1; size], &vec![2; size]);
            let bytes = [vec![4], vec![1; size], vec![2; size]].concat();
            assert_eq!(read_spki(&point), Some(Spki::Ec(curve, &bytes)));
        }
        assert_eq!(
            read_spki(&ed25519_spki(&[7; 32])),
            Some(Spki::Ed25519(&[7; 32]))
        );
    }

    #[test]
    fn a_signature_becomes_a_sequence_of_two_integers() {
        for (raw, der) in [
            (
                &[0, 1, 0x80, 0][..],
                &[0x30, 8, 2, 1, 1, 2, 3, 0, 0x80, 0][..],
            ),
            (&[0, 0], &[0x30, 6, 2, 1, 0, 2, 1, 0]),
        ] {
            assert_eq!(ecdsa_signature(raw).as_deref(), Some(der));
        }
        // As long as on P-521: lengths of 128 bytes and more take two.
        let long = ecdsa_signature(&[0x7f; 132]).unwrap();
        let number = [&[2, 66][..], &[0x7f; 66]].concat();
        assert_eq!(long, [&[0x30, 0x81, 136][..], &number, &number].concat());
    }

    #[test]
    fn what_follows_a_key_is_refused() {
        let spki = ec_spki(Family::P256, &[1; 32], &[2; 32]);
        let inside = [&spki[2..], &[5, 0]].concat();
        for wrong in [[&spki[..], &[0]].concat(), tlv(SEQUENCE, &inside)] {
            assert_eq!(read_spki(&wrong), None);
        }
        let numbers = [integer(&[3]), integer(&[5])].concat();
        let key = tlv(SEQUENCE, &numbers);
        assert_eq!(read_rsa(&key), Some((&[3][..], &[5][..])));
        let inside = tlv(SEQUENCE, &[&numbers[..], NULL].concat());
        for wrong in [[&key[..], &[0]].concat(), inside] {
            assert_eq!(read_rsa(&wrong), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = read_spki(&bytes);
            let _ = read_rsa(&bytes);
            let _ = spki_of_certificate(&bytes);
            let _ = ecdsa_signature(&bytes);
        }
    }
}
