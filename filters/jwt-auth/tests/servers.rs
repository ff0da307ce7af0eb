//! Everything that a server serves below a guarded path has been checked against its rule.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed assumption is a failed test"
)]

use filter_kit::testing::servers::{serve, spelling};
use filter_kit::testing::{Answer, Run, ScriptedHost, request};
use jwt_auth::{JwtAuth, base64url};
use proptest::prelude::*;

/// Spellings of a guarded path, most of which some server serves.
fn spellings() -> impl Strategy<Value = String> {
    let steps = prop::collection::vec(any::<(u8, u8)>(), 0..7);
    steps.prop_filter_map("not a path of ASCII", |steps| {
        spelling(b"/admin/users", &steps)
    })
}

#[path = "../src/testing.rs"]
#[allow(dead_code, reason = "shared with the unit tests, which use all of it")]
mod testing;

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
    fn nothing_below_a_guarded_place_is_served_without_a_token(path in spellings()) {
        let host = ScriptedHost::install();
        let mut run = Run::<JwtAuth>::start(&host, &configuration()).unwrap();
        let (_, answer) = run.request(&request("GET", &path).pairs());
        let is_open = matches!(answer, Answer::Continued(_));
        prop_assert!(!(is_open && serve(path.as_bytes(), b"/admin")), "{}", path);
    }
}
