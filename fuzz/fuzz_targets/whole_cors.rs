//! The whole cors filter. If the configuration allows only known origins, no response allows
//! another.
#![no_main]

use catalog_fuzz::configurations;
use catalog_fuzz::play::{Seen, play};
use cors::Cors;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

const APP: &str = "https://app.example.com";

/// The first ones allow at most [`APP`], and enforce it.
const KNOWN: &[&str] = &[
    r#"{"policies": [{"allow_origins": ["https://app.example.com"], "allow_credentials": true, "allow_headers": ["x-a", "x-b"],
        "allow_methods": ["GET", "PUT"], "expose_headers": ["x-c"], "timing_allow_origin": true}]}"#,
    r#"{"policies": [{"match": {"paths": [{"prefix": "/admin"}]}, "allow_origins": []},
        {"match": {"hosts": ["*.example.com"], "methods": ["GET"]}, "allow_origins": ["https://app.example.com"], "allow_headers": ["*"]},
        {"allow_origins": []}]}"#,
];

static CONFIGURATIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let known = KNOWN.iter().map(|text| (*text).to_owned());
    known.chain(configurations::of("cors")).collect()
});

fn check(seen: &Seen<'_>) {
    let (true, Some((_, received))) = (seen.configuration < KNOWN.len(), seen.response) else {
        return;
    };
    let mut origins = values(seen.request, b"origin");
    origins.retain(|origin| !origin.is_empty());
    // Without an origin, it is not a page's request.
    if origins.is_empty() {
        return;
    }
    let allowed = values(received, b"access-control-allow-origin");
    assert!(
        allowed.is_empty() || allowed == origins,
        "another is allowed"
    );
    assert!(allowed.iter().all(|origin| is_app(origin)), "{allowed:?}");
}

/// Whether this is [`APP`], in any case and with or without its default port.
fn is_app(origin: &[u8]) -> bool {
    let origin = origin.strip_suffix(b":443").unwrap_or(origin);
    origin.eq_ignore_ascii_case(APP.as_bytes())
}

fn values<'p>(pairs: &'p [(Vec<u8>, Vec<u8>)], name: &[u8]) -> Vec<&'p [u8]> {
    let named = pairs.iter().filter(|(n, _)| n == name);
    named.map(|(_, value)| value.as_slice()).collect()
}

fuzz_target!(|script: &[u8]| play::<Cors>(&CONFIGURATIONS, script, check));
