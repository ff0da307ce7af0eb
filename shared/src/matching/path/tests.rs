use super::raw::beginning;
use super::*;

fn prefix(path: &str) -> RawPath {
    RawPath {
        prefix: Some(path.into()),
        ..RawPath::default()
    }
}

fn exact(path: &str) -> RawPath {
    RawPath {
        exact: Some(path.into()),
        ..RawPath::default()
    }
}

fn regex(path: &str) -> RawPath {
    RawPath {
        regex: Some(path.into()),
        ..RawPath::default()
    }
}

#[test]
fn prefixes_are_whole_segments_and_regexes_cover_the_whole_path() {
    for (pattern, path, fits) in [
        (prefix("/api"), "/api", true),
        (prefix("/api"), "/api/", true),
        (prefix("/api"), "/api/x", true),
        (prefix("/api"), "/apix", false),
        (prefix("/api"), "/ap", false),
        (prefix("/api"), "/API", false),
        (
            RawPath {
                ignore_case: true,
                ..prefix("/api")
            },
            "/API/x",
            true,
        ),
        (prefix("/api/"), "/api", true),
        (prefix("/api/"), "/api/x", true),
        (prefix("/"), "/", true),
        (prefix("/"), "/x", true),
        (prefix("/"), "*", false),
        (prefix("/"), "", false),
        (exact("/healthz"), "/healthz", true),
        (exact("/healthz"), "/healthz/", false),
        (
            RawPath {
                ignore_case: true,
                ..exact("/healthz")
            },
            "/HealthZ",
            true,
        ),
        (regex("/v[0-9]+/items"), "/v12/items", true),
        (regex("/v[0-9]+/items"), "/v12/items/3", false),
        (regex("/v[0-9]+/items"), "/x/v12/items", false),
        (
            RawPath {
                ignore_case: true,
                ..regex("/v[a-b]")
            },
            "/VA",
            true,
        ),
    ] {
        let built = pattern.clone().build().unwrap();
        assert_eq!(built.fits(path.as_bytes()), fits, "{pattern:?} {path}");
    }
}

#[test]
fn patterns_are_compared_decoded() {
    for (pattern, reading, fits) in [
        (exact("/caf%C3%A9"), &b"/caf\xc3\xa9"[..], true),
        (prefix("/caf%c3%a9"), b"/caf\xc3\xa9/x", true),
        (exact("/100%25"), b"/100%", true),
        (exact("/%40admin"), b"/@admin", true),
        (exact("/a%2Fb"), b"/a%2Fb", true),
        (exact("/a%2Fb"), b"/a%2fb", true),
        (exact("/a%2Fb"), b"/A%2fb", false),
        (exact("/a%2Fb"), b"/a/b", true),
        (regex("/caf%C3%A9/[0-9]+"), b"/caf\xc3\xa9/7", true),
        (regex("/a%204"), b"/a 4", true),
        (regex("/a%zz"), b"/a%zz", true),
        (regex("/a.*"), b"/a\nb", true),
    ] {
        let built = pattern.clone().build().unwrap();
        assert_eq!(built.fits(reading), fits, "{pattern:?}");
    }
}

#[test]
fn the_beginning_of_a_regular_expression_is_what_every_match_begins_with() {
    for (regex, begins) in [
        ("/v[0-9]+/items", "/v"),
        ("/api/.*", "/api/"),
        ("/ab*c", "/a"),
        ("/ab?c", "/a"),
        ("/ab{0,2}", "/a"),
        ("/ab+", "/ab"),
        ("/a|/b", ""),
        ("(?i)/a", ""),
        ("/a%20b", "/a"),
        ("/items", "/items"),
    ] {
        assert_eq!(beginning(regex), begins, "{regex}");
    }
}

#[test]
fn captures_are_of_the_path_as_it_was_sent() {
    let built = regex("/caf%C3%A9/(.*)").build().unwrap();
    assert_eq!(
        built.captures(b"/caf%C3%A9/a%20b"),
        [Some(b"a%20b".to_vec())]
    );
}

#[test]
fn the_rest_after_a_prefix_begins_with_its_slash() {
    for (pattern, path, rest) in [
        ("/api", "/api/x", Some("/x")),
        ("/api", "/api", Some("")),
        ("/", "/x", Some("/x")),
        ("/api", "/apix", None),
        ("/api", "/%61pi/a%2Fb;c", Some("/a%2Fb;c")),
        ("/a/b", "/a/%62/c", Some("/c")),
        ("/a/b", "/a%2Fb/c", None),
        ("/a%2Fb", "/a%2fb/c", Some("/c")),
        ("/", "/%61", Some("/%61")),
        ("/", "*", None),
        ("/api", "/%61%70%69", Some("")),
        ("/api", "/%61%70%69/x", Some("/x")),
        ("/api", "%2fapi", None),
    ] {
        let built = prefix(pattern).build().unwrap();
        assert_eq!(built.after_prefix(path.as_bytes()), rest.map(str::as_bytes));
    }
}

#[test]
fn a_pattern_that_nothing_could_fit_is_refused() {
    for (pattern, error) in [
        (
            RawPath::default(),
            "write exactly one of: prefix, exact, regex",
        ),
        (
            RawPath {
                regex: Some("a".into()),
                ..exact("/a")
            },
            "write exactly one of",
        ),
        (prefix("api"), "prefix: \"api\" does not begin with /"),
        (prefix("/a;v"), "prefix: \"/a;v\" is not in plain form"),
        (prefix("/a%3Bv"), "prefix: \"/a%3Bv\" is not in plain form"),
        (prefix("/a%5cb"), "prefix: \"/a%5cb\" is not in plain form"),
        (
            exact("/a/%2e%2E"),
            "exact: \"/a/%2e%2E\" is not in plain form",
        ),
        (
            exact("/a%2F../b"),
            "exact: \"/a%2F../b\" is not in plain form",
        ),
        (exact("/a//b"), "exact: \"/a//b\" is not in plain form"),
        (exact("/a?b"), "exact: \"/a?b\" is not a path"),
        (regex("("), "regex: \"(\" is not a regular expression"),
    ] {
        let got = pattern.build().unwrap_err().to_string();
        assert!(got.starts_with(error), "{got}");
    }
}
