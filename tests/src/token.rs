//! Tokens signed with the public test keys in `tests/keys`, which the samples trust.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey};
use serde_json::{Map, Value, json};

/// The issuer of the sample's first provider, and of tokens unless told otherwise.
pub const ISSUER: &str = "https://issuer.example";

/// The secret that HMAC tokens are signed with; as public as the keys.
pub const SECRET: &str = "a public test secret: 64 bytes of text, enough even for HS512 ..";

/// The public keys as a JWK Set.
pub const JWKS: &str = include_str!("../keys/jwks.json");

/// The public Ed25519 key in PEM.
pub const EDDSA_PEM: &str = include_str!("../keys/eddsa.pub.pem");

/// The public RSA key in PEM.
pub const RSA_PEM: &str = include_str!("../keys/rs256.pub.pem");

/// A token in the making.
#[derive(Clone, Debug)]
#[must_use = "a token is signed at the end"]
pub struct Token {
    algorithm: Algorithm,
    /// The JOSE header.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
}

impl Token {
    /// A token that the samples accept: of [`ISSUER`], for `api`, about `alice`, from now on for an hour.
    ///
    /// # Panics
    /// If the algorithm is not one that can be signed with here: all but ES512.
    pub fn new(algorithm: &str) -> Self {
        Self::try_new(algorithm).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// As [`Token::new`].
    ///
    /// # Errors
    /// If the algorithm is not one that can be signed with here.
    pub fn try_new(name: &str) -> Result<Self> {
        let algorithm: Algorithm = name
            .parse()
            .with_context(|| format!("{name} cannot be signed with here"))?;
        let kid = match algorithm.family() {
            AlgorithmFamily::Hmac => None,
            AlgorithmFamily::Rsa => Some("test-rs256"),
            AlgorithmFamily::Ed => Some("test-eddsa"),
            AlgorithmFamily::Ec if algorithm == Algorithm::ES384 => Some("test-es384"),
            AlgorithmFamily::Ec => Some("test-es256"),
        };
        let mut token = Self {
            algorithm,
            header: Map::new(),
            claims: Map::new(),
        }
        .header("alg", json!(name))
        .header("typ", json!("JWT"))
        .claim("iss", json!(ISSUER))
        .claim("sub", json!("alice"))
        .claim("aud", json!("api"))
        .claim("iat", json!(now()))
        .claim("exp", json!(now() + 3600));
        if let Some(kid) = kid {
            token = token.header("kid", json!(kid));
        }
        Ok(token)
    }

    /// Sets a member of the header; `null` takes it out.
    pub fn header(mut self, name: &str, value: Value) -> Self {
        set(&mut self.header, name, value);
        self
    }

    /// Sets a claim; `null` takes it out.
    pub fn claim(mut self, name: &str, value: Value) -> Self {
        set(&mut self.claims, name, value);
        self
    }

    /// The token, signed with the test key of its algorithm.
    ///
    /// # Panics
    /// If it cannot be signed.
    pub fn sign(&self) -> String {
        self.try_sign().unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// As [`Token::sign`].
    ///
    /// # Errors
    /// If it cannot be signed.
    pub fn try_sign(&self) -> Result<String> {
        self.try_sign_with(&key(self.algorithm)?)
    }

    /// The token, signed with another key.
    ///
    /// # Errors
    /// If it cannot be signed.
    pub fn try_sign_with(&self, key: &EncodingKey) -> Result<String> {
        let encode = |part: &Map<String, Value>| -> Result<String> {
            Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(part)?))
        };
        let message = format!("{}.{}", encode(&self.header)?, encode(&self.claims)?);
        let signature = sign(self.algorithm, key, message.as_bytes())?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// `Bearer` and the token, for `authorization`.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.sign())
    }
}

/// A signature as it stands in a token, before its encoding.
///
/// # Errors
/// If the key does not go with the algorithm.
pub fn sign(algorithm: Algorithm, key: &EncodingKey, message: &[u8]) -> Result<Vec<u8>> {
    // Not by `jsonwebtoken::encode`: where the filter runs in the same process, it has installed a provider that cannot sign.
    let signer = (DEFAULT_PROVIDER.signer_factory)(&algorithm, key)?;
    Ok(signer.try_sign(message)?)
}

/// A token's signature turned into a wrong one of the same length.
#[must_use]
pub fn forged(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    if let Some(byte) = bytes.get_mut(7) {
        *byte ^= 0x10;
    }
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Seconds since the epoch.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|since| since.as_secs())
        .unwrap_or_default()
}

fn set(map: &mut Map<String, Value>, name: &str, value: Value) {
    if value.is_null() {
        map.remove(name);
    } else {
        map.insert(name.to_string(), value);
    }
}

fn key(algorithm: Algorithm) -> Result<EncodingKey> {
    Ok(match algorithm.family() {
        AlgorithmFamily::Hmac => EncodingKey::from_secret(SECRET.as_bytes()),
        AlgorithmFamily::Rsa => EncodingKey::from_rsa_der(&der(include_str!("../keys/rs256.pem"))?),
        AlgorithmFamily::Ed => EncodingKey::from_ed_der(&der(include_str!("../keys/eddsa.pem"))?),
        AlgorithmFamily::Ec if algorithm == Algorithm::ES256 => {
            EncodingKey::from_ec_der(&der(include_str!("../keys/es256.pem"))?)
        }
        AlgorithmFamily::Ec if algorithm == Algorithm::ES384 => {
            EncodingKey::from_ec_der(&der(include_str!("../keys/es384.pem"))?)
        }
        AlgorithmFamily::Ec => bail!("no test key for {algorithm:?}"),
    })
}

fn der(pem: &str) -> Result<Vec<u8>> {
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    Ok(STANDARD.decode(body)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_signs_and_a_forged_signature_differs() {
        for name in [
            "HS256", "HS512", "RS256", "RS512", "PS256", "ES256", "ES384", "EdDSA",
        ] {
            let token = Token::new(name).sign();
            assert_eq!(token.split('.').count(), 3, "{name}");
            let forged = forged(&token);
            assert_eq!(forged.len(), token.len(), "{name}");
            assert_ne!(forged, token, "{name}");
        }
        assert!(Token::try_new("ES512").is_err());
        assert_eq!(SECRET.len(), 64);
    }
}
