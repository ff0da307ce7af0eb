//! Everything that a server serves below a limited path is counted, and none of it is exempt.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed assumption is a failed test"
)]

use filter_kit::testing::servers::{serve, spelling};
use filter_kit::testing::{Answer, Run, ScriptedHost, request};
use proptest::prelude::*;
use rate_limit::RateLimit;

/// Spellings of a guarded path, most of which some server serves.
fn spellings() -> impl Strategy<Value = String> {
    let steps = prop::collection::vec(any::<(u8, u8)>(), 0..7);
    steps.prop_filter_map("not a path of ASCII", |steps| {
        spelling(b"/admin/users", &steps)
    })
}

const LIMITED: &str = r#"{"limits": [{"name": "admin", "match": {"paths": [{"prefix": "/admin"}]}, "requests": 1, "per": "1d"}]}"#;
const EXEMPT: &str = r#"{"limits": [{"name": "all", "requests": 1, "per": "1d"}], "exempt": [{"paths": [{"prefix": "/public"}, {"prefix": "/x"}]}]}"#;

fn passes_twice(configuration: &str, path: &str) -> bool {
    let host = ScriptedHost::install();
    let mut run = Run::<RateLimit>::start(&host, configuration).unwrap();
    let mut pass = || {
        let (_, answer) = run.request(&request("GET", path).pairs());
        matches!(answer, Answer::Continued(_))
    };
    pass() && pass()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn nothing_below_a_limited_place_is_served_uncounted(path in spellings()) {
        if serve(path.as_bytes(), b"/admin") {
            prop_assert!(!passes_twice(LIMITED, &path), "{}", path);
            prop_assert!(!passes_twice(EXEMPT, &path), "{}", path);
        }
    }
}
