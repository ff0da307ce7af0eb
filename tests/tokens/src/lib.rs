//! Tokens signed with the public test keys in `tests/keys`, which the samples trust: for tests, and
//! for trying the samples by hand.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey};
use p521::ecdsa::{Signature, SigningKey, signature::Signer as _};
use p521::pkcs8::DecodePrivateKey as _;
use serde_json::{Map, Value, json};

/// The issuer of the sample's first provider, and the default issuer of tokens.
pub const ISSUER: &str = "https://issuer.example";

/// The secret with which HMAC tokens are signed. It is as public as the keys.
pub const SECRET: &str = "a public test secret: 64 bytes of text, enough even for HS512 ..";

/// The public keys as a JWK Set.
pub const JWKS: &str = include_str!("../../keys/jwks.json");

/// Returns the public keys as a JWK Set, without algorithms: one RSA key verifies all six.
///
/// # Panics
/// Never: it is JSON.
#[must_use]
pub fn jwks_for_any_algorithm() -> Value {
    let mut set: Value = serde_json::from_str(JWKS).expect("JSON");
    for key in set["keys"].as_array_mut().expect("a list") {
        if let Some(key) = key.as_object_mut() {
            key.remove("alg");
        }
    }
    set
}

/// The public Ed25519 key in PEM.
pub const EDDSA_PEM: &str = include_str!("../../keys/eddsa.pub.pem");

/// The public RSA key in PEM.
pub const RSA_PEM: &str = include_str!("../../keys/rs256.pub.pem");

/// All public keys in PEM.
pub const PUBLIC_PEMS: [&str; 5] = [
    RSA_PEM,
    EDDSA_PEM,
    include_str!("../../keys/es256.pub.pem"),
    include_str!("../../keys/es384.pub.pem"),
    include_str!("../../keys/es512.pub.pem"),
];

/// [`SECRET`] as text and in base64.
pub const SECRETS: [&str; 2] = [
    SECRET,
    "YSBwdWJsaWMgdGVzdCBzZWNyZXQ6IDY0IGJ5dGVzIG9mIHRleHQsIGVub3VnaCBldmVuIGZvciBIUzUxMiAuLg==",
];

/// A token under construction.
#[derive(Clone, Debug)]
#[must_use = "a token is signed at the end"]
pub struct Token {
    /// The library's name for it; `None` for ES512, which the library does not support.
    algorithm: Option<Algorithm>,
    /// The JOSE header.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
}

impl Token {
    /// Creates a token that the samples accept: of [`ISSUER`], for `api`, for `alice`, valid for an
    /// hour from now.
    ///
    /// # Panics
    /// If there is no such algorithm.
    pub fn new(algorithm: &str) -> Self {
        Self::try_new(algorithm).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Like [`Token::new`].
    ///
    /// # Errors
    /// If there is no such algorithm.
    pub fn try_new(name: &str) -> Result<Self> {
        let algorithm: Option<Algorithm> = match name {
            "ES512" => None,
            _ => Some(name.parse().with_context(|| {
                format!("{name} is not a signature algorithm of JSON Web Tokens")
            })?),
        };
        let kid = match algorithm.map(|a| (a, a.family())) {
            Some((_, AlgorithmFamily::Hmac)) => None,
            Some((_, AlgorithmFamily::Rsa)) => Some("test-rs256"),
            Some((_, AlgorithmFamily::Ed)) => Some("test-eddsa"),
            Some((Algorithm::ES384, _)) => Some("test-es384"),
            Some((_, AlgorithmFamily::Ec)) => Some("test-es256"),
            None => Some("test-es512"),
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

    /// Sets a member of the header; `null` removes it.
    pub fn header(mut self, name: &str, value: Value) -> Self {
        set(&mut self.header, name, value);
        self
    }

    /// Sets a claim; `null` removes it.
    pub fn claim(mut self, name: &str, value: Value) -> Self {
        set(&mut self.claims, name, value);
        self
    }

    /// Returns the token, signed with the test key of its algorithm.
    ///
    /// # Panics
    /// If it cannot be signed.
    pub fn sign(&self) -> String {
        self.try_sign().unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Like [`Token::sign`].
    ///
    /// # Errors
    /// If it cannot be signed.
    pub fn try_sign(&self) -> Result<String> {
        match self.algorithm {
            Some(algorithm) => self.try_sign_with(&key(algorithm)?),
            None => {
                let message = self.message()?;
                let signature = sign_es512(message.as_bytes())?;
                Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
            }
        }
    }

    /// Returns the token, signed with another key.
    ///
    /// # Errors
    /// If it cannot be signed.
    pub fn try_sign_with(&self, key: &EncodingKey) -> Result<String> {
        let algorithm = self
            .algorithm
            .context("ES512 signs with its test key only")?;
        let message = self.message()?;
        let signature = sign(algorithm, key, message.as_bytes())?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Returns what is signed: header and claims.
    ///
    /// # Errors
    /// Never: they are JSON.
    pub fn message(&self) -> Result<String> {
        let encode = |part: &Map<String, Value>| -> Result<String> {
            Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(part)?))
        };
        Ok(format!(
            "{}.{}",
            encode(&self.header)?,
            encode(&self.claims)?
        ))
    }

    /// Returns `Bearer` and the token, for `authorization`.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.sign())
    }
}

/// Returns a signature as in a token, before it is encoded.
///
/// # Errors
/// If the key is not valid for the algorithm.
pub fn sign(algorithm: Algorithm, key: &EncodingKey, message: &[u8]) -> Result<Vec<u8>> {
    // Not with `jsonwebtoken::encode`: if the filter runs in the same process, it has installed a
    // provider that cannot sign.
    let signer = (DEFAULT_PROVIDER.signer_factory)(&algorithm, key)?;
    Ok(signer.try_sign(message)?)
}

fn sign_es512(message: &[u8]) -> Result<Vec<u8>> {
    let key = p521::SecretKey::from_pkcs8_der(&der(include_str!("../../keys/es512.pem"))?)
        .map_err(|error| anyhow!("the test key for ES512: {error}"))?;
    let key = SigningKey::from_bytes(&key.to_bytes())?;
    let signature: Signature = key.try_sign(message)?;
    Ok(signature.to_bytes().to_vec())
}

/// Changes a token's signature to an invalid one of the same length.
#[must_use]
pub fn forged(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    if let Some(byte) = bytes.get_mut(7) {
        *byte ^= 0x10;
    }
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Returns the time in seconds since the Unix epoch.
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

/// Returns the test key of an algorithm.
///
/// # Errors
/// If the file is damaged.
pub fn key(algorithm: Algorithm) -> Result<EncodingKey> {
    Ok(match algorithm.family() {
        AlgorithmFamily::Hmac => EncodingKey::from_secret(SECRET.as_bytes()),
        AlgorithmFamily::Rsa => {
            EncodingKey::from_rsa_der(&der(include_str!("../../keys/rs256.pem"))?)
        }
        AlgorithmFamily::Ed => {
            EncodingKey::from_ed_der(&der(include_str!("../../keys/eddsa.pem"))?)
        }
        AlgorithmFamily::Ec if algorithm == Algorithm::ES384 => {
            EncodingKey::from_ec_der(&der(include_str!("../../keys/es384.pem"))?)
        }
        AlgorithmFamily::Ec => {
            EncodingKey::from_ec_der(&der(include_str!("../../keys/es256.pem"))?)
        }
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
            "HS256", "HS512", "RS256", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA",
        ] {
            let token = Token::new(name).sign();
            assert_eq!(token.split('.').count(), 3, "{name}");
            let forged = forged(&token);
            assert_eq!(forged.len(), token.len(), "{name}");
            assert_ne!(forged, token, "{name}");
        }
        assert!(Token::try_new("ES256K").is_err());
        assert_eq!(SECRET.len(), 64);
        assert_eq!(SECRETS[1], STANDARD.encode(SECRET));
    }
}
