//! The operations of a rule have been applied to everything that a server serves below its path, or
//! the request was refused.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed assumption is a failed test"
)]

use filter_kit::testing::servers::{serve, spelling};
use filter_kit::testing::{Answer, Run, ScriptedHost, request};
use header_rewrite::HeaderRewrite;
use proptest::prelude::*;

/// Spellings of a guarded path, most of which some server serves.
fn spellings() -> impl Strategy<Value = String> {
    let steps = prop::collection::vec(any::<(u8, u8)>(), 0..7);
    steps.prop_filter_map("not a path of ASCII", |steps| {
        spelling(b"/admin/users", &steps)
    })
}

const CONFIGURATION: &str = r#"{"rules": [{"match": {"paths": [{"prefix": "/admin"}]},
    "request": [{"remove": {"name": "x-role"}}], "response": [{"remove": {"name": "x-secret"}}]}]}"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn nothing_below_a_place_is_served_without_its_operations(path in spellings()) {
        if !serve(path.as_bytes(), b"/admin") {
            return Ok(());
        }
        let host = ScriptedHost::install();
        let mut run = Run::<HeaderRewrite>::start(&host, CONFIGURATION).unwrap();
        let sent = request("GET", &path).header("x-role", "root").header("x_role", "root");
        let (mut exchange, answer) = run.request(&sent.pairs());
        if let Answer::Continued(headers) = answer {
            let is_role = |(name, _): &(Vec<u8>, Vec<u8>)| name == b"x-role" || name == b"x_role";
            prop_assert!(!headers.iter().any(is_role), "{}", path);
        }
        let response = exchange.response(&[(":status", "200"), ("x-secret", "1")]);
        prop_assert_eq!(response.len(), 1, "{}", path);
    }
}
