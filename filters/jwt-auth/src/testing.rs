//! Tokens for the unit tests, signed with the public test keys of the workspace.

use crate::base64url::{decode_any, encode};
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey};
use serde_json::Value;

/// The time of the tests, in seconds since the Unix epoch.
pub(crate) const NOW: u64 = 1_700_000_000;

/// A secret that is long enough for every HMAC.
pub(crate) const SECRET: &str = "a public test secret: 64 bytes of text, enough even for HS512 ..";

/// Returns the public keys.
pub(crate) fn jwks() -> Value {
    serde_json::from_str(include_str!("../../../tests/keys/jwks.json")).unwrap()
}

/// Returns one of the public keys by its `kid`.
pub(crate) fn jwk(kid: &str) -> Value {
    let set = jwks();
    let keys = set["keys"].as_array().unwrap();
    keys.iter().find(|key| key["kid"] == kid).unwrap().clone()
}

/// Creates a token with this header and these claims, signed with the test key for `algorithm`,
/// whatever the header says.
pub(crate) fn sign(algorithm: &str, header: &str, claims: &str) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let algorithm: Algorithm = algorithm.parse().unwrap();
    let der = |pem: &str| {
        let body: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
        decode_any(&body).unwrap()
    };
    let key = match algorithm.family() {
        AlgorithmFamily::Hmac => EncodingKey::from_secret(SECRET.as_bytes()),
        AlgorithmFamily::Rsa => {
            EncodingKey::from_rsa_der(&der(include_str!("../../../tests/keys/rs256.pem")))
        }
        AlgorithmFamily::Ed => {
            EncodingKey::from_ed_der(&der(include_str!("../../../tests/keys/eddsa.pem")))
        }
        AlgorithmFamily::Ec if algorithm == Algorithm::ES384 => {
            EncodingKey::from_ec_der(&der(include_str!("../../../tests/keys/es384.pem")))
        }
        AlgorithmFamily::Ec => {
            EncodingKey::from_ec_der(&der(include_str!("../../../tests/keys/es256.pem")))
        }
    };
    let signer = (DEFAULT_PROVIDER.signer_factory)(&algorithm, &key).unwrap();
    let signature = signer.try_sign(message.as_bytes()).unwrap();
    format!("{message}.{}", encode(signature))
}

/// Creates an ES256 token with these claims and `exp`.
pub(crate) fn token(claims: &str) -> String {
    let header = r#"{"alg":"ES256","kid":"test-es256","typ":"JWT"}"#;
    let exp = NOW + 3600;
    let claims = claims.trim().strip_prefix('{').unwrap();
    let comma = if claims == "}" { "" } else { "," };
    sign("ES256", header, &format!("{{\"exp\":{exp}{comma}{claims}"))
}
