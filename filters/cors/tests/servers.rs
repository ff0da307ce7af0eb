//! Everything that a server serves below a guarded path has been checked against its policy.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed assumption is a failed test"
)]

use cors::Cors;
use filter_kit::testing::servers::{serve, spelling};
use filter_kit::testing::{Answer, Run, ScriptedHost, request};
use proptest::prelude::*;

/// Spellings of a guarded path, most of which some server serves.
fn spellings() -> impl Strategy<Value = String> {
    let steps = prop::collection::vec(any::<(u8, u8)>(), 0..7);
    steps.prop_filter_map("not a path of ASCII", |steps| {
        spelling(b"/admin/users", &steps)
    })
}

const CONFIGURATION: &str = r#"{"policies": [
    {"match": {"paths": [{"prefix": "/admin"}]}, "allow_origins": ["https://admin.example.com"], "allow_credentials": true},
    {"allow_origins": ["https://app.example.com"], "allow_credentials": true}]}"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_origin_of_another_policy_reads_what_is_served_below_a_guarded_place(path in spellings()) {
        if !serve(path.as_bytes(), b"/admin") {
            return Ok(());
        }
        let host = ScriptedHost::install();
        let mut run = Run::<Cors>::start(&host, CONFIGURATION).unwrap();
        let simple = request("GET", &path).header("origin", "https://app.example.com");
        let (mut exchange, answer) = run.request(&simple.pairs());
        prop_assert!(matches!(answer, Answer::Continued(_)), "{}", path);
        let response = exchange.response(&[(":status", "200"), ("access-control-allow-origin", "https://app.example.com")]);
        let allows = |(name, _): &(Vec<u8>, Vec<u8>)| name == b"access-control-allow-origin";
        prop_assert!(!response.iter().any(allows), "{}", path);
        let preflight = request("OPTIONS", &path)
            .header("origin", "https://app.example.com")
            .header("access-control-request-method", "GET");
        let (_, answer) = run.request(&preflight.pairs());
        let Answer::Replied(reply) = answer else { panic!("{path}") };
        prop_assert!(!reply.headers.iter().any(allows), "{}", path);
    }
}
