//! What `jsonwebtoken` 11.1.0 lets through, and that the filter does not.
//!
//! Each test shows both: the library's own `decode` with the strictest `Validation` that a careful
//! reader of its documentation would write, then the filter with the same key and the same
//! expectations. When a test fails since the library has been mended, the pin in `LIBRARY` goes up,
//! and the check of ours stays.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a failed assumption is a failed test"
)]

#[path = "common/tokens.rs"]
mod common;

// The helpers of the unit tests look for it here.
pub(crate) use jwt_auth::base64url;

use common::testing::{SECRET, jwk, sign};
use common::{now, refused, refused_at_load};
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use jwt_auth::reason::Reason;
use serde_json::{Value, json};

/// The version whose behaviour is pinned here.
const LIBRARY: &str = "11.1.0";

const ISSUER: &str = "https://issuer.example";

#[test]
fn the_library_is_the_version_whose_gaps_are_pinned_here() {
    let lock = include_str!("../../../Cargo.lock");
    let version = lock
        .split("[[package]]")
        .find(|package| package.contains("name = \"jsonwebtoken\""))
        .and_then(|package| package.split_once("version = \""))
        .and_then(|(_, rest)| rest.split('"').next());
    assert_eq!(version, Some(LIBRARY));
}

/// What the library makes of a token: its error, or none.
fn library(key: &DecodingKey, validation: &Validation, token: &str) -> Option<ErrorKind> {
    // The filter's provider, if it comes first, falls back on this one.
    let _ = DEFAULT_PROVIDER.install_default();
    decode::<Value>(token, key, validation)
        .err()
        .map(jsonwebtoken::errors::Error::into_kind)
}

fn es256() -> DecodingKey {
    let key: Jwk = serde_json::from_value(jwk("test-es256")).unwrap();
    DecodingKey::from_jwk(&key).unwrap()
}

fn strict() -> Validation {
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&["api"]);
    validation.validate_nbf = true;
    validation
}

fn provider() -> Value {
    json!({"issuer": ISSUER, "audiences": ["api"], "keys": {"jwks": {"keys": [jwk("test-es256")]}}})
}

/// An ES256 token: a header beside `alg`, and claims beside `exp`.
fn token(header: &str, claims: &str) -> String {
    let header = format!(r#"{{"alg":"ES256"{header}}}"#);
    sign(
        "ES256",
        &header,
        &format!("{{\"exp\":{}{claims}}}", now() + 600),
    )
}

const GOOD: &str = r#","iss":"https://issuer.example","aud":"api""#;

#[test]
fn a_good_token_is_accepted_by_both() {
    let good = token("", GOOD);
    assert_eq!(library(&es256(), &strict(), &good), None);
    assert_eq!(refused(&provider(), &good), None);
}

#[test]
fn issuer_and_audience_that_are_absent_or_no_strings_pass_the_library() {
    for (claims, reason) in [
        (r#","aud":"api""#, Reason::Issuer),
        (r#","aud":"api","iss":7"#, Reason::Malformed),
        (r#","aud":"api","iss":{}"#, Reason::Malformed),
        (r#","aud":"api","iss":null"#, Reason::Malformed),
        (r#","iss":"https://issuer.example""#, Reason::Audience),
        (
            r#","iss":"https://issuer.example","aud":{}"#,
            Reason::Malformed,
        ),
        (
            r#","iss":"https://issuer.example","aud":1"#,
            Reason::Malformed,
        ),
        (
            r#","iss":"https://issuer.example","aud":null"#,
            Reason::Malformed,
        ),
        (
            r#","iss":"https://issuer.example","aud":[1,"evil"]"#,
            Reason::Malformed,
        ),
    ] {
        let token = token("", claims);
        assert_eq!(library(&es256(), &strict(), &token), None, "{claims}");
        assert_eq!(refused(&provider(), &token), Some(reason), "{claims}");
    }
}

#[test]
fn a_list_of_issuers_passes_the_library_where_one_is_right() {
    let token = token(
        "",
        r#","aud":"api","iss":["https://evil.example","https://issuer.example"]"#,
    );
    assert_eq!(library(&es256(), &strict(), &token), None);
    assert_eq!(refused(&provider(), &token), Some(Reason::Malformed));
}

#[test]
fn extensions_that_must_be_understood_pass_the_library() {
    for header in [
        r#","crit":["exp"]"#,
        r#","crit":["b64"],"b64":false"#,
        r#","b64":false"#,
        r#","zip":"DEF""#,
    ] {
        let token = token(header, GOOD);
        assert_eq!(library(&es256(), &strict(), &token), None, "{header}");
        assert_eq!(
            refused(&provider(), &token),
            Some(Reason::Unsupported),
            "{header}"
        );
    }
}

#[test]
fn a_token_of_another_type_passes_the_library() {
    let token = token(r#","typ":"logout+jwt""#, GOOD);
    assert_eq!(library(&es256(), &strict(), &token), None);
    let mut provider = provider();
    provider["types"] = json!(["JWT", "at+jwt"]);
    assert_eq!(refused(&provider, &token), Some(Reason::Type));
}

#[test]
fn a_token_from_the_future_passes_the_library_unless_asked_and_ours_always_asks() {
    let start = now() + 300;
    let token = token("", &format!("{GOOD},\"nbf\":{start}"));
    let default = Validation {
        validate_nbf: false,
        ..strict()
    };
    assert!(!Validation::new(Algorithm::ES256).validate_nbf);
    assert_eq!(library(&es256(), &default, &token), None);
    assert_eq!(refused(&provider(), &token), Some(Reason::NotYetValid));
}

#[test]
fn a_claim_that_stands_twice_passes_the_library_and_the_last_one_wins() {
    let token = token("", &format!(r#"{GOOD},"role":"guest","role":"root""#));
    let data = decode::<Value>(&token, &es256(), &strict()).unwrap();
    assert_eq!(data.claims["role"], "root");
    assert_eq!(refused(&provider(), &token), Some(Reason::Malformed));
}

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
fn algorithms_of_several_families_make_the_library_refuse_every_token() {
    let token = token("", GOOD);
    let mut validation = strict();
    validation.algorithms = vec![Algorithm::ES256, Algorithm::RS256];
    assert_eq!(
        library(&es256(), &validation, &token),
        Some(ErrorKind::InvalidAlgorithm)
    );
    let mut provider = provider();
    provider["algorithms"] = json!(["RS256", "ES256"]);
    assert_eq!(refused(&provider, &token), None);
}

#[test]
fn a_public_key_taken_for_a_secret_verifies_for_neither() {
    // RS256 turned into HS256, whose secret is the public key: what an attacker knows.
    let pem = include_str!("../../../tests/keys/rs256.pub.pem");
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
fn algorithms_that_the_library_does_not_know_are_told_as_such() {
    for (name, reason) in [
        ("none", Reason::Algorithm),
        ("ES256K", Reason::Algorithm),
        ("Ed25519", Reason::UnknownKey), // EdDSA by another name; the set holds no such key
        ("ES512", Reason::UnknownKey),   // the set holds no key on P-521
    ] {
        let header = base64url::encode(format!(r#"{{"alg":"{name}"}}"#));
        let (_, rest) = token("", GOOD)
            .split_once('.')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        let token = format!("{header}.{rest}");
        let library = library(&es256(), &strict(), &token);
        assert!(
            matches!(library, Some(ErrorKind::Json(_))),
            "{name}: {library:?}"
        );
        assert_eq!(refused(&provider(), &token), Some(reason), "{name}");
    }
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

/// With the identity as its key, one signature verifies every message: `R` is the identity too, and
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
    // A secret of nothing.
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

    // RSA with 1024 bits: a signature of 1024 bits that is wrong is judged, where it should not
    // come to that.
    let n = [&[0x80_u8][..], &[0; 126], &[1]].concat();
    let weak = DecodingKey::from_rsa_raw_components(&n, &[1, 0, 1]);
    let verifier = (DEFAULT_PROVIDER.verifier_factory)(&Algorithm::RS256, &weak);
    assert!(verifier.is_ok(), "the library is mended");
    let key = json!({"kty": "RSA", "n": base64url::encode(n), "e": "AQAB"});
    let error = refused_at_load(&json!({"keys": {"jwks": {"keys": [key]}}})).unwrap();
    assert!(error.contains("an RSA key of 1024 bits"), "{error}");
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

#[test]
fn times_with_fractions_or_beyond_all_bounds_are_read_alike_and_no_number_is_an_error() {
    for (exp, reason) in [
        (format!("{}.5", now() + 600), None),
        ("1e300".to_owned(), None),
        ("-1".to_owned(), Some(Reason::Malformed)),
        (format!("\"{}\"", now() + 600), Some(Reason::Malformed)),
        ("0".to_owned(), Some(Reason::Expired)),
    ] {
        let claims = format!("{{\"exp\":{exp}{GOOD}}}");
        let token = sign("ES256", r#"{"alg":"ES256"}"#, &claims);
        assert_eq!(refused(&provider(), &token), reason, "{exp}");
    }
}
