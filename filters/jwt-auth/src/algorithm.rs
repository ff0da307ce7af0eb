//! Signature algorithms of JSON Web Tokens (RFC 7518, section 3.1; RFC 8037).

use serde::Deserialize;

/// A signature algorithm. `none` is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[cfg_attr(feature = "schema", schemars(transform = with_ed25519))]
pub enum Algorithm {
    /// HMAC with SHA-256.
    HS256,
    /// HMAC with SHA-384.
    HS384,
    /// HMAC with SHA-512.
    HS512,
    /// RSA PKCS#1 v1.5 with SHA-256.
    RS256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    RS384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    RS512,
    /// RSA PSS with SHA-256.
    PS256,
    /// RSA PSS with SHA-384.
    PS384,
    /// RSA PSS with SHA-512.
    PS512,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// ECDSA on P-521 with SHA-512; only Envoy itself can verify it.
    ES512,
    /// Ed25519; `Ed25519` is another name for it (RFC 9864).
    #[serde(alias = "Ed25519")]
    EdDSA,
}

/// Adds the other name of EdDSA.
#[cfg(feature = "schema")]
fn with_ed25519(schema: &mut schemars::Schema) {
    if let Some(serde_json::Value::Array(names)) = schema.get_mut("oneOf") {
        let name = serde_json::json!({"type": "string", "const": "Ed25519", "description": "`EdDSA` by its name in RFC 9864."});
        names.push(name);
    }
}

/// The kind of key that an algorithm needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// A secret.
    Hmac,
    /// An RSA key.
    Rsa,
    /// A key on P-256.
    P256,
    /// A key on P-384.
    P384,
    /// A key on P-521.
    P521,
    /// An Ed25519 key.
    Ed25519,
}

impl Algorithm {
    /// All algorithms.
    pub const ALL: [Self; 13] = [
        Self::HS256,
        Self::HS384,
        Self::HS512,
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::ES512,
        Self::EdDSA,
    ];

    /// Returns the algorithm with this `alg`. Names are case-sensitive (RFC 7515, section 4.1.1).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            // RFC 9864, section 2.2.
            "Ed25519" => Some(Self::EdDSA),
            _ => Self::ALL.into_iter().find(|a| a.name() == name),
        }
    }

    /// Returns its name in `alg`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::ES512 => "ES512",
            Self::EdDSA => "EdDSA",
        }
    }

    /// Returns the kind of key it needs.
    #[must_use]
    pub fn family(self) -> Family {
        match self {
            Self::HS256 | Self::HS384 | Self::HS512 => Family::Hmac,
            Self::RS256 | Self::RS384 | Self::RS512 | Self::PS256 | Self::PS384 | Self::PS512 => {
                Family::Rsa
            }
            Self::ES256 => Family::P256,
            Self::ES384 => Family::P384,
            Self::ES512 => Family::P521,
            Self::EdDSA => Family::Ed25519,
        }
    }

    /// Returns the host's name for the hash function; `None` if the host cannot verify the
    /// algorithm.
    #[must_use]
    pub fn host_hash(self) -> Option<&'static str> {
        match self {
            Self::RS256 | Self::ES256 => Some("sha256"),
            Self::RS384 | Self::ES384 => Some("sha384"),
            Self::RS512 | Self::ES512 => Some("sha512"),
            Self::HS256
            | Self::HS384
            | Self::HS512
            | Self::PS256
            | Self::PS384
            | Self::PS512
            | Self::EdDSA => None,
        }
    }

    /// Returns the library's name for the algorithm; `None` for ES512, which it does not support.
    #[must_use]
    pub fn library(self) -> Option<jsonwebtoken::Algorithm> {
        use jsonwebtoken::Algorithm as Library;
        Some(match self {
            Self::HS256 => Library::HS256,
            Self::HS384 => Library::HS384,
            Self::HS512 => Library::HS512,
            Self::RS256 => Library::RS256,
            Self::RS384 => Library::RS384,
            Self::RS512 => Library::RS512,
            Self::PS256 => Library::PS256,
            Self::PS384 => Library::PS384,
            Self::PS512 => Library::PS512,
            Self::ES256 => Library::ES256,
            Self::ES384 => Library::ES384,
            Self::ES512 => return None,
            Self::EdDSA => Library::EdDSA,
        })
    }

    /// Returns the length of an ECDSA signature, in bytes (RFC 7518, section 3.4).
    #[must_use]
    pub fn ecdsa_signature_bytes(self) -> Option<usize> {
        match self {
            Self::ES256 => Some(64),
            Self::ES384 => Some(96),
            Self::ES512 => Some(132),
            _ => None,
        }
    }

    /// Returns the minimum length of a secret, in bytes: the size of the hash (RFC 7518, section
    /// 3.2).
    #[must_use]
    pub fn shortest_secret(self) -> usize {
        match self {
            Self::HS384 => 48,
            Self::HS512 => 64,
            _ => 32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_exact_and_none_is_no_algorithm() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::named(algorithm.name()), Some(algorithm));
        }
        for name in [
            "none", "None", "NONE", "rs256", "ES256K", "ed25519", "Ed448", "", "RS256 ",
        ] {
            assert_eq!(Algorithm::named(name), None, "{name}");
        }
    }

    #[test]
    fn the_library_knows_all_but_es512() {
        for algorithm in Algorithm::ALL {
            let known = algorithm.library().is_some();
            assert_eq!(known, algorithm != Algorithm::ES512, "{algorithm:?}");
        }
    }
}
