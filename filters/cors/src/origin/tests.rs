use super::*;
use proptest::prelude::*;

fn text(value: &[u8]) -> Option<String> {
    match Origin::parse(value)? {
        Origin::Null => Some("null".to_owned()),
        Origin::Tuple(tuple) => Some(tuple.text.into()),
        Origin::Other(_) => None,
    }
}

#[test]
fn an_origin_without_a_web_scheme_may_have_no_host() {
    for (value, expected) in [
        ("app://.", Some("app://.")),
        ("APP://.", Some("app://.")),
        ("file://", Some("file://")),
        ("app://a:b", Some("app://a:b")),
        ("app://./x", None),
        ("app://.?x", None),
        ("app://a@b:c", None),
        ("app://a.., app://b", None),
        ("https://.", None),
        ("https://", None),
        ("wss://.", None),
        ("://.", None),
        ("app:", None),
    ] {
        let other = match Origin::parse(value.as_bytes()) {
            Some(Origin::Other(text)) => Some(text.into_string()),
            _ => None,
        };
        assert_eq!(other.as_deref(), expected, "{value}");
    }
}

#[test]
fn an_origin_is_scheme_host_and_port_and_nothing_else() {
    for (value, expected) in [
        ("https://example.org", Some("https://example.org")),
        ("https://EXAMPLE.org", Some("https://example.org")),
        ("HTTPS://example.org:443", Some("https://example.org")),
        ("http://example.org:80", Some("http://example.org")),
        ("http://example.org:443", Some("http://example.org:443")),
        ("https://example.org:8443", Some("https://example.org:8443")),
        ("http://[::1]:3000", Some("http://[::1]:3000")),
        ("http://127.0.0.1", Some("http://127.0.0.1")),
        ("capacitor://localhost", Some("capacitor://localhost")),
        ("null", Some("null")),
        ("NULL", None),
        ("", None),
        ("example.org", None),
        ("//example.org", None),
        ("https://", None),
        ("https://:443", None),
        ("https://example.org:", None),
        ("https://example.org:65536", None),
        ("https://example.org:+1", None),
        ("https://example.org/", None),
        ("https://example.org?a", None),
        ("https://example.org#.good.com", None),
        ("https://user@example.org", None),
        ("https://example.org.", None),
        ("https://a..example.org", None),
        ("https://exam ple.org", None),
        ("https://ex%61mple.org", None),
        ("https://[::1", None),
        ("https://[::1]x", None),
        ("http://[0:0::1]", Some("http://[::1]")),
        ("http://[::zz]", None),
        ("https://a:80:80", None),
        ("https://a.example, https://b.example", None),
        ("https://a.example https://b.example", None),
        ("1http://a", None),
    ] {
        assert_eq!(text(value.as_bytes()).as_deref(), expected, "{value}");
    }
    assert_eq!(text(b"https://ex\xe9mple.org"), None);
    let long = format!("https://{}", "a".repeat(20_000));
    assert_eq!(text(long.as_bytes()), None);
}

#[test]
fn a_request_to_the_origins_own_host_and_port_stays_within_it() {
    for (origin, authority, same) in [
        ("https://example.org", "example.org", true),
        ("https://example.org", "EXAMPLE.org:443", true),
        ("https://example.org", "example.org:8443", false),
        ("http://localhost:3000", "localhost:3000", true),
        ("http://localhost:3000", "localhost", false),
        ("https://example.org", "api.example.org", false),
        ("https://example.org", "", false),
        ("https://example.org", "example.org.", false),
        ("https://example.org", "example.org:", false),
        ("https://example.org", "x@example.org", false),
        ("http://[::1]:3000", "[0:0::1]:3000", true),
    ] {
        let Some(Origin::Tuple(tuple)) = Origin::parse(origin.as_bytes()) else {
            panic!("{origin}");
        };
        assert_eq!(
            tuple.is_at(authority.as_bytes()),
            same,
            "{origin} {authority}"
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic_and_the_text_reads_as_itself(value: Vec<u8>) {
        if let Some(Origin::Tuple(tuple)) = Origin::parse(&value) {
            prop_assert_eq!(text(tuple.text.as_bytes()), Some(tuple.text.clone().into_string()));
            let _ = (tuple.host(), tuple.is_at(&value));
        }
        if let Some(Origin::Other(text)) = Origin::parse(&value) {
            prop_assert_eq!(Origin::parse(text.as_bytes()), Some(Origin::Other(text)));
        }
    }

    #[test]
    fn what_looks_like_an_origin_is_read_without_panic(value in "[a-z]{0,4}:?/{0,3}\\[?[a-z.:*]{0,8}\\]?:?[0-9*]{0,6}") {
        let _ = Origin::parse(value.as_bytes());
        let _ = OriginPattern::try_from(value);
    }
}

#[test]
fn an_origin_has_at_most_512_bytes() {
    let of = |length: usize| format!("app://{}", "a".repeat(length - "app://".len()));
    assert!(Origin::parse(of(512).as_bytes()).is_some());
    assert!(Origin::parse(of(513).as_bytes()).is_none());
}
