//! Tokens, from their text to their claims. The first byte says what the rest is: a token as sent,
//! or header and claims, which are signed as by an identity provider.
//!
//! What is accepted is a token for others too: three parts, of which two are JSON objects.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use catalog_fuzz::tokens::{self, NOW, SECRET};
use filter_kit::testing::{Answer, Run, ScriptedHost, request};
use jwt_auth::JwtAuth;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use std::time::Duration;

fn configuration() -> String {
    format!(
        r#"{{"providers": {{"p": {{"keys": {{"secret": {{"value": "{SECRET}", "algorithm": "HS256"}}}}, "require_expiration": false,
            "issuer": "https://issuer.example", "token_sources": [{{"header": {{"name": "x-token"}}}}],
            "claims_to_headers": [{{"claim": "sub", "header": "x-sub"}}, {{"claim": ["a", "b"], "header": "x-a-b"}}],
            "payload_header": "x-payload"}}}}}}"#
    )
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else {
        return;
    };
    let token = if kind % 2 == 0 {
        rest.to_vec()
    } else {
        let mut parts = rest.splitn(2, |b| *b == b'\n');
        let header = parts.next().unwrap_or_default();
        let claims = parts.next().unwrap_or_default();
        tokens::signed(header, claims, SECRET).into_bytes()
    };
    if token.iter().any(|b| matches!(b, 0 | b'\r' | b'\n')) {
        return;
    }
    let host = ScriptedHost::install();
    host.set_now(Duration::from_secs(NOW));
    let mut run = Run::<JwtAuth>::start(&host, &configuration()).unwrap();
    let pairs = request("GET", "/").header("x-token", token.clone()).pairs();
    let (_, answer) = run.request(&pairs);
    // A cached token gives the same decision as before.
    let (_, again) = run.request(&pairs);
    assert_eq!(answer, again);
    let Answer::Continued(headers) = answer else {
        return;
    };
    assert!(!headers.iter().any(|(name, _)| name == b"x-token"));
    let text = String::from_utf8(token).unwrap();
    let parts: Vec<_> = text.trim().split('.').collect();
    let [header, claims, _] = parts[..] else {
        panic!("{text} has other parts");
    };
    let object = |part: &str| -> Value {
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    assert_eq!(object(header)["alg"], "HS256");
    let claims = object(claims);
    assert_eq!(claims["iss"], "https://issuer.example");
    let whole = text.trim().rsplit_once('.').unwrap().0;
    let (header, claims) = whole.split_once('.').unwrap();
    let bytes = |part| URL_SAFE_NO_PAD.decode(part).unwrap();
    assert_eq!(
        text.trim(),
        tokens::signed(&bytes(header), &bytes(claims), SECRET)
    );
});
