//! What `jsonwebtoken` 11.1.0 accepts and the filter does not.
//!
//! Each test shows both: the library's own `decode` with the strictest `Validation` that a careful
//! reader of its documentation would write, then the filter with the same key and the same
//! expectations. If a test fails because the library was fixed, update `LIBRARY`, and keep our
//! check.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a failed assumption is a failed test"
)]

#[path = "common/tokens.rs"]
mod common;

#[path = "library/claims.rs"]
mod claims;
#[path = "library/headers.rs"]
mod headers;
#[path = "library/key_sets.rs"]
mod key_sets;
#[path = "library/weak_keys.rs"]
mod weak_keys;

// The helpers of the unit tests expect it here.
pub(crate) use jwt_auth::base64url;

use common::testing::{jwk, sign};
use common::{now, refused};
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Value, json};

/// The version whose behaviour is tested here.
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

/// Returns the library's error for a token, if any.
fn library(key: &DecodingKey, validation: &Validation, token: &str) -> Option<ErrorKind> {
    // If the filter installs its provider first, that one falls back to this one.
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

/// Creates an ES256 token with additional members of the header and additional claims besides
/// `exp`.
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
