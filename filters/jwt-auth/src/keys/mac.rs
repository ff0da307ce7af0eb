//! HMAC secrets (RFC 2104), with everything that depends only on the secret computed in advance.

use crate::algorithm::Algorithm;
use hmac::{Hmac, Mac as _};
use sha2::{Sha256, Sha384, Sha512};

/// A secret that is ready to verify signatures.
#[derive(Clone)]
pub(super) enum Mac {
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl Mac {
    /// Returns `None` for an algorithm that is not an HMAC.
    pub(super) fn new(secret: &[u8], algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::HS256 => Hmac::new_from_slice(secret).ok().map(Self::Sha256),
            Algorithm::HS384 => Hmac::new_from_slice(secret).ok().map(Self::Sha384),
            Algorithm::HS512 => Hmac::new_from_slice(secret).ok().map(Self::Sha512),
            _ => None,
        }
    }

    /// Whether this is the HMAC of the message. Compares in constant time.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Sha256(mac) => mac.clone().chain_update(message).verify_slice(signature),
            Self::Sha384(mac) => mac.clone().chain_update(message).verify_slice(signature),
            Self::Sha512(mac) => mac.clone().chain_update(message).verify_slice(signature),
        }
        .is_ok()
    }
}
