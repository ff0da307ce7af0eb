//! Answers of key servers: JWK Sets and discovery documents, as JSON, as keys, and through the
//! whole filter. A document without the provider's key accepts no token.
#![no_main]

use catalog_fuzz::tokens::{self, NOW};
use filter_kit::testing::{Answer, Run, ScriptedHost, request};
use jwt_auth::JwtAuth;
use jwt_auth::json;
use jwt_auth::keys::KeySet;
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

const REMOTE: &str = r#"{"providers": {"p": {"keys": {"remote": {"cluster": "idp", "uri": "https://issuer.example/keys"}}}}}"#;
const DISCOVERY: &str = r#"{"providers": {"p": {"issuer": "https://issuer.example",
    "keys": {"discovery": {"cluster": "idp", "uri": "https://issuer.example/.well-known/openid-configuration"}}}}}"#;

fuzz_target!(|document: &[u8]| {
    let parsed = json::value(document);
    if let Some(value) = &parsed {
        // Another parser accepts it too, and every text member has the same value.
        let other: serde_json::Value = serde_json::from_slice(document).unwrap();
        if let Some(text) = value.get("jwks_uri").and_then(json::Json::as_str) {
            assert_eq!(other["jwks_uri"].as_str(), Some(text));
        }
        let _ = value.to_ascii();
        let _ = value.heap_bytes();
        if let Ok((keys, left_out)) = KeySet::from_jwks(value) {
            let entries = other["keys"].as_array().unwrap().len();
            assert!(keys.len() + left_out.len() <= entries + 1);
            assert!(!keys.is_empty() && keys.len() <= jwt_auth::keys::MAX_KEYS);
        }
    }
    // For anything that is not JSON, only the first bytes matter to the whole filter.
    let configurations = match parsed {
        Some(_) => &[REMOTE, DISCOVERY][..],
        None => &[DISCOVERY],
    };
    for configuration in configurations {
        let host = ScriptedHost::install();
        host.set_now(Duration::from_secs(NOW));
        let mut run = Run::<JwtAuth>::start(&host, configuration).unwrap();
        let token = tokens::good().nth(1).unwrap();
        let bearer = format!("Bearer {token}");
        let pairs = request("GET", "/").header("authorization", bearer).pairs();
        let (exchange, answer) = run.request(&pairs);
        assert_eq!(answer, Answer::Waits);
        run.tick();
        // A discovery document leads to a second call, which gets the same answer.
        for _ in 0..2 {
            for call in host.take_calls() {
                assert_eq!(call.upstream, "idp");
                assert!(call.path.starts_with('/'), "{call:?}");
                run.answer_http(call.token, Some((200, document)));
            }
            run.tick();
        }
        match exchange.now() {
            Answer::Continued(_) => {
                let x = b"BRIqWruJupTvGxuVHl3GYQ1Ruhs1V6XHs8_2hIt6SIQ";
                assert!(parsed.is_some());
                let text = serde_json::from_slice::<serde_json::Value>(document)
                    .unwrap()
                    .to_string();
                let has_key = text.as_bytes().windows(x.len()).any(|window| window == x);
                assert!(has_key, "keys that are not the provider's");
            }
            Answer::Waits | Answer::Replied(_) => {}
        }
    }
});
