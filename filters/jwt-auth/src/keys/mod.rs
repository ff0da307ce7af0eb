//! Keys that tokens are verified with. A [`Key`] that exists is strong enough, of a known kind, and fits its algorithms.

pub(crate) mod der;
mod jwk;
mod pem;

use crate::algorithm::{Algorithm, Family};
use ed25519_dalek::VerifyingKey;
use jsonwebtoken::DecodingKey;
use sha2::{Digest, Sha256};
use std::fmt;

pub use jwk::{MAX_KEYS, NoUsableKey};

/// RSA moduli in bits: weak below (RFC 7518, section 3.3), and above beyond what the library verifies.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// What tells keys apart: a hash of what they are made of.
pub type KeyId = [u8; 32];

/// A key, checked.
#[derive(Clone)]
pub struct Key {
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
    library: Option<DecodingKey>,
    spki: Vec<u8>,
    id: KeyId,
}

/// What a public key is made of, unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Public {
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

impl Key {
    /// A secret for an HMAC.
    ///
    /// # Errors
    /// Where the algorithm is not an HMAC, or the secret shorter than its hash.
    pub fn secret(secret: &[u8], algorithm: Algorithm) -> Result<Self, String> {
        if algorithm.family() != Family::Hmac {
            return Err(format!(
                "{} does not go with a secret; one of: HS256, HS384, HS512",
                algorithm.name()
            ));
        }
        let shortest = algorithm.shortest_secret();
        if secret.len() < shortest {
            return Err(format!(
                "the secret has {} bytes; {} needs at least {shortest}",
                secret.len(),
                algorithm.name()
            ));
        }
        Ok(Self {
            kid: None,
            algorithms: vec![algorithm],
            library: Some(DecodingKey::from_secret(secret)),
            spki: Vec::new(),
            id: Sha256::digest(secret).into(),
        })
    }

    /// A public key in PEM.
    ///
    /// # Errors
    /// Where it is not one, is weak, or does not go with the algorithm.
    pub fn pem(text: &str, algorithm: Algorithm) -> Result<Self, String> {
        Self::public(pem::public_key(text)?, None, Some(algorithm))
    }

    /// A key of a JWK Set: `algorithm` is its `alg`.
    fn public(
        public: Public,
        kid: Option<String>,
        algorithm: Option<Algorithm>,
    ) -> Result<Self, String> {
        let family = public.family();
        let algorithms: Vec<Algorithm> = Algorithm::ALL
            .into_iter()
            .filter(|a| a.family() == family && algorithm.is_none_or(|only| only == *a))
            .collect();
        if algorithms.is_empty() {
            let name = algorithm.map_or("its algorithm", Algorithm::name);
            return Err(format!("{name} does not go with {family}"));
        }
        let public = public.checked()?;
        let spki = public.spki();
        let key = Self {
            kid,
            library: public.library(),
            id: Sha256::digest(&spki).into(),
            algorithms,
            spki,
        };
        key.is_a_point()
            .then_some(key)
            .ok_or_else(|| format!("it is not a point of its curve ({family})"))
    }

    /// Whether the library can make something of it: a point that is not on its curve is found here, not at the first token. It reads no
    /// P-521, and takes any number as an RSA modulus.
    fn is_a_point(&self) -> bool {
        let (Some(key), Some(algorithm)) = (
            &self.library,
            self.algorithms.first().and_then(|a| a.library()),
        ) else {
            return true;
        };
        let factory = jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER.verifier_factory;
        factory(&algorithm, key).is_ok()
    }

    /// Its `kid`.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether it may verify this algorithm.
    #[must_use]
    pub fn allows(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// As the library takes it; `None` for P-521.
    #[must_use]
    pub fn library(&self) -> Option<&DecodingKey> {
        self.library.as_ref()
    }

    /// As the host takes it: a DER SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7). Empty for a secret.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// What tells it from other keys.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }
}

/// Shows nothing of a secret.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?}, {:?})", self.kid, self.algorithms)
    }
}

impl Public {
    fn family(&self) -> Family {
        match self {
            Self::Rsa { .. } => Family::Rsa,
            Self::Ec { curve, .. } => *curve,
            Self::Ed25519(_) => Family::Ed25519,
        }
    }

    /// The key in its shortest form, if it is well-formed and strong.
    fn checked(self) -> Result<Self, String> {
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
                // One signature would be good for every message, and the library verifies it.
                if VerifyingKey::from_bytes(bytes).is_ok_and(|key| key.is_weak()) {
                    return Err("an Ed25519 key of small order, which verifies anything".to_owned());
                }
                Ok(Self::Ed25519(x))
            }
        }
    }

    fn spki(&self) -> Vec<u8> {
        match self {
            Self::Rsa { n, e } => der::rsa_spki(n, e),
            Self::Ec { curve, x, y } => der::ec_spki(*curve, x, y),
            Self::Ed25519(x) => der::ed25519_spki(x),
        }
    }

    fn library(&self) -> Option<DecodingKey> {
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

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hmac => "a secret",
            Self::Rsa => "an RSA key",
            Self::P256 => "a key on P-256",
            Self::P384 => "a key on P-384",
            Self::P521 => "a key on P-521",
            Self::Ed25519 => "an Ed25519 key",
        })
    }
}

/// How long a coordinate is, in bytes (RFC 7518, section 6.2.1.2); 0 where the family is no curve.
fn coordinate_bytes(curve: Family) -> usize {
    match curve {
        Family::P256 => 32,
        Family::P384 => 48,
        Family::P521 => 66,
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

/// The keys of a provider.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    keys: Vec<Key>,
}

/// How many keys are tried on a token that does not name them.
const MAX_CANDIDATES: usize = 4;

impl KeySet {
    /// These keys.
    #[must_use]
    pub fn new(keys: Vec<Key>) -> Self {
        Self { keys }
    }

    /// The keys to try on a token, of those that allow its algorithm: those of its `kid` first, then those without one; for a token without
    /// `kid`, any (RFC 7515, appendix D). Of keys that the token does not name at most four are tried: it must not cost a verification for
    /// each key.
    pub fn candidates<'k>(
        &'k self,
        kid: Option<&'k str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'k Key> {
        let allowed = move || self.keys.iter().filter(move |key| key.allows(algorithm));
        let named = allowed().filter(move |key| kid.is_some() && key.kid() == kid);
        let others = allowed().filter(move |key| kid.is_none() || key.kid().is_none());
        named.chain(others.take(MAX_CANDIDATES))
    }

    /// Whether a key is there, and may verify this algorithm.
    #[must_use]
    pub fn verifies(&self, id: &KeyId, algorithm: Algorithm) -> bool {
        self.keys
            .iter()
            .any(|key| key.id == *id && key.allows(algorithm))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

#[cfg(test)]
mod tests;
