mod refused;

use super::*;
use crate::base64url;
use crate::testing::{jwk, jwks};
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(key: Value) -> Result<Key, String> {
    KeySet::from_jwks(&(&json!({"keys": [key]})).into())
        .map(|(set, _)| set.keys[0].clone())
        .map_err(|NoUsableKey(reasons)| reasons.join("; "))
}

fn with(kid: &str, member: &str, value: Value) -> Value {
    let mut key = jwk(kid);
    if value.is_null() {
        key.as_object_mut().unwrap().remove(member);
    } else {
        key[member] = value;
    }
    key
}

#[test]
fn good_keys_allow_their_algorithm_or_those_of_their_family() {
    let (set, left_out) = KeySet::from_jwks(&(&jwks()).into()).unwrap();
    assert_eq!((set.len(), left_out.len()), (5, 0));
    for (n, key) in set.keys.iter().enumerate() {
        assert!(set.keys[..n].iter().all(|other| other.id() != key.id()));
    }
    for (kid, algorithms) in [
        (
            "test-rs256",
            &[
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ][..],
        ),
        ("test-es256", &[Algorithm::ES256]),
        ("test-es384", &[Algorithm::ES384]),
        ("test-es512", &[Algorithm::ES512]),
        ("test-eddsa", &[Algorithm::EdDSA]),
    ] {
        let bound = read(jwk(kid)).unwrap();
        assert_eq!(bound.algorithms.len(), 1, "{kid}");
        let free = read(with(kid, "alg", Value::Null)).unwrap();
        assert_eq!(free.algorithms, algorithms, "{kid}");
        assert_eq!(free.id(), bound.id(), "{kid}");
    }
}

#[test]
fn one_bad_key_does_not_spoil_a_set_and_a_set_is_bounded() {
    let mut set = jwks();
    set["keys"]
        .as_array_mut()
        .unwrap()
        .insert(0, json!({"kty": "RSA", "kid": 7}));
    let (keys, left_out) = KeySet::from_jwks(&(&set).into()).unwrap();
    assert_eq!(keys.len(), 5);
    assert_eq!(left_out, ["keys[0] is ignored: its kid is not a string"]);
    let many = json!({"keys": vec![jwk("test-es256"); MAX_KEYS + 10]});
    assert_eq!(
        KeySet::from_jwks(&(&many).into()).unwrap().0.len(),
        MAX_KEYS
    );
    // Ignored keys do not count towards the maximum of usable keys.
    let mut late = vec![with("test-rs256", "use", json!("enc")); MAX_KEYS + 10];
    late.push(jwk("test-es256"));
    let (late, left_out) = KeySet::from_jwks(&(&json!({ "keys": late })).into()).unwrap();
    assert_eq!((late.len(), left_out.len()), (1, MAX_KEYS));
    for set in [
        json!({}),
        json!([]),
        json!({"keys": {}}),
        json!({"keys": []}),
        json!(null),
    ] {
        assert!(KeySet::from_jwks(&(&set).into()).is_err(), "{set}");
    }
}

#[test]
fn a_token_is_tried_on_the_keys_of_its_kid_or_on_few_of_its_family() {
    let (set, _) = KeySet::from_jwks(&(&jwks()).into()).unwrap();
    let kids = |kid: Option<&str>, algorithm| -> Vec<String> {
        set.candidates(kid, algorithm)
            .map(|k| k.kid().unwrap().to_owned())
            .collect()
    };
    assert_eq!(kids(Some("test-es256"), Algorithm::ES256), ["test-es256"]);
    assert_eq!(kids(None, Algorithm::ES256), ["test-es256"]);
    assert!(kids(Some("other"), Algorithm::ES256).is_empty());
    assert!(kids(Some("test-es256"), Algorithm::RS256).is_empty());
    assert!(
        kids(Some("test-rs256"), Algorithm::PS256).is_empty(),
        "its alg is RS256"
    );
    let many = json!({"keys": vec![jwk("test-es256"); 10]});
    let (many, _) = KeySet::from_jwks(&(&many).into()).unwrap();
    assert_eq!(
        many.candidates(None, Algorithm::ES256).count(),
        set::MAX_CANDIDATES
    );
}

/// `tests/keys/rs256.pub.pem` as `openssl rsa -RSAPublicKey_out` writes it.
const PKCS1: &str = "-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEAlgkCPM2uF+XOw/x73N+3QZ4UhYgZnutk333UyxiOEKIKp1Cudmyi
Hf11nnIxmf+7HnBAQpLsZ9CYRcm/k8wQausN100Bd8bW2v4nxsGIWlhdrq9nt9ZZ
zq8P6LiM5e34YLq7iXA+EGleAkuQ/AthPqLkcgpTUWRhw++3aojJTo/r2LmwOdZ7
xnSCAKQ+bpF65iKMRbXmm62ML5WOTSuO9nc0976pboN4mY5FfZi4ezH/GWpMfAG6
NoJy8pA2AIIp8cCE7cPVSqlwzMZ6Rz5/QXKKSWntXsposo94tJIBCG5XW+BKcNJo
JHYcZgNIN2XSzJXMWkoJTbIDopnUFdQngQIDAQAB
-----END RSA PUBLIC KEY-----
";

#[test]
fn pem_is_read_like_the_same_key_of_a_set() {
    for (pem, kid, algorithm) in [
        (
            include_str!("../../../../tests/keys/rs256.pub.pem"),
            "test-rs256",
            Algorithm::RS256,
        ),
        (
            include_str!("../../../../tests/keys/es256.pub.pem"),
            "test-es256",
            Algorithm::ES256,
        ),
        (
            include_str!("../../../../tests/keys/es384.pub.pem"),
            "test-es384",
            Algorithm::ES384,
        ),
        (
            include_str!("../../../../tests/keys/es512.pub.pem"),
            "test-es512",
            Algorithm::ES512,
        ),
        (
            include_str!("../../../../tests/keys/eddsa.pub.pem"),
            "test-eddsa",
            Algorithm::EdDSA,
        ),
    ] {
        let key = Key::pem(pem, algorithm).unwrap();
        assert_eq!(key.id(), read(jwk(kid)).unwrap().id(), "{kid}");
        assert_eq!(key.algorithms, [algorithm]);
        let one_line = pem.replace('\n', " ").replace("KEY----- ", "KEY-----\n");
        assert!(Key::pem(&one_line, algorithm).is_ok(), "{one_line}");
    }
    for (certificate, kid, algorithm) in [
        (
            include_str!("../../../../tests/keys/rs256.cert.pem"),
            "test-rs256",
            Algorithm::RS256,
        ),
        (
            include_str!("../../../../tests/keys/es256.cert.pem"),
            "test-es256",
            Algorithm::ES256,
        ),
    ] {
        let key = Key::pem(certificate, algorithm).unwrap();
        assert_eq!(key.id(), read(jwk(kid)).unwrap().id(), "{kid}");
    }
    let key = Key::pem(PKCS1, Algorithm::RS256).unwrap();
    assert_eq!(key.id(), read(jwk("test-rs256")).unwrap().id());
    let rsa = include_str!("../../../../tests/keys/rs256.pub.pem");
    let explained = format!("Certificate:\n    Data:\n{rsa}\n");
    assert!(Key::pem(&explained, Algorithm::RS256).is_ok());
    let chain = [rsa, rsa].concat();
    for (pem, reason) in [
        (chain.as_str(), "PEM of more than one block"),
        (
            "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----",
            "holds no RSA",
        ),
        (
            include_str!("../../../../tests/keys/es256.pem"),
            "PEM of a private key",
        ),
        ("", "not PEM"),
        (
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            "holds no RSA",
        ),
        (
            "-----BEGIN PUBLIC KEY-----\n*\n-----END PUBLIC KEY-----",
            "not base64",
        ),
        ("-----BEGIN PUBLIC KEY-----\nAAAA", "does not end"),
        (rsa, "ES256 is not valid for an RSA key"),
    ] {
        let error = Key::pem(pem, Algorithm::ES256).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn secrets_are_as_long_as_their_hash_and_never_shown() {
    for (algorithm, shortest) in [
        (Algorithm::HS256, 32),
        (Algorithm::HS384, 48),
        (Algorithm::HS512, 64),
    ] {
        assert!(Key::secret(&vec![b'k'; shortest], algorithm).is_ok());
        assert!(Key::secret(&vec![b'k'; shortest - 1], algorithm).is_err());
    }
    assert!(Key::secret(&[b'k'; 64], Algorithm::RS256).is_err());
    let shown = format!("{:?}", Key::secret(&[b'k'; 64], Algorithm::HS256).unwrap());
    assert!(!shown.contains("kkk") && !shown.contains("107"), "{shown}");
}

proptest! {
    #[test]
    fn any_text_is_read_as_pem_without_panic(text in "(-----BEGIN [A-Z ]{0,12}-----)?[A-Za-z0-9+/=\n-]{0,80}") {
        let _ = Key::pem(&text, Algorithm::ES256);
    }

    #[test]
    fn any_numbers_are_read_as_keys_without_panic(kty in "RSA|EC|OKP", crv in "P-256|P-384|P-521|Ed25519", a in "[A-Za-z0-9_-]{0,90}", b in "[A-Za-z0-9_-]{0,90}") {
        let _ = read(json!({"kty": kty, "crv": crv, "n": a, "e": b, "x": a, "y": b}));
    }
}

#[test]
fn the_keys_that_a_token_names_are_tried_before_the_others() {
    let key = |kid: Option<&str>| {
        let value = kid.map_or(Value::Null, |kid| json!(kid));
        read(with("test-es256", "kid", value)).unwrap()
    };
    let tried = |keys: Vec<Key>, kid| {
        let set = KeySet::new(keys);
        let keys = set.candidates(kid, Algorithm::ES256);
        let kids = keys.map(|key| key.kid().unwrap_or("-").to_owned());
        kids.collect::<Vec<_>>().join(" ")
    };
    let nameless = || vec![key(None), key(None), key(None), key(None), key(None)];
    let mut late = nameless();
    late.push(key(Some("a")));
    late.push(key(Some("b")));
    assert_eq!(tried(late, Some("a")), "a - - - -");
    let many = vec![key(Some("a")); 6];
    assert_eq!(tried(many.clone(), Some("a")), "a a a a a a");
    assert_eq!(tried(many, None), "a a a a");
    assert_eq!(tried(nameless(), Some("c")), "- - - -");
    let alike = || vec![key(None), key(Some("A")), key(Some("a")), key(Some(""))];
    assert_eq!(tried(alike(), Some("a")), "a -");
    assert_eq!(tried(alike(), Some("A")), "A -");
    assert_eq!(tried(alike(), Some("")), " -");
    assert_eq!(tried(alike(), None), "- A a ");
}

#[test]
fn padded_numbers_and_the_use_of_svids_are_accepted() {
    let key = jwk("test-rs256");
    let padded = |member: &str| {
        let text = format!("{}==", key[member].as_str().unwrap());
        read(with("test-rs256", member, json!(text)))
    };
    for read in [
        padded("n"),
        padded("e"),
        read(with("test-rs256", "use", json!("jwt-svid"))),
        read(with("test-rs256", "kid", json!("k".repeat(256)))),
    ] {
        assert_eq!(read.unwrap().id(), read_id(&key));
    }
    assert!(read(with("test-rs256", "use", json!("x509-svid"))).is_err());
    let ed25519 = read(with("test-eddsa", "alg", json!("Ed25519"))).unwrap();
    assert!(ed25519.allows(Algorithm::EdDSA));
}

fn read_id(key: &Value) -> KeyId {
    read(key.clone()).unwrap().id()
}
