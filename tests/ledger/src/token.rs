//! Tokens of the public test keys, the same on every run.

use crate::host::NOW;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

/// The public keys, and the secret of HMAC tokens.
pub(crate) const JWKS: &str = include_str!("../../keys/jwks.json");
pub(crate) const SECRET: &str = "a public test secret: 64 bytes of text, enough even for HS512 ..";

/// Creates a token of about 600 bytes, like those of identity providers.
pub(crate) fn sign(algorithm: Algorithm, id: u32) -> String {
    let _ = DEFAULT_PROVIDER.install_default();
    let (key, kid) = match algorithm {
        Algorithm::RS256 => (
            EncodingKey::from_rsa_der(&der(include_str!("../../keys/rs256.pem"))),
            Some("test-rs256"),
        ),
        Algorithm::ES256 => (
            EncodingKey::from_ec_der(&der(include_str!("../../keys/es256.pem"))),
            Some("test-es256"),
        ),
        _ => (EncodingKey::from_secret(SECRET.as_bytes()), None),
    };
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    let claims = json!({
        "iss": "https://issuer.example", "sub": "alice", "aud": "api", "jti": format!("{id:08}"),
        "iat": NOW - 60, "exp": NOW + 3600, "scope": "read write", "realm_access": {"roles": ["user", "editor"]},
    });
    jsonwebtoken::encode(&header, &claims, &key).expect("a token")
}

fn der(pem: &str) -> Vec<u8> {
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    STANDARD.decode(body).expect("base64")
}
