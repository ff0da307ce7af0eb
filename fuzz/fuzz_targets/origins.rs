//! Origins of pages, origins and headers of a policy, and the lists of a preflight: three lines.
//! Nothing is allowed except what the policy allows, according to a simple implementation.
#![no_main]

use catalog_fuzz::reference::is_value;
use cors::Cors;
use filter_kit::testing::{Answer, Run, ScriptedHost, request};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let mut lines = data.splitn(4, |b| *b == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (pattern, origin, asked, method) = (line(), line(), line(), line());
    let Ok(pattern) = std::str::from_utf8(pattern) else {
        return;
    };
    // Envoy passes values on without surrounding white space, and an empty value is not an origin.
    let origin = origin.trim_ascii();
    if origin.is_empty() || ![origin, asked, method].into_iter().all(is_value) {
        return;
    }
    let configuration = json!({"policies": [{"allow_origins": [pattern], "allow_headers": ["x-a", "x-b"], "allow_methods": ["GET", "PUT"]}]});
    let host = ScriptedHost::install();
    let Some(mut run) = Run::<Cors>::start(&host, &configuration.to_string()) else {
        return;
    };
    let preflight = request("OPTIONS", "/")
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", asked);
    let (_, answer) = run.request(&preflight.pairs());
    if let Answer::Replied(reply) = answer {
        let value = |name: &[u8]| {
            let found = reply.headers.iter().find(|(n, _)| n == name);
            found.map(|(_, value)| value.as_slice())
        };
        if let Some(allowed) = value(b"access-control-allow-origin") {
            assert_eq!(reply.status, 204);
            is_allowed(pattern, origin, allowed);
            let asked = asked.split(|b| *b == b',').map(<[u8]>::trim_ascii);
            for name in asked.filter(|name| !name.is_empty()) {
                assert!(
                    name.eq_ignore_ascii_case(b"x-a") || name.eq_ignore_ascii_case(b"x-b"),
                    "the header {}",
                    name.escape_ascii()
                );
            }
        }
    }
    let (mut exchange, answer) = run.request(&request("GET", "/").header("origin", origin).pairs());
    assert!(matches!(answer, Answer::Continued(_)));
    let response = exchange.response(&[
        (":status", "200"),
        ("access-control-allow-origin", "https://upstream.example"),
    ]);
    for (name, allowed) in response {
        if name == b"access-control-allow-origin" {
            is_allowed(pattern, origin, &allowed);
        }
    }
});

/// An allowed origin is `*`, or the requesting one with the pattern's scheme and host.
fn is_allowed(pattern: &str, origin: &[u8], allowed: &[u8]) {
    let pattern = pattern.to_ascii_lowercase();
    if pattern == "*" {
        assert_eq!(allowed, b"*");
        return;
    }
    assert_eq!(allowed, origin, "it allows another one");
    let origin = String::from_utf8(origin.to_ascii_lowercase()).unwrap();
    let Some((scheme, host)) = pattern.split_once("://") else {
        assert_eq!(pattern, origin);
        return;
    };
    let rest = origin
        .strip_prefix(scheme)
        .and_then(|rest| rest.strip_prefix("://"));
    let rest = rest.unwrap_or_else(|| panic!("{origin} is of another scheme"));
    if let Some(parent) = host.strip_prefix("*.") {
        let parent = parent.split_once(':').map_or(parent, |(parent, _)| parent);
        let name = rest.split_once(':').map_or(rest, |(name, _)| name);
        let label = name
            .strip_suffix(parent)
            .and_then(|label| label.strip_suffix('.'));
        assert!(
            label.is_some_and(|label| !label.is_empty()),
            "{origin} for {pattern}"
        );
    }
}
