//! Which keys are tried, and the forms in which issuers publish keys.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Returns a modified test key.
fn key(kid: &str, change: impl Fn(&mut serde_json::Map<String, Value>)) -> Value {
    let set = jwks();
    let keys = set["keys"].as_array().unwrap();
    let mut key = keys.iter().find(|key| key["kid"] == kid).unwrap().clone();
    change(key.as_object_mut().unwrap());
    key
}

/// Returns a P-256 key that has signed none of the tokens here: that of RFC 7515, appendix A.3.
fn other(kid: Option<&str>) -> Value {
    let mut key = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    if let Some(kid) = kid {
        key["kid"] = json!(kid);
    }
    key
}

fn with_keys(keys: &Value) -> Envoy {
    let config = json!({"providers": {"a": {"keys": keys}}});
    Envoy::with_filter("jwt-auth", config.to_string()).start()
}

fn status(envoy: &Envoy, token: &Token) -> u16 {
    let request = Client::http1().get(envoy.url("/"));
    request
        .header("authorization", token.bearer())
        .send()
        .status
}

#[test]
fn the_keys_that_a_token_names_are_tried_first_and_all_of_them() {
    let right = || key("test-es256", |_| {});
    let named = |kid: &'static str| {
        key("test-es256", move |key| {
            drop(key.insert("kid".into(), json!(kid)))
        })
    };
    let kid = |kid: Value| corp().header("kid", kid);
    let mut behind_nameless = vec![other(None); 4];
    behind_nameless.push(right());
    let mut behind_namesakes = vec![other(Some("test-es256")); 5];
    behind_namesakes.push(right());
    let mut behind_keys_for_encryption = vec![
        key("test-rs256", |key| drop(
            key.insert("use".into(), json!("enc"))
        ));
        70
    ];
    behind_keys_for_encryption.push(right());
    for (what, keys, token, expected) in [
        ("behind nameless ones", behind_nameless.clone(), corp(), 200),
        ("behind namesakes", behind_namesakes, corp(), 200),
        (
            "behind keys for encryption",
            behind_keys_for_encryption,
            corp(),
            200,
        ),
        (
            "nameless, the fifth",
            behind_nameless,
            kid(Value::Null),
            401,
        ),
        ("another case", vec![named("Test-ES256")], corp(), 401),
        (
            "both cases",
            vec![other(Some("Test-ES256")), right()],
            corp(),
            200,
        ),
        (
            "an empty name",
            vec![other(None), named("")],
            kid(json!("")),
            200,
        ),
        (
            "an empty name for another",
            vec![right()],
            kid(json!("")),
            401,
        ),
    ] {
        let envoy = with_keys(&json!({"jwks": {"keys": keys}}));
        assert_eq!(status(&envoy, &token), expected, "{what}");
        envoy.assert_vm_alive();
    }
}

#[test]
fn a_point_beside_its_curve_is_no_key() {
    for (kid, curve) in [
        ("test-es256", "P-256"),
        ("test-es384", "P-384"),
        ("test-es512", "P-521"),
    ] {
        let beside = key(kid, |key| {
            let y = URL_SAFE_NO_PAD.decode(key["y"].as_str().unwrap()).unwrap();
            let mut y = y.clone();
            *y.last_mut().unwrap() ^= 1;
            key["y"] = json!(URL_SAFE_NO_PAD.encode(y));
        });
        let config = json!({"providers": {"a": {"keys": {"jwks": {"keys": [beside]}}}}});
        let log = Envoy::with_filter("jwt-auth", config.to_string())
            .refuses()
            .unwrap();
        let line = format!("keys[0] is ignored: it is not a point of its curve (a key on {curve})");
        assert!(log.contains(&line), "{log}");
    }
}

#[test]
fn keys_are_read_in_the_forms_in_which_issuers_have_them() {
    let file = |name: &str| {
        std::fs::read_to_string(e2e::paths::workspace().join("tests/keys").join(name)).unwrap()
    };
    let set = |key: Value| json!({"jwks": {"keys": [key]}});
    let padded = |member: &'static str| {
        move |key: &mut serde_json::Map<String, Value>| {
            key[member] = json!(format!("{}==", key[member].as_str().unwrap()));
        }
    };
    let ed25519 = || Token::new("EdDSA").header("alg", json!("Ed25519"));
    for (what, keys, good, bad) in [
        (
            "a certificate on RSA",
            json!({"pem": {"key": file("rs256.cert.pem"), "algorithm": "RS256"}}),
            Token::new("RS256"),
            Token::new("RS384"),
        ),
        (
            "a certificate on P-256",
            json!({"pem": {"key": file("es256.cert.pem"), "algorithm": "ES256"}}),
            corp(),
            Token::new("RS256"),
        ),
        (
            "n padded",
            set(key("test-rs256", padded("n"))),
            Token::new("RS256"),
            corp(),
        ),
        (
            "a key of a SPIFFE bundle",
            set(key("test-es256", |key| {
                drop(key.insert("use".into(), json!("jwt-svid")))
            })),
            corp(),
            Token::new("ES384"),
        ),
        (
            "a token of Ed25519",
            json!({"jwks": jwks()}),
            ed25519(),
            ed25519().header("alg", json!("ed25519")),
        ),
        (
            "a key of Ed25519",
            set(key("test-eddsa", |key| key["alg"] = json!("Ed25519"))),
            Token::new("EdDSA"),
            corp(),
        ),
    ] {
        let envoy = with_keys(&keys);
        assert_eq!(status(&envoy, &good), 200, "{what}");
        assert_eq!(status(&envoy, &bad), 401, "{what}");
        let request = Client::http1().get(envoy.url("/"));
        let forged = format!("Bearer {}", forged(&good.sign()));
        assert_eq!(
            request.header("authorization", forged).send().status,
            401,
            "{what}"
        );
        envoy.assert_vm_alive();
    }
}
