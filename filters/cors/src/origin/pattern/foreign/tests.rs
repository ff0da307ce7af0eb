use super::*;
use crate::origin::OriginRegex;

fn example(foreign: Option<ForeignOrigin>) -> Option<String> {
    match foreign? {
        ForeignOrigin::Example(origin) => Some(origin),
        ForeignOrigin::Null => Some("null".to_owned()),
        ForeignOrigin::Unknown => Some("?".to_owned()),
    }
}

#[test]
fn an_expression_that_leaves_a_choice_of_the_owner_matches_a_foreign_origin() {
    for (regex, expected) in [
        (".*", "https://evil.example"),
        ("https://.*", "https://evil.example"),
        (".+://.+", "https://evil.example"),
        ("https?://[a-z0-9.-]+", "https://evil.example"),
        (r"https://.*example\.com", "https://evilexample.com"),
        (r".+example\.com", "https://evilexample.com"),
        (r"(.+)example\.com", "https://evilexample.com"),
        (r"[a-z:/.]+com", "https://evil.com"),
        (
            r"https://.+example\.com(:[0-9]+)?",
            "https://evilexample.com",
        ),
        (r"https://[a-z]*example\.com", "https://evilexample.com"),
        (r"https://(www\.)?.*example\.com", "https://evilexample.com"),
        (r"https://(.)*example\.com", "https://evilexample.com"),
        (r"https://.?example\.com", "https://eexample.com"),
        (r"https://app.example.com", "https://appeexample.com"),
        (r"https://app.example\.com", "https://appeexample.com"),
        (
            r"https://example\.com.*",
            "https://example.com.evil.example",
        ),
        (r"https://example\..*", "https://example.evil.example"),
        (r"https://example\.[a-z]{2,3}", "https://example.ee"),
        (r"https://(a|b[0-9]+)\.com", "https://b1.com"),
        (r"(?i)https://.*EXAMPLE\.com", "https://evilexample.com"),
        (
            r"https://app\.example\.com|https://.*",
            "https://evil.example",
        ),
        (r"https://[a-z0-9-]+\.github\.io", "https://evil.github.io"),
        (
            r"https://[a-z0-9-]+-team\.vercel\.app",
            "https://evil-team.vercel.app",
        ),
        (r"https://.*\.co\.uk", "https://evil.co.uk"),
        (r"moz-extension://[0-9a-f-]{4}", "moz-extension://eeee"),
        (r"http://[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+", "http://1.1.1.1"),
    ] {
        let parsed = OriginRegex::try_from(regex.to_owned()).unwrap();
        let found = example(parsed.foreign_origin());
        let found = found.unwrap_or_else(|| panic!("{regex}"));
        assert!(
            parsed.matches(&Origin::parse(found.as_bytes()).unwrap()),
            "{regex}: {found}"
        );
        if !regex.contains('[') || regex.contains("evil") {
            assert_eq!(found, expected, "{regex}");
        }
    }
}

#[test]
fn an_expression_that_names_the_owner_matches_no_foreign_origin() {
    for regex in [
        r"https://pr-[0-9]+\.preview\.example\.dev",
        r"https://.*\.example\.dev",
        r".+\.example\.dev",
        r"https://(.*\.)?example\.dev",
        r"https://([a-z0-9-]+\.)*example\.com(:[0-9]+)?",
        r"https?://(app|admin)\.example\.(com|org|co\.uk)",
        r"https://(app|admin|www)\.example\.com|https://other\.example",
        r"https://shop[12]\.com",
        r"(?i)https://[a-z]+\.Example\.com",
        r"https?://localhost(:[0-9]+)?",
        r"http://127\.0\.0\.1:[0-9]+",
        r"http://192\.168\.[0-9]{1,3}\.[0-9]{1,3}(:[0-9]+)?",
        r"https://[a-z]+\.internal",
        r"http://\[::1\]:[0-9]+",
        r"https://[a-z]+\.team\.vercel\.app",
        r"https://[a-z0-9]+\.example\.co\.uk",
        r"moz-extension://1234",
        r"app://\.",
    ] {
        // With (?i) upper case matches as lower case; otherwise it never matches.
        let parsed = OriginRegex::try_from(regex.to_owned()).unwrap();
        assert_eq!(parsed.foreign_origin(), None, "{regex}");
    }
}

#[test]
fn patterns_of_whole_sites_match_foreign_origins() {
    for (pattern, expected) in [
        ("*", Some("https://evil.example")),
        ("null", Some("null")),
        ("https://*", Some("https://evil.example")),
        ("http://*", Some("http://evil.example")),
        ("moz-extension://*", Some("moz-extension://evil")),
        ("https://*.github.io", Some("https://evil.github.io")),
        ("https://*.co.uk:*", Some("https://evil.co.uk")),
        ("https://*.team.github.io", None),
        ("https://*.example.com", None),
        ("https://team.github.io", None),
        ("http://localhost:*", None),
        ("app://.", None),
    ] {
        let parsed = OriginPattern::try_from(pattern.to_owned()).unwrap();
        assert_eq!(
            example(parsed.foreign_origin()).as_deref(),
            expected,
            "{pattern}"
        );
    }
}

#[test]
fn an_expression_that_can_never_match_is_told() {
    for (regex, never) in [
        (r"https://App\.example\.com", true),
        (r"https://app\.example\.com/", true),
        (r"https://[a-z]+\.example\.com/", true),
        (r"(?i)https://App\.example\.com", false),
        (r"https://.*", false),
        (r"file://", false),
    ] {
        assert_eq!(why_never(regex, false).is_some(), never, "{regex}");
    }
}

#[test]
fn an_expression_that_matches_null_matches_a_page_of_anyone() {
    for regex in [
        r"https://app\.example\.com|null",
        "(null)",
        "n[u]ll",
        r"(https://app\.example\.com|nul+)",
    ] {
        let parsed = OriginRegex::try_from(regex.to_owned()).unwrap();
        assert_eq!(
            parsed.foreign_origin(),
            Some(ForeignOrigin::Null),
            "{regex}"
        );
    }
}

#[test]
fn an_expression_that_can_never_match_is_refused_with_the_reason() {
    for (regex, reason) in [
        (r"https://App\.example\.com", "lower case"),
        (r"https://app\.example\.com/", "no path"),
        (r"https://.*\.example\.com/.*", "no path"),
        (r"https?://app\.example\.com/app", "no path"),
        (r".*example\.com/.*", "no path"),
        (r"https://app\.example\.com:443", "default port"),
        (r"^http://[a-z]+\.example\.com:80$", "default port"),
        (r"app\.example\.com", "begins with its scheme"),
        (r"^([a-z0-9-]+\.)*example\.com$", "begins with its scheme"),
    ] {
        let error = OriginRegex::try_from(regex.to_owned()).unwrap_err();
        assert!(error.contains("can never match"), "{regex}: {error}");
        assert!(error.contains(reason), "{regex}: {error}");
    }
    for regex in [
        ".*",
        "null",
        r".*\.example\.com",
        r"https?://app\.example\.com(:443)?",
        r"https://app\.example\.com:8443",
        r"http://app\.example\.com:443",
        r"https?:.{0,2}app\.example\.com",
        r"https:/{2}app\.example\.com",
        r"(https|app):[/]/app\.example\.com",
        r"app://\.",
    ] {
        assert!(OriginRegex::try_from(regex.to_owned()).is_ok(), "{regex}");
    }
}
