//! Keys that are too short, of small order, or public.

use crate::common::testing::{jwk, sign};
use crate::common::{now, refused, refused_at_load};
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use jwt_auth::base64url;
use jwt_auth::reason::Reason;
use serde_json::json;

use super::library;

#[test]
fn a_public_key_taken_for_a_secret_verifies_for_neither() {
    // RS256 changed to HS256, with the public key as the secret, which an attacker knows.
    let pem = include_str!("../../../../tests/keys/rs256.pub.pem");
    let message = format!(
        "{}.{}",
        base64url::encode(r#"{"alg":"HS256"}"#),
        base64url::encode(format!("{{\"exp\":{}}}", now() + 600))
    );
    let secret = jsonwebtoken::EncodingKey::from_secret(pem.as_bytes());
    let signer = (DEFAULT_PROVIDER.signer_factory)(&Algorithm::HS256, &secret).unwrap();
    let signature = base64url::encode(signer.try_sign(message.as_bytes()).unwrap());
    let token = format!("{message}.{signature}");
    let parsed: Jwk = serde_json::from_value(jwk("test-rs256")).unwrap();
    let key = DecodingKey::from_jwk(&parsed).unwrap();
    assert!(library(&key, &Validation::new(Algorithm::HS256), &token).is_some());
    let provider = json!({"keys": {"pem": {"algorithm": "RS256", "key": pem}}});
    assert_eq!(refused(&provider, &token), Some(Reason::UnknownKey));
}

#[test]
fn a_short_ed25519_key_makes_the_library_panic_and_a_long_one_is_cut() {
    let token = sign(
        "EdDSA",
        r#"{"alg":"EdDSA"}"#,
        &format!("{{\"exp\":{}}}", now() + 600),
    );
    let validation = Validation::new(Algorithm::EdDSA);
    let short = DecodingKey::from_ed_components("AQEB").unwrap();
    let outcome = std::panic::catch_unwind(|| library(&short, &validation, &token));
    assert!(outcome.is_err(), "the library is mended");
    let mut key = jwk("test-eddsa");
    let long = base64url::decode(key["x"].as_str().unwrap()).unwrap();
    let long = base64url::encode([&long[..], b"more"].concat());
    assert_eq!(
        library(
            &DecodingKey::from_ed_components(&long).unwrap(),
            &validation,
            &token
        ),
        None
    );
    for (x, reason) in [
        ("AQEB", "an Ed25519 key of 3 bytes"),
        (long.as_str(), "an Ed25519 key of 36 bytes"),
    ] {
        key["x"] = json!(x);
        let error = refused_at_load(&json!({"keys": {"jwks": {"keys": [key]}}})).unwrap();
        assert!(error.contains(reason), "{error}");
    }
}

/// If the key is the identity, one signature verifies every message: `R` is the identity too, and
/// `S` is 0.
#[test]
fn an_ed25519_key_of_small_order_verifies_anything_in_the_library() {
    let mut identity = [0_u8; 32];
    identity[0] = 1;
    let signature = base64url::encode([&identity[..], &[0; 32]].concat());
    let message = format!(
        "{}.{}",
        base64url::encode(r#"{"alg":"EdDSA"}"#),
        base64url::encode(format!("{{\"exp\":{},\"sub\":\"anybody\"}}", now() + 600))
    );
    let token = format!("{message}.{signature}");
    let key = DecodingKey::from_ed_der(&identity);
    assert_eq!(
        library(&key, &Validation::new(Algorithm::EdDSA), &token),
        None
    );
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url::encode(identity)});
    let error = refused_at_load(&json!({"keys": {"jwks": {"keys": [key]}}})).unwrap();
    assert!(error.contains("small order"), "{error}");
}

#[test]
fn weak_keys_serve_the_library() {
    // An empty secret.
    let message = format!(
        "{}.{}",
        base64url::encode(r#"{"alg":"HS256"}"#),
        base64url::encode(format!("{{\"exp\":{}}}", now() + 600))
    );
    let empty = jsonwebtoken::EncodingKey::from_secret(b"");
    let signer = (DEFAULT_PROVIDER.signer_factory)(&Algorithm::HS256, &empty).unwrap();
    let signature = base64url::encode(signer.try_sign(message.as_bytes()).unwrap());
    let token = format!("{message}.{signature}");
    let validation = Validation::new(Algorithm::HS256);
    assert_eq!(
        library(&DecodingKey::from_secret(b""), &validation, &token),
        None
    );
    let secret = json!({"keys": {"secret": {"value": "", "algorithm": "HS256"}}});
    assert!(
        refused_at_load(&secret)
            .unwrap()
            .contains("needs at least 32")
    );

    // RSA with 1024 bits: an invalid signature of 1024 bits is verified, although the key should
    // have been rejected.
    let n = [&[0x80_u8][..], &[0; 126], &[1]].concat();
    let weak = DecodingKey::from_rsa_raw_components(&n, &[1, 0, 1]);
    let verifier = (DEFAULT_PROVIDER.verifier_factory)(&Algorithm::RS256, &weak);
    assert!(verifier.is_ok(), "the library is mended");
    let key = json!({"kty": "RSA", "n": base64url::encode(n), "e": "AQAB"});
    let error = refused_at_load(&json!({"keys": {"jwks": {"keys": [key]}}})).unwrap();
    assert!(error.contains("an RSA key of 1024 bits"), "{error}");
}
