//! The keys that verify tokens. Any [`Key`] that exists is strong enough, of a known kind, and
//! valid for its algorithms.

pub(crate) mod der;
mod jwk;
mod mac;
mod p521;
mod pem;
mod public;
mod set;

use crate::algorithm::{Algorithm, Family};
use jsonwebtoken::DecodingKey;
use sha2::{Digest, Sha256};
use std::fmt;

pub use jwk::{MAX_KEYS, NoUsableKey};
use mac::Mac;
use public::{Public, coordinate_bytes};
pub use set::KeySet;

/// Identifies a key: a hash of its contents.
pub type KeyId = [u8; 32];

/// A valid key.
#[derive(Clone)]
pub struct Key {
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
    library: Option<DecodingKey>,
    mac: Option<Mac>,
    spki: Vec<u8>,
    id: KeyId,
}

impl Key {
    /// Creates an HMAC key from a secret.
    ///
    /// # Errors
    /// If the algorithm is not an HMAC, or if the secret is shorter than its hash.
    pub fn secret(secret: &[u8], algorithm: Algorithm) -> Result<Self, String> {
        if algorithm.family() != Family::Hmac {
            return Err(format!(
                "{} is not valid for a secret; one of: HS256, HS384, HS512",
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
            library: None,
            mac: Mac::new(secret, algorithm),
            spki: Vec::new(),
            id: Sha256::digest(secret).into(),
        })
    }

    /// Parses a public key in PEM.
    ///
    /// # Errors
    /// If it is not a public key, is weak, or is not valid for the algorithm.
    pub fn pem(text: &str, algorithm: Algorithm) -> Result<Self, String> {
        Self::public(pem::public_key(text)?, None, Some(algorithm))
    }

    /// Creates a key of a JWK Set. `algorithm` is its `alg`.
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
            return Err(format!("{name} is not valid for {family}"));
        }
        let public = public.checked()?;
        if let Public::Ec {
            curve: Family::P521,
            x,
            y,
        } = &public
            && !p521::is_point(x, y)
        {
            return Err(not_a_point(family));
        }
        let spki = public.spki();
        let key = Self {
            kid,
            library: public.library(),
            mac: None,
            id: Sha256::digest(&spki).into(),
            algorithms,
            spki,
        };
        key.is_a_point()
            .then_some(key)
            .ok_or_else(|| not_a_point(family))
    }

    /// Whether the library accepts the key, so that a point that is not on its curve is found here
    /// and not by the first token. The library does not support P-521, and accepts any number as an
    /// RSA modulus.
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

    /// Returns its `kid`.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether it may be used with this algorithm.
    #[must_use]
    pub fn allows(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// Whether a signature is the HMAC of the message; `None` if the key is not a secret.
    #[must_use]
    pub fn verify_mac(&self, message: &[u8], signature: &[u8]) -> Option<bool> {
        let mac = self.mac.as_ref()?;
        Some(mac.verify(message, signature))
    }

    /// Returns the key in the library's form; `None` for P-521 and for a secret.
    #[must_use]
    pub fn library(&self) -> Option<&DecodingKey> {
        self.library.as_ref()
    }

    /// Returns the key in the host's form: a DER SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7).
    /// Empty for a secret.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Returns the identifier of the key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }
}

/// Does not show a secret.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?}, {:?})", self.kid, self.algorithms)
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

fn not_a_point(family: Family) -> String {
    format!("it is not a point of its curve ({family})")
}

#[cfg(test)]
mod tests;
