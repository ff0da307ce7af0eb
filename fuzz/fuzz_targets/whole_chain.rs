//! The whole chain, with all filters in it. No request without a valid token continues if an item
//! requires one.
#![no_main]

use catalog_fuzz::play::{Seen, play};
use catalog_fuzz::tokens::{JWKS, SECRET};
use catalog_fuzz::{configurations, guard};
use chain::Chain;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// The first one guards everything, the second one `/admin`, the third one everything with a
/// server's keys.
static OWN: LazyLock<Vec<String>> = LazyLock::new(|| {
    let cors = r#"{"cors": {"policies": [{"match": {"paths": [{"prefix": "/public"}]}, "allow_origins": ["*"]},
        {"allow_origins": ["https://app.example.com", "https://*.example.org"], "allow_credentials": true}]}}"#;
    let limit = r#"{"rate-limit": {"limits": [{"name": "all", "key": [{"client_ip": {}}], "requests": 5, "per": "1m"}]}}"#;
    let rewrite = r#"{"header-rewrite": {"rules": [{"request": [{"set": {"name": "x-user", "value": "u-${request.header.x-sub | -}"}},
        {"path": {"regex": "/api(/.*)", "with": "${1}"}}], "response": [{"preset": "security_headers"}]}]}}"#;
    let jwt = |keys: &str, rules: &str| {
        format!(
            r#"{{"jwt-auth": {{"providers": {{"p": {{"keys": {keys}, "claims_to_headers": [{{"claim": "sub", "header": "x-sub"}}]}}}}{rules}}}}}"#
        )
    };
    let secret = format!(r#"{{"secret": {{"value": "{SECRET}", "algorithm": "HS256"}}}}"#);
    let admin = r#", "rules": [{"match": {"paths": [{"prefix": "/admin"}]}, "require": {"provider": {"name": "p"}}},
        {"match": {"paths": [{"prefix": "/"}]}, "require": "nothing"}]"#;
    let remote = r#"{"remote": {"cluster": "idp", "uri": "https://issuer.example/keys"}}"#;
    let service = r#"{"rate-limit": {"limits": [{"name": "fleet", "scope": "service", "key": [{"client_ip": {}}], "requests": 1, "per": "1h"}],
        "service": {"cluster": "rls", "domain": "edge", "on_error": "allow"}}}"#;
    vec![
        format!(
            r#"{{"chain": [{cors}, {limit}, {}, {rewrite}]}}"#,
            jwt(&secret, "")
        ),
        format!(
            r#"{{"chain": [{cors}, {}, {limit}]}}"#,
            jwt(&format!(r#"{{"jwks": {JWKS}}}"#), admin)
        ),
        format!(
            r#"{{"chain": [{rewrite}, {}, {service}, {cors}]}}"#,
            jwt(remote, "")
        ),
    ]
});

static CONFIGURATIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let samples = configurations::of("chain").into_iter();
    OWN.iter().cloned().chain(samples).collect()
});

fn check(seen: &Seen<'_>) {
    match seen.configuration {
        0 | 2 => guard::all(seen),
        1 => guard::admin(seen),
        _ => {}
    }
}

fuzz_target!(|script: &[u8]| play::<Chain>(&CONFIGURATIONS, script, check));
