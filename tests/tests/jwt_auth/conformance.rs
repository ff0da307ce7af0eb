//! Signatures that are nearly valid, in a real Envoy: verified by Envoy's `verify_signature`, and
//! by the module if Envoy does not offer it.
//!
//! The messages of Project Wycheproof are not tokens, so its faults are reproduced with the test
//! keys: the private keys sign any block or pair of numbers that a forger might try. The vectors
//! themselves are tested natively, in `filters/jwt-auth/tests/conformance.rs`.

mod curves;
mod pkcs1;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use curves::{ecdsa, ed25519};
use e2e::token::{self, Token};
use e2e::{Envoy, paths};
use pkcs1::{rsa_crosswise, rsa_pkcs1};
use rsa::BigUint;
use serde_json::{Value, json};

/// The expected result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passes,
    /// 401, `jwt_signature`.
    Forged,
    /// 401, `jwt_malformed`: it is not even verified.
    Malformed,
}
use Verdict::{Forged, Malformed, Passes};

/// Both verifiers: keys of every family and a secret, no cache, and this time budget for verifying
/// inside the module.
fn config(in_module: &str) -> Value {
    json!({
        "providers": {
            "all": {"issuer": token::ISSUER, "keys": {"jwks": token::jwks_for_any_algorithm()}},
            "secret": {"issuer": "https://secret.example", "keys": {"secret": {"value": token::SECRET, "algorithm": "HS256"}}}
        },
        "cache": {"max_tokens": 0},
        "verification_time_per_second": in_module,
    })
}

/// Starts Envoy with our module, with every function allowed except `proxy_call_foreign_function`.
fn without_foreign_functions() -> Envoy {
    let allowed: serde_json::Map<String, Value> = [
        "proxy_on_vm_start",
        "proxy_on_configure",
        "proxy_on_context_create",
        "proxy_on_request_headers",
        "proxy_on_done",
        "proxy_on_log",
        "proxy_on_delete",
        "proxy_log",
        "proxy_get_current_time_nanoseconds",
        "proxy_get_buffer_bytes",
        "proxy_get_header_map_pairs",
        "proxy_get_header_map_value",
        "proxy_replace_header_map_value",
        "proxy_remove_header_map_value",
        "proxy_add_header_map_value",
        "proxy_get_property",
        "proxy_send_local_response",
        "proxy_define_metric",
        "proxy_increment_metric",
        "environ_get",
        "environ_sizes_get",
        "clock_time_get",
        "random_get",
        "fd_write",
    ]
    .map(|name| (name.to_string(), json!({})))
    .into_iter()
    .collect();
    let filter = json!({
        "name": "restricted",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": "jwt-auth",
                "root_id": "jwt-auth",
                "failure_policy": "FAIL_RELOAD",
                "configuration": {"@type": "type.googleapis.com/google.protobuf.Struct", "value": config("1s")},
                "capability_restriction_config": {"allowed_capabilities": allowed},
                "vm_config": {
                    "vm_id": "restricted",
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"filename": paths::module("jwt-auth").unwrap()}},
                },
            },
        },
    });
    Envoy::with_no_filter().native(filter.to_string()).start()
}

/// Sends a token with this signature, and returns the result from the response.
fn judge(envoy: &Envoy, message: &str, signature: &[u8]) -> (u16, String) {
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
    let answer = envoy
        .get("/")
        .header("authorization", format!("Bearer {token}"))
        .send();
    let text = if answer.status == 200 {
        String::new()
    } else {
        answer.text()
    };
    (answer.status, text)
}

#[track_caller]
fn check(
    envoy: &Envoy,
    algorithm: &str,
    what: &str,
    message: &str,
    signature: &[u8],
    expected: Verdict,
) {
    let expected = match expected {
        Passes => (200, ""),
        Forged => (401, "The signature of the token is not valid.\n"),
        Malformed => (401, "The token is malformed.\n"),
    };
    let (status, text) = judge(envoy, message, signature);
    assert_eq!((status, text.as_str()), expected, "{algorithm}, {what}");
}

/// Returns the message of a valid token, and its signature.
fn parts(algorithm: &str) -> (String, Vec<u8>) {
    let mut token = Token::new(algorithm);
    if algorithm == "HS256" {
        token = token.claim("iss", json!("https://secret.example"));
    }
    split(&token.sign())
}

fn split(token: &str) -> (String, Vec<u8>) {
    let (message, signature) = token.rsplit_once('.').unwrap();
    (
        message.to_owned(),
        URL_SAFE_NO_PAD.decode(signature).unwrap(),
    )
}

/// Faults of any signature that need no key.
fn of_any_kind(envoy: &Envoy, algorithm: &str) {
    let (message, good) = parts(algorithm);
    let (_, other) = split(&Token::new(algorithm).claim("sub", json!("mallory")).sign());
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    for (what, signature, verdict) in [
        ("as it is", good.clone(), Passes),
        ("none", Vec::new(), Malformed),
        ("one byte", vec![0], Forged),
        ("of another message", other, Forged),
        ("first bit", flipped(0), Forged),
        ("last bit", flipped(good.len() - 1), Forged),
        ("one byte short", good[..good.len() - 1].to_vec(), Forged),
        ("half", good[..good.len() / 2].to_vec(), Forged),
        ("one byte long", [&good[..], &[0]].concat(), Forged),
        ("a zero before", [&[0], &good[..]].concat(), Forged),
        ("twice", [&good[..], &good[..]].concat(), Forged),
        ("zeros", vec![0; good.len()], Forged),
        ("ones", vec![0xff; good.len()], Forged),
        ("two KiB of ones", vec![0xff; 2048], Forged),
    ] {
        check(envoy, algorithm, what, &message, &signature, verdict);
    }
}

/// Encodes a number in this many bytes.
fn sized(number: &BigUint, bytes: usize) -> Vec<u8> {
    let digits = number.to_bytes_be();
    [vec![0; bytes - digits.len()], digits].concat()
}

/// The time budget for slow verifications is zero, so everything verified here is verified by
/// Envoy.
#[test]
fn envoy_tells_every_wrong_signature_from_a_good_one() {
    let envoy = Envoy::with_filter("jwt-auth", config("0s").to_string()).start();
    for algorithm in ["RS256", "RS384", "RS512", "ES256"] {
        of_any_kind(&envoy, algorithm);
    }
    rsa_pkcs1(&envoy);
    ecdsa(&envoy, "ES256");
    // After all the invalid signatures, the module still knows that Envoy supports these; the
    // others need time.
    for algorithm in [
        "PS256", "PS384", "PS512", "ES384", "ES512", "EdDSA", "HS256",
    ] {
        let (message, good) = parts(algorithm);
        let (status, text) = judge(&envoy, &message, &good);
        assert_eq!(
            (status, text.as_str()),
            (503, "Too many tokens are being checked.\n"),
            "{algorithm}"
        );
    }
    of_any_kind(&envoy, "ES256");
}

/// With a time budget. ES512 shows that Envoy verifies, because nothing else here can.
#[test]
fn envoy_tells_every_wrong_signature_on_the_larger_curves_from_a_good_one() {
    let envoy = Envoy::with_filter("jwt-auth", config("1s").to_string()).start();
    for algorithm in ["ES384", "ES512"] {
        of_any_kind(&envoy, algorithm);
        ecdsa(&envoy, algorithm);
    }
    let (message, good) = parts("ES512");
    check(&envoy, "ES512", "at the end", &message, &good, Passes);
}

#[test]
fn the_module_tells_every_wrong_signature_from_a_good_one_where_envoy_does_not_help() {
    let envoy = without_foreign_functions();
    for algorithm in [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "HS256",
    ] {
        of_any_kind(&envoy, algorithm);
    }
    rsa_pkcs1(&envoy);
    rsa_crosswise(&envoy);
    for algorithm in ["ES256", "ES384"] {
        ecdsa(&envoy, algorithm);
    }
    ed25519(&envoy);
    // Nothing can verify P-521 here: the token is refused, and never accepted.
    let (message, good) = parts("ES512");
    check(&envoy, "ES512", "as it is", &message, &good, Forged);
}
