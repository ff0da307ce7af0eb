//! The whole rate-limit filter. No more requests pass than a limit allows, whatever they look like.
#![no_main]

use catalog_fuzz::configurations;
use catalog_fuzz::play::{Seen, play};
use filter_kit::testing::Answer;
use libfuzzer_sys::fuzz_target;
use rate_limit::RateLimit;
use std::sync::LazyLock;

/// The first one allows three requests per hour.
const OWN: &[&str] = &[
    r#"{"limits": [{"name": "all", "key": [{"client_ip": {}}], "requests": 3, "per": "1h"}]}"#,
    r#"{"limits": [{"name": "here", "requests": 2, "per": "1h"},
        {"name": "fleet", "scope": "service", "key": [{"header": "x-user"}], "missing_key": "shared", "requests": 1, "per": "1h"}],
        "service": {"cluster": "rls", "domain": "edge", "on_error": "refuse"}}"#,
    r#"{"limits": [{"name": "fleet", "scope": "service", "key": [{"path": {}}], "requests": 1, "per": "1h"}],
        "service": {"cluster": "rls", "domain": "edge", "on_error": "process"}}"#,
];

static CONFIGURATIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let own = OWN.iter().map(|text| (*text).to_owned());
    own.chain(configurations::of("rate-limit")).collect()
});

fuzz_target!(|script: &[u8]| {
    let mut passed = 0;
    play::<RateLimit>(&CONFIGURATIONS, script, |seen: &Seen<'_>| {
        let passes = seen.configuration == 0
            && seen.response.is_none()
            && matches!(seen.answer, Answer::Continued(_));
        if passes && !seen.is_disturbed {
            passed += 1;
            let max = 3 + seen.elapsed.as_secs() * 3 / 3600;
            assert!(passed <= max, "{passed} requests of {max} pass");
        }
    });
});
