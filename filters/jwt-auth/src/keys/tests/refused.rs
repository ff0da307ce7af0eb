//! Keys that are left out, and why.

use super::*;

/// Coordinates of P-256, labeled P-384.
fn foreign_curve() -> Value {
    let mut key = with("test-es256", "alg", Value::Null);
    key["crv"] = json!("P-384");
    key
}

#[test]
fn weak_foreign_and_malformed_keys_are_left_out_with_the_reason() {
    let encode = |bytes: &[u8]| json!(base64url::encode(bytes));
    let short_rsa = [&[0x80_u8][..], &[0; 126], &[1]].concat();
    let long_rsa = [&[0x80_u8][..], &[0; 512], &[1]].concat();
    for (key, reason) in [
        (json!(7), "it is not an object"),
        (json!({}), "it has no \"kty\""),
        (
            with("test-rs256", "kty", json!("oct")),
            "a secret is not accepted in a key set",
        ),
        (
            with("test-rs256", "kty", json!("XYZ")),
            "its kty is not RSA, EC or OKP",
        ),
        (
            with("test-rs256", "kid", json!(7)),
            "its kid is not a string",
        ),
        (
            with("test-rs256", "kid", json!("k".repeat(257))),
            "its kid has more than 256 bytes",
        ),
        (
            with("test-rs256", "use", json!("enc")),
            "its use is not \"sig\"",
        ),
        (
            with("test-rs256", "key_ops", json!(["sign"])),
            "its key_ops do not hold \"verify\"",
        ),
        (
            with("test-rs256", "key_ops", json!("verify")),
            "its key_ops do not hold \"verify\"",
        ),
        (
            with("test-rs256", "alg", json!("RSA-OAEP")),
            "its alg is not a signature algorithm",
        ),
        (
            with("test-rs256", "alg", json!("ES256")),
            "ES256 is not valid for an RSA key",
        ),
        (
            with("test-rs256", "alg", json!("HS256")),
            "HS256 is not valid for an RSA key",
        ),
        (
            with("test-rs256", "n", encode(&short_rsa)),
            "an RSA key of 1024 bits; 2048 to 4096 are accepted",
        ),
        (
            with("test-rs256", "n", encode(&long_rsa)),
            "an RSA key of 4112 bits",
        ),
        (with("test-rs256", "n", Value::Null), "it has no \"n\""),
        (
            json!({"kty": "RSA", "kid": "a", "use": "sig", "x5c": ["MIIC"]}),
            "it has no \"n\"",
        ),
        (
            with("test-rs256", "n", json!("A*A=")),
            "its n is not base64url",
        ),
        (with("test-rs256", "e", encode(&[1])), "exponent or modulus"),
        (with("test-rs256", "e", encode(&[2])), "exponent or modulus"),
        (with("test-rs256", "e", encode(&[])), "exponent or modulus"),
        (
            with("test-rs256", "e", encode(&[1, 0, 0, 0, 1])),
            "exponent or modulus",
        ),
        (foreign_curve(), "48 bytes long"),
        (
            with("test-es256", "crv", json!("secp256k1")),
            "its curve is not",
        ),
        (with("test-es256", "x", encode(&[0; 31])), "32 bytes long"),
        (
            with("test-es256", "y", encode(&[1; 32])),
            "not a point of its curve",
        ),
        (
            with("test-es384", "y", encode(&[1; 48])),
            "not a point of its curve",
        ),
        // The library would panic on the first, and use the first 32 bytes of the second.
        (
            with("test-eddsa", "x", encode(&[1; 3])),
            "an Ed25519 key of 3 bytes",
        ),
        (
            with("test-eddsa", "x", encode(&[1; 33])),
            "an Ed25519 key of 33 bytes",
        ),
        (
            with("test-eddsa", "x", encode(&[0; 32])),
            "an Ed25519 key of small order",
        ),
        (
            with("test-eddsa", "x", encode(&[&[1_u8][..], &[0; 31]].concat())),
            "an Ed25519 key of small order",
        ),
        (
            with("test-eddsa", "x", encode(&[&[2_u8][..], &[0; 31]].concat())),
            "not a point of its curve",
        ),
        (
            with("test-eddsa", "crv", json!("X25519")),
            "its curve is not Ed25519",
        ),
    ] {
        let error = read(key.clone()).unwrap_err();
        assert!(error.contains(reason), "{key}: {error}");
    }
}

#[test]
fn points_beside_their_curve_are_left_out() {
    for kid in ["test-es256", "test-es384", "test-es512"] {
        let good = jwk(kid);
        let beside = |member: &str, change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = base64url::decode(good[member].as_str().unwrap()).unwrap();
            change(&mut bytes);
            with(kid, member, json!(base64url::encode(bytes)))
        };
        for key in [
            beside("x", &|x| *x.last_mut().unwrap() ^= 1),
            beside("y", &|y| *y.last_mut().unwrap() ^= 1),
            beside("y", &|y| y.fill(0)),
            // Not a number below the prime.
            beside("x", &|x| x.fill(0xff)),
        ] {
            let error = read(key).unwrap_err();
            assert!(error.contains("not a point of its curve"), "{error}");
        }
        assert!(read(good).is_ok());
    }
}

#[test]
fn a_coordinate_is_below_the_prime_of_its_curve() {
    let good = jwk("test-es512");
    for member in ["x", "y"] {
        let mut bytes = base64url::decode(good[member].as_str().unwrap()).unwrap();
        // The same number modulo 2^521 - 1.
        bytes[0] |= 2;
        let last = bytes.iter().rposition(|byte| *byte > 0).unwrap();
        bytes[last] -= 1;
        bytes[last + 1..].fill(0xff);
        let error = read(with("test-es512", member, json!(base64url::encode(bytes))));
        assert!(error.unwrap_err().contains("not a point of its curve"));
    }
}

#[test]
fn a_map_of_certificates_is_refused_with_the_way_that_works() {
    let map = json!({"a1": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"});
    let error = KeySet::from_jwks(&(&map).into()).unwrap_err().to_string();
    assert!(
        error.contains("use the JWK Set of the same keys"),
        "{error}"
    );
}
