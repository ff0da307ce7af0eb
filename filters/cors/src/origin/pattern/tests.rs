use super::*;
use crate::origin::Origin;

fn fits(pattern: &str, origin: &str) -> bool {
    let Some(Origin::Tuple(origin)) = Origin::parse(origin.as_bytes()) else {
        return false;
    };
    match OriginPattern::try_from(pattern.to_owned()).unwrap() {
        OriginPattern::Exact(text) => text == origin.text,
        OriginPattern::Wildcard(wildcard) => wildcard.fits(&origin),
        OriginPattern::Any | OriginPattern::Null => panic!("{pattern}"),
    }
}

#[test]
fn patterns_fit_by_scheme_whole_labels_and_port() {
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
    ] {
        assert_eq!(fits(pattern, origin), expected, "{pattern} {origin}");
    }
}

#[test]
fn what_is_not_an_origin_is_refused_with_the_reason() {
    for (pattern, reason) in [
        ("", "no scheme"),
        ("example.org", "no scheme"),
        ("*.example.org", "no scheme"),
        ("://example.org", "scheme is invalid"),
        ("https://", "host is invalid"),
        ("https://example.org/", "a path"),
        ("https://example.org/app", "a path"),
        ("https://example.org?a=b", "a query"),
        ("https://example.org#a", "a fragment"),
        ("https://user:pass@example.org", "user information"),
        ("https://example.org:x", "port is invalid"),
        ("https://example.org:", "port is invalid"),
        ("https://example.org.", "host is invalid"),
        ("https://bücher.example", "host is invalid"),
        ("https://*", "whole labels"),
        ("https://*example.org", "whole labels"),
        ("https://a*.example.org", "whole labels"),
        ("https://a.*.example.org", "whole labels"),
        ("https://example.*", "whole labels"),
        ("https://*.", "host is invalid"),
        ("https://*.org", "top-level domain"),
        ("https://*.*.example.org", "host is invalid"),
        ("https://example.org:80*", "port is invalid"),
        ("https://example.org:80:*", "port is invalid"),
        ("https://example.org:65536", "port is invalid"),
        ("https://*.[::1]", "host is invalid"),
        ("https://[::zz]", "host is invalid"),
        ("*://example.org", "scheme is invalid"),
        ("**", "no scheme"),
    ] {
        let error = OriginPattern::try_from(pattern.to_owned()).unwrap_err();
        assert!(error.contains(reason), "{pattern}: {error}");
    }
}

#[test]
fn a_regex_that_fits_anything_differs_from_one_that_does_not() {
    for (regex, anything) in [
        (".*", true),
        ("https://.*", true),
        ("https?://[a-z0-9.-]+", true),
        (r"https://pr-[0-9]+\.preview\.example\.dev", false),
        (r"https://.*\.example\.dev", false),
    ] {
        let parsed = OriginRegex::try_from(regex.to_owned()).unwrap();
        assert_eq!(parsed.fits_anything(), anything, "{regex}");
    }
}
