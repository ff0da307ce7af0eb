//! Keys that do not belong in a set, or that cannot be parsed.

use crate::common::testing::{SECRET, jwk, sign};
use crate::common::{now, refused, refused_at_load};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use jwt_auth::base64url;
use jwt_auth::reason::Reason;
use serde_json::json;

use super::{GOOD, library, provider, token};

#[test]
fn a_key_for_encryption_or_another_algorithm_serves_the_library() {
    let exp = now() + 600;
    for (member, value, says, reason) in [
        ("use", json!("enc"), "RS256", "its use is not \"sig\""),
        (
            "key_ops",
            json!(["encrypt"]),
            "RS256",
            "its key_ops do not hold \"verify\"",
        ),
        (
            "alg",
            json!("RSA-OAEP"),
            "RS256",
            "its alg is not a signature algorithm",
        ),
    ] {
        let mut key = jwk("test-rs256");
        key.as_object_mut().unwrap().remove("use");
        key[member] = value;
        let parsed: Jwk = serde_json::from_value(key.clone()).unwrap();
        let token = sign(
            says,
            &format!(r#"{{"alg":"{says}"}}"#),
            &format!("{{\"exp\":{exp}}}"),
        );
        let validation = Validation::new(says.parse().unwrap());
        let library = library(
            &DecodingKey::from_jwk(&parsed).unwrap(),
            &validation,
            &token,
        );
        assert_eq!(library, None, "{member}");
        let error = refused_at_load(&json!({"keys": {"jwks": {"keys": [key]}}})).unwrap();
        assert!(error.contains(reason), "{error}");
    }
    // A key whose `alg` is RS256, and a token with PS512.
    let key: Jwk = serde_json::from_value(jwk("test-rs256")).unwrap();
    let token = sign("PS512", r#"{"alg":"PS512"}"#, &format!("{{\"exp\":{exp}}}"));
    let validation = Validation::new(Algorithm::PS512);
    assert_eq!(
        library(&DecodingKey::from_jwk(&key).unwrap(), &validation, &token),
        None
    );
    let provider = json!({"keys": {"jwks": {"keys": [jwk("test-rs256")]}}});
    assert_eq!(refused(&provider, &token), Some(Reason::UnknownKey));
}

#[test]
fn a_secret_in_a_key_set_serves_the_library() {
    let key = json!({"kty": "oct", "k": base64url::encode(SECRET)});
    let parsed: Jwk = serde_json::from_value(key.clone()).unwrap();
    let token = sign(
        "HS256",
        r#"{"alg":"HS256"}"#,
        &format!("{{\"exp\":{}}}", now() + 600),
    );
    let validation = Validation::new(Algorithm::HS256);
    assert_eq!(
        library(
            &DecodingKey::from_jwk(&parsed).unwrap(),
            &validation,
            &token
        ),
        None
    );
    let error = refused_at_load(&json!({"keys": {"jwks": {"keys": [key]}}})).unwrap();
    assert!(
        error.contains("a secret is not accepted in a key set"),
        "{error}"
    );
}

#[test]
fn one_malformed_key_spoils_the_whole_set_for_the_library() {
    let token = token("", GOOD);
    for bad in [
        json!({"kty": "RSA", "kid": 7, "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "RSA", "x5c": "AQAB", "n": "AQAB", "e": "AQAB"}),
    ] {
        let set = json!({"keys": [bad, jwk("test-es256")]});
        assert!(
            serde_json::from_value::<JwkSet>(set.clone()).is_err(),
            "{set}"
        );
        let mut provider = provider();
        provider["keys"] = json!({"jwks": set});
        assert_eq!(refused(&provider, &token), None, "{provider}");
    }
}
