//! The contents of a public key, and checks that it is well-formed and strong.

use super::{der, p521};
use crate::algorithm::Family;
use ed25519_dalek::VerifyingKey;
use jsonwebtoken::DecodingKey;

/// RSA modulus sizes in bits. Smaller ones are weak (RFC 7518, section 3.3), and the library does
/// not verify with larger ones.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// The contents of a public key, unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Public {
    /// Modulus and exponent, big-endian.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// The coordinates of a point on the curve of this family.
    Ec {
        curve: Family,
        x: Vec<u8>,
        y: Vec<u8>,
    },
    /// A compressed point.
    Ed25519(Vec<u8>),
}

impl Public {
    pub(super) fn family(&self) -> Family {
        match self {
            Self::Rsa { .. } => Family::Rsa,
            Self::Ec { curve, .. } => *curve,
            Self::Ed25519(_) => Family::Ed25519,
        }
    }

    /// Returns the key in its shortest form, if it is well-formed and strong.
    pub(super) fn checked(self) -> Result<Self, String> {
        match self {
            Self::Rsa { n, e } => {
                let (n, e) = (without_zeros(n), without_zeros(e));
                let bits = bit_length(&n);
                if !RSA_BITS.contains(&bits) {
                    return Err(format!(
                        "an RSA key of {bits} bits; {} to {} are accepted",
                        RSA_BITS.start(),
                        RSA_BITS.end()
                    ));
                }
                let odd = |number: &[u8]| number.last().is_some_and(|b| b & 1 == 1);
                if !odd(&n) || !odd(&e) || e.len() > 4 || e == [1] {
                    return Err("an RSA key with an invalid exponent or modulus".to_owned());
                }
                Ok(Self::Rsa { n, e })
            }
            Self::Ec { curve, x, y } => {
                let size = coordinate_bytes(curve);
                if x.len() != size || y.len() != size {
                    return Err(format!("coordinates that are not {size} bytes long"));
                }
                Ok(Self::Ec { curve, x, y })
            }
            Self::Ed25519(x) => {
                let Ok(bytes) = <&[u8; 32]>::try_from(x.as_slice()) else {
                    return Err(format!("an Ed25519 key of {} bytes; it has 32", x.len()));
                };
                // One signature would be valid for every message, and the library accepts it.
                if VerifyingKey::from_bytes(bytes).is_ok_and(|key| key.is_weak()) {
                    return Err("an Ed25519 key of small order, which verifies anything".to_owned());
                }
                Ok(Self::Ed25519(x))
            }
        }
    }

    pub(super) fn spki(&self) -> Vec<u8> {
        match self {
            Self::Rsa { n, e } => der::rsa_spki(n, e),
            Self::Ec { curve, x, y } => der::ec_spki(*curve, x, y),
            Self::Ed25519(x) => der::ed25519_spki(x),
        }
    }

    pub(super) fn library(&self) -> Option<DecodingKey> {
        match self {
            Self::Rsa { n, e } => Some(DecodingKey::from_rsa_raw_components(n, e)),
            Self::Ec {
                curve: Family::P521,
                ..
            } => None,
            Self::Ec { x, y, .. } => Some(DecodingKey::from_ec_der(&[&[4][..], x, y].concat())),
            Self::Ed25519(x) => Some(DecodingKey::from_ed_der(x)),
        }
    }
}

/// Returns the length of a coordinate, in bytes (RFC 7518, section 6.2.1.2); 0 if the family is not
/// a curve.
pub(super) fn coordinate_bytes(curve: Family) -> usize {
    match curve {
        Family::P256 => 32,
        Family::P384 => 48,
        Family::P521 => p521::COORDINATE_BYTES,
        Family::Hmac | Family::Rsa | Family::Ed25519 => 0,
    }
}

fn without_zeros(number: Vec<u8>) -> Vec<u8> {
    number.into_iter().skip_while(|b| *b == 0).collect()
}

fn bit_length(number: &[u8]) -> usize {
    let first = number.first().map_or(0, |b| b.leading_zeros());
    let first = usize::try_from(first).unwrap_or(0);
    number.len().saturating_mul(8).saturating_sub(first)
}
