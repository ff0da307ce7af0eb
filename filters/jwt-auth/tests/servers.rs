//! Whatever a server serves below a guarded place has met its rule.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed assumption is a failed test"
)]

use filter_kit::testing::servers::{disguise, serve};
use filter_kit::testing::{Answer, Run, ScriptedHost, request};
use proptest::prelude::*;

/// Some spelling of a guarded place; most of them are served by some server.
fn spelling() -> impl Strategy<Value = String> {
    let steps = prop::collection::vec((any::<u8>(), any::<u8>()), 0..7);
    steps.prop_filter_map("not a path of ASCII", |steps| {
        let path = disguise(b"/admin/users", &steps);
        let path = String::from_utf8(path).ok()?;
        (path.is_ascii() && path.starts_with('/')).then_some(path)
    })
}

use jwt_auth::JwtAuth;

#[path = "../src/testing.rs"]
#[allow(dead_code, reason = "shared with the unit tests, which use all of it")]
mod testing;
use jwt_auth::base64url;

fn configuration() -> String {
    let jwks = testing::jwks();
    format!(
        r#"{{"providers": {{"corp": {{"keys": {{"jwks": {jwks}}}}}}}, "rules": [
            {{"match": {{"paths": [{{"prefix": "/admin"}}]}}, "require": {{"provider": {{"name": "corp"}}}}}},
            {{"match": {{"paths": [{{"prefix": "/"}}]}}, "require": "nothing"}}]}}"#
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_below_a_guarded_place_is_served_without_a_token(path in spelling()) {
        let host = ScriptedHost::install();
        let mut run = Run::<JwtAuth>::start(&host, &configuration()).unwrap();
        let (_, answer) = run.request(&request("GET", &path).pairs());
        let is_open = matches!(answer, Answer::Continued(_));
        prop_assert!(!(is_open && serve(path.as_bytes(), b"/admin")), "{}", path);
    }
}
