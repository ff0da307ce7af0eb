use super::*;
use crate::policy::Origins;

fn matches(pattern: &str, origin: &str) -> bool {
    let pattern = OriginPattern::try_from(pattern.to_owned()).unwrap();
    let origins = Origins::new(vec![pattern], Vec::new());
    origins.allow_sent(origin.as_bytes()).is_some()
}

#[test]
fn patterns_match_by_scheme_whole_labels_and_port() {
    for (pattern, origin, expected) in [
        ("https://app.example.com", "https://app.example.com", true),
        (
            "https://app.example.com",
            "https://APP.example.com:443",
            true,
        ),
        (
            "https://app.example.com:443",
            "https://app.example.com",
            true,
        ),
        ("https://App.Example.com", "https://app.example.com", true),
        ("https://app.example.com", "http://app.example.com", false),
        (
            "https://app.example.com",
            "https://app.example.com:8443",
            false,
        ),
        ("https://app.example.com", "https://app.example.com.", false),
        ("https://*.example.org", "https://a.example.org", true),
        ("https://*.example.org", "https://a.b.example.org", true),
        ("https://*.example.org", "https://A.example.org:443", true),
        ("https://*.example.org", "https://example.org", false),
        ("https://*.example.org", "https://xexample.org", false),
        (
            "https://*.example.org",
            "https://a.example.org.evil.com",
            false,
        ),
        ("https://*.example.org", "https://a.example.org:8443", false),
        (
            "https://*.example.org",
            "https://evil.com#.example.org",
            false,
        ),
        (
            "https://*.example.org:8443",
            "https://a.example.org:8443",
            true,
        ),
        ("https://*.example.org:443", "https://a.example.org", true),
        ("https://*.example.org:*", "https://a.example.org:1", true),
        ("http://localhost:*", "http://localhost", true),
        ("http://localhost:*", "http://localhost:5173", true),
        ("http://localhost:*", "https://localhost:5173", false),
        ("http://localhost:*", "http://localhost.evil.com:80", false),
        ("http://[::1]:*", "http://[::1]:8080", true),
        ("https://*", "https://a.example:8443", true),
        ("https://*", "http://a.example", false),
        ("https://*", "https://.", false),
        ("https://*", "null", false),
        ("moz-extension://*", "moz-extension://0f-1a", true),
        ("moz-extension://*", "moz-extensions://0f-1a", false),
        ("chrome-extension://*", "chrome-extension://abcd", true),
        ("chrome-extension://abcd", "chrome-extension://abcd", true),
        ("chrome-extension://abcd", "chrome-extension://abce", false),
        ("app://.", "app://.", true),
        ("app://.", "APP://.", true),
        ("app://.", "app://x", false),
        ("app://*", "app://.", true),
        ("file://", "file://", true),
        ("file://", "null", false),
        ("capacitor://localhost", "capacitor://localhost", true),
        ("*", "file://", true),
        ("*", "app://.", true),
        ("*", "https://x.example.", true),
        ("*", "null", true),
        ("*", "\u{e9}", true),
    ] {
        assert_eq!(matches(pattern, origin), expected, "{pattern} {origin}");
    }
}

#[test]
fn what_is_not_an_origin_is_refused_with_the_reason() {
    for (pattern, reason) in [
        ("", "the scheme is missing"),
        ("example.org", "the scheme is missing"),
        ("*.example.org", "the scheme is missing"),
        ("://example.org", "the scheme is invalid"),
        ("https://", "the host is missing or invalid"),
        ("https://example.org/", "a path"),
        ("https://example.org/app", "a path"),
        ("https://example.org?a=b", "query"),
        ("https://example.org#a", "fragment"),
        (
            "https://user:pass@example.org",
            "user information is not part",
        ),
        ("https://example.org:x", "the port is invalid"),
        ("https://example.org:", "the port is invalid"),
        ("https://example.org.", "the host is missing or invalid"),
        ("https://bücher.example", "the host is missing or invalid"),
        (
            "https://pr-*.example.dev",
            "for a part of a label use allow_origin_regexes, as \"https://pr-[a-z0-9-]+\\.example\\.dev\"",
        ),
        (
            "https://example.*",
            "for other patterns use allow_origin_regexes",
        ),
        (
            "https://*example.org",
            "for other patterns use allow_origin_regexes",
        ),
        ("app://*.", "the host is missing or invalid"),
        ("app://./index.html", "a path"),
        ("https://*example.org", "* stands for whole labels"),
        ("https://a*.example.org", "* stands for whole labels"),
        ("https://a.*.example.org", "* stands for whole labels"),
        ("https://example.*", "* stands for whole labels"),
        ("https://*.", "the host is missing or invalid"),
        ("https://*.org", "top-level domain"),
        ("https://*.*.example.org", "* stands for whole labels"),
        ("https://example.org:80*", "the port is invalid"),
        ("https://example.org:80:*", "the port is invalid"),
        ("https://example.org:65536", "the port is invalid"),
        ("https://*.[::1]", "the host is missing or invalid"),
        ("https://[::zz]", "the host is missing or invalid"),
        ("*://example.org", "the scheme is invalid"),
        ("**", "the scheme is missing"),
    ] {
        let error = OriginPattern::try_from(pattern.to_owned()).unwrap_err();
        assert!(error.contains(reason), "{pattern}: {error}");
    }
}
