//! The whole jwt-auth filter. If a rule requires a token, no request without a valid one continues;
//! if it does so below a path, no such request continues that a server would serve there.
#![no_main]

use catalog_fuzz::play::{Seen, play};
use catalog_fuzz::tokens::{JWKS, SECRET};
use catalog_fuzz::{configurations, guard};
use jwt_auth::JwtAuth;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static OWN: LazyLock<Vec<String>> = LazyLock::new(|| {
    let secret = format!(r#""secret": {{"value": "{SECRET}", "algorithm": "HS256"}}"#);
    let inline = format!(r#""jwks": {JWKS}"#);
    let admin = r#""rules": [{"match": {"paths": [{"prefix": "/admin"}]}, "require": {"provider": {"name": "p"}}},
        {"match": {"paths": [{"prefix": "/"}]}, "require": "nothing"}]"#;
    let sources = r#""token_sources": [{"header": {"name": "authorization", "prefix": "Bearer "}}, {"header": {"name": "x-token"}},
        {"query": {"name": "token"}}, {"cookie": {"name": "session"}}]"#;
    let claims = r#""issuer": "https://issuer.example", "audiences": ["api"], "claims_to_headers": [{"claim": "sub", "header": "x-sub"}],
        "payload_header": "x-payload", "provider_header": "x-provider""#;
    vec![
        format!(r#"{{"providers": {{"p": {{"keys": {{{secret}}}, {sources}, {claims}}}}}}}"#),
        format!(r#"{{"providers": {{"p": {{"keys": {{{inline}}}, {sources}, {claims}}}}}}}"#),
        format!(
            r#"{{"providers": {{"p": {{"keys": {{"remote": {{"cluster": "idp", "uri": "https://issuer.example/keys"}}}}, {sources}, {claims}}}}}}}"#
        ),
        format!(
            r#"{{"providers": {{"p": {{"keys": {{"discovery": {{"cluster": "idp", "uri": "https://issuer.example/.well-known/openid-configuration"}}}}, {sources}, {claims}}}}}}}"#
        ),
        format!(r#"{{"providers": {{"p": {{"keys": {{{secret}}}, {sources}}}}}, {admin}}}"#),
        format!(
            r#"{{"providers": {{"p": {{"keys": {{{inline}}}, "forward_token": true}}}}, {admin}}}"#
        ),
    ]
});

/// How many of [`OWN`] guard everything; the others guard `/admin`.
const GUARD_ALL: usize = 4;

static CONFIGURATIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let samples = configurations::of("jwt-auth").into_iter();
    OWN.iter().cloned().chain(samples).collect()
});

fn check(seen: &Seen<'_>) {
    match seen.configuration {
        0..GUARD_ALL => guard::all(seen),
        GUARD_ALL..6 => guard::admin(seen),
        _ => {}
    }
}

fuzz_target!(|script: &[u8]| play::<JwtAuth>(&CONFIGURATIONS, script, check));
