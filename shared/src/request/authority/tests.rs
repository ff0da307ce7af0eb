use super::*;
use proptest::prelude::*;

#[test]
fn host_and_port_are_read_and_every_spelling_of_a_host_has_one_form() {
    for (text, normalized, port) in [
        ("api.example.com", "api.example.com", None),
        ("API.Example.COM:8443", "api.example.com", Some("8443")),
        ("api.example.com.", "api.example.com", None),
        ("api.example.com.:80", "api.example.com", Some("80")),
        ("api.example.com:", "api.example.com", Some("")),
        ("my_host-1", "my_host-1", None),
        ("127.0.0.1:80", "127.0.0.1", Some("80")),
        ("[::1]", "[::1]", None),
        ("[::1]:8080", "[::1]", Some("8080")),
        ("[0:0::0001]:", "[::1]", Some("")),
        ("[2001:DB8::A]", "[2001:db8::a]", None),
        ("[::ffff:10.0.0.1]", "[::ffff:10.0.0.1]", None),
        ("", "", None),
        (":80", "", Some("80")),
        (":", "", Some("")),
        ("a:99999999999", "a", Some("99999999999")),
    ] {
        let read = Authority::parse(text.as_bytes()).unwrap();
        assert_eq!(&*read.host.normalized(), normalized.as_bytes(), "{text}");
        assert_eq!(read.port, port.map(str::as_bytes), "{text}");
    }
}

#[test]
fn anything_else_is_malformed() {
    for text in [
        ".",
        "..",
        ".a",
        "a..",
        "a..b",
        "a.:x",
        "a:x",
        "a:+80",
        "a:-1",
        "a:80:80",
        "a::80",
        "a:80 ",
        "a: 80",
        "::1",
        "x@a",
        "x:y@a",
        "a@",
        "a/",
        "a/b",
        "a?b",
        "a#b",
        "a\\b",
        "a%2eb",
        "%61",
        "a,b",
        "a b",
        " a",
        "a\t",
        "a\0",
        "*",
        "*.a",
        "[",
        "]",
        "[]",
        "[]:80",
        "[::1",
        "::1]",
        "[::1].",
        "[::1]x",
        "[::1]:x",
        "[::1]]",
        "[[::1]]",
        "x[::1]",
        "[::1%eth0]",
        "[::1%25eth0]",
        "[v1.a]",
        "[127.0.0.1]",
        "[a]",
        "[ ::1]",
        "é",
        "http://a",
    ] {
        assert_eq!(
            Authority::parse(text.as_bytes()),
            Err(MalformedHost),
            "{text}"
        );
    }
    assert_eq!(Authority::parse(b"a\xff"), Err(MalformedHost));
    assert_eq!(MalformedHost.to_string(), "the host is malformed");
}

#[test]
fn a_port_is_a_number_up_to_65535() {
    for (text, port) in [
        ("a:80", Some(80)),
        ("a:0080", Some(80)),
        ("a:65535", Some(65535)),
        ("a:65536", None),
        ("a:99999999999999999999", None),
        ("a:", None),
        ("a", None),
    ] {
        let read = Authority::parse(text.as_bytes()).unwrap();
        assert_eq!(read.port_number(), port, "{text}");
    }
}

#[test]
fn a_host_tells_how_it_was_written() {
    let read = Authority::parse(b"A.b.:1").unwrap().host;
    assert_eq!((read.text, read.name()), (&b"A.b."[..], &b"A.b"[..]));
    assert!(read.has_final_dot() && !read.is_empty() && read.ipv6().is_none());
    let read = Authority::parse(b"[0::1]").unwrap().host;
    assert_eq!((read.text, read.name()), (&b"[0::1]"[..], &b"[0::1]"[..]));
    assert!(!read.has_final_dot() && read.ipv6() == Some(Ipv6Addr::LOCALHOST));
    assert!(Authority::parse(b":80").unwrap().host.is_empty());
}

#[test]
fn a_host_in_normal_form_is_not_copied() {
    for text in ["a.b", "[::1]:80", "a.b.", ""] {
        let normalized = Authority::parse(text.as_bytes()).unwrap().host.normalized();
        assert!(matches!(normalized, Cow::Borrowed(_)), "{text}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(text: Vec<u8>) {
        let _ = Authority::parse(&text);
    }

    #[test]
    fn what_is_read_is_the_whole_text(text in "[a-zA-Z0-9.:@\\[\\]%_-]{0,12}") {
        if let Ok(read) = Authority::parse(text.as_bytes()) {
            let port = read.port.map(|p| [b":", p].concat()).unwrap_or_default();
            prop_assert_eq!([read.host.text, &port].concat(), text.as_bytes());
            let normalized = read.host.normalized().into_owned();
            let again = Authority::parse(&normalized).unwrap();
            prop_assert_eq!(again.port, None);
            prop_assert_eq!(&*again.host.normalized(), &*normalized);
        }
    }
}
