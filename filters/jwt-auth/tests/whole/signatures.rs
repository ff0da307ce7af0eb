//! Signatures that the host verifies: what it is asked, and that its answer decides.

use filter_kit::testing::{Run, ScriptedHost};
use jwt_auth::{JwtAuth, base64url};
use serde_json::json;

use super::testing::{jwk, sign};
use super::{configuration, details, host, to_admin};

/// `envoy.source.extensions.common.wasm.VerifySignatureArguments`.
#[derive(Clone, PartialEq, prost::Message)]
struct Question {
    #[prost(string, tag = "1")]
    hash: String,
    #[prost(bytes = "vec", tag = "2")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    signature: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    text: Vec<u8>,
}

/// Lets the host take this signature for valid, and no other.
fn accept(host: &ScriptedHost, only: Question) {
    host.set_foreign_functions(move |name, argument| {
        assert_eq!(name, "verify_signature");
        let asked: Question = prost::Message::decode(argument).unwrap();
        Some(match asked == only {
            true => vec![8, 1],
            false => vec![],
        })
    });
}

/// Returns the SubjectPublicKeyInfo of a test key as OpenSSL wrote it.
fn spki(kid: &str) -> Vec<u8> {
    let pem = match kid {
        "test-rs256" => include_str!("../../../../tests/keys/rs256.pub.pem"),
        "test-es256" => include_str!("../../../../tests/keys/es256.pub.pem"),
        "test-es384" => include_str!("../../../../tests/keys/es384.pub.pem"),
        _ => include_str!("../../../../tests/keys/es512.pub.pem"),
    };
    let body: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
    base64url::decode_any(&body).unwrap()
}

/// Encodes the two numbers of an ECDSA signature in DER, one byte at a time.
fn der(raw: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for number in raw.chunks(raw.len() / 2) {
        let mut digits = number.to_vec();
        while digits.len() > 1 && digits[0] == 0 {
            digits.remove(0);
        }
        if digits[0] >= 0x80 {
            digits.insert(0, 0);
        }
        body.extend([2, u8::try_from(digits.len()).unwrap()]);
        body.extend(digits);
    }
    let length = u8::try_from(body.len()).unwrap();
    let head = match length {
        0..0x80 => vec![0x30, length],
        _ => vec![0x30, 0x81, length],
    };
    [head, body].concat()
}

#[test]
fn the_host_is_asked_for_the_signature_of_the_token_by_the_key_of_its_kid() {
    for (algorithm, kid, hash) in [
        ("RS256", "test-rs256", "sha256"),
        ("RS384", "test-rs256", "sha384"),
        ("RS512", "test-rs256", "sha512"),
        ("ES256", "test-es256", "sha256"),
        ("ES384", "test-es384", "sha384"),
        ("ES512", "test-es512", "sha512"),
    ] {
        let header = format!(r#"{{"alg":"{algorithm}","kid":"{kid}"}}"#);
        let claims = r#"{"sub":"alice","exp":1800000000}"#;
        let token = match algorithm {
            // The library cannot sign on P-521; the host does not look at the numbers here.
            "ES512" => {
                let numbers = [[0_u8; 66], [0xff; 66]].concat();
                let [header, claims] = [&header, claims].map(base64url::encode);
                format!("{header}.{claims}.{}", base64url::encode(numbers))
            }
            _ => sign(algorithm, &header, claims),
        };
        let (text, signature) = token.rsplit_once('.').unwrap();
        let raw = base64url::decode(signature).unwrap();
        let valid = Question {
            hash: hash.to_owned(),
            key: spki(kid),
            signature: if kid == "test-rs256" {
                raw.clone()
            } else {
                der(&raw)
            },
            text: text.into(),
        };
        let mut key = jwk(kid);
        key.as_object_mut().unwrap().remove("alg");
        let configuration = configuration(&json!({"jwks": {"keys": [key]}}), "");
        let answer = |only: &Question, token: &str| {
            let host = host();
            accept(&host, only.clone());
            let mut run = Run::<JwtAuth>::start(&host, &configuration).unwrap();
            let (_, answer) = run.request(&to_admin(&format!("Bearer {token}")));
            details(&answer).to_owned()
        };
        assert_eq!(answer(&valid, &token), "continued", "{algorithm}");
        let other = Question {
            text: b"e30.e30".to_vec(),
            ..valid.clone()
        };
        assert_eq!(answer(&other, &token), "jwt_signature", "{algorithm}");
        let longer = base64url::encode([&raw[..], &[0, 0]].concat());
        let longer = format!("{text}.{longer}");
        assert_eq!(answer(&valid, &longer), "jwt_signature", "{algorithm}");
    }
}

#[test]
fn a_signature_of_another_length_is_refused_even_if_the_host_would_accept_it() {
    for length in [1, 2, 62, 63, 65, 66, 96, 132] {
        let raw = vec![1; length];
        let [header, claims] = [
            r#"{"alg":"ES256","kid":"test-es256"}"#,
            r#"{"exp":1800000000}"#,
        ]
        .map(base64url::encode);
        let token = format!("{header}.{claims}.{}", base64url::encode(raw));
        let host = host();
        host.set_foreign_functions(|_, _| Some(vec![8, 1]));
        let jwks = json!({"jwks": {"keys": [jwk("test-es256")]}});
        let mut run = Run::<JwtAuth>::start(&host, &configuration(&jwks, "")).unwrap();
        let (_, answer) = run.request(&to_admin(&format!("Bearer {token}")));
        assert_eq!(details(&answer), "jwt_signature", "{length}");
    }
}
