use super::*;
use crate::testing::{ScriptedHost, request};
use proptest::prelude::*;

#[test]
fn the_host_is_read_without_port_case_and_final_dot() {
    for (authority, host) in [
        ("api.example.com", Some("api.example.com")),
        ("API.Example.com:8443", Some("api.example.com")),
        ("api.example.com:", Some("api.example.com")),
        ("api.example.com.", Some("api.example.com")),
        ("[::1]:8080", Some("[::1]")),
        ("[0:0::1]", Some("[::1]")),
        ("", Some("")),
        ("user@api.example.com:80", None),
        ("a:b", None),
        ("::1", None),
    ] {
        let request = request("GET", "/").authority(authority).build();
        assert_eq!(request.host().ok(), host.map(str::as_bytes), "{authority}");
        let values: Vec<&[u8]> = request.values("host").collect();
        let expected = host.filter(|host| !host.is_empty()).map(str::as_bytes);
        assert_eq!(values, expected.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn the_address_loses_port_and_brackets() {
    for (address, bare) in [
        ("10.0.0.1:4711", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("@unix", "@unix"),
    ] {
        assert_eq!(
            address_without_port(address.as_bytes()),
            bare.as_bytes(),
            "{address}"
        );
    }
}

#[test]
fn path_and_query_split_at_the_first_question_mark() {
    for (target, path, query) in [
        ("/a?b=c?d", "/a", Some("b=c?d")),
        ("/a?", "/a", Some("")),
        ("/a", "/a", None),
        ("*", "*", None),
        ("/a#f?x", "/a", None),
    ] {
        let request = request("GET", target).build();
        assert_eq!(request.path(), path.as_bytes());
        assert_eq!(request.query(), query.map(str::as_bytes), "{target}");
    }
    let connect = Request::of(Headers::default(), None, None);
    assert_eq!((connect.path(), connect.query()), (&b""[..], None));
}

#[test]
fn query_values_are_decoded_once_and_repeated_ones_all_seen() {
    let request = request("GET", "/?a=1&b=x%2541+y&a=&%61=3&c").build();
    let values = |n| request.query_values(n).collect::<Vec<_>>();
    assert_eq!(values("a"), [&b"1"[..], b"", b"3"]);
    assert_eq!(values("b"), [b"x%41 y"]);
    assert_eq!(values("c"), [b""]);
    assert_eq!(values("d"), Vec::<&[u8]>::new());
}

#[test]
fn cookies_are_found_over_all_cookie_headers() {
    let request = request("GET", "/")
        .header("cookie", "a=1; session=x; b")
        .header("cookie", "session=\"y\"")
        .build();
    let values: Vec<_> = request.cookie_values("session").collect();
    assert_eq!(values, [&b"x"[..], b"y"]);
}

#[test]
fn an_edit_of_another_header_keeps_what_was_read() {
    let mut request = request("GET", "/%61?x=1").header("cookie", "s=1").build();
    let _ = (request.readings().is_ok(), request.host().is_ok());
    let _ = request.query_values("x").count() + request.cookie_values("s").count();
    request.edit(|headers| {
        headers.set("x-a", b"1");
        headers.set(":path", b"/%61?x=1");
        headers.remove("x-b");
    });
    assert!(request.readings.get().is_some() && request.query.get().is_some());
    assert!(request.host.get().is_some() && request.cookies.get().is_some());
    request.edit(|headers| headers.add("cookie", b"t=2"));
    assert_eq!(request.cookie_values("t").next(), Some(&b"2"[..]));
    assert!(request.readings.get().is_some());
}

#[test]
fn what_was_read_is_read_again_after_an_edit() {
    let mut request = request("GET", "/a?x=1")
        .header("cookie", "s=1")
        .authority("a.example")
        .build();
    let read = |request: &Request| {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        [
            text(request.path()),
            text(request.canonical_path().unwrap()),
            text(request.query_values("x").next().unwrap()),
            text(request.cookie_values("s").next().unwrap()),
            text(request.host().unwrap()),
        ]
    };
    assert_eq!(read(&request), ["/a", "/a", "1", "1", "a.example"]);
    request.edit(|headers| {
        headers.set(":path", b"/b?x=2");
        headers.set(":authority", b"longer.example:80");
        headers.set("cookie", b"s=2");
    });
    assert_eq!(read(&request), ["/b", "/b", "2", "2", "longer.example"]);
}

#[test]
fn a_header_is_asked_for_alone_until_all_have_been_read() {
    let host = ScriptedHost::install();
    host.begin_request(vec![
        (b"a".to_vec(), b"1".to_vec()),
        (b"b".to_vec(), Vec::new()),
    ]);
    let request = Request::of_host(false);
    for is_read in [false, true] {
        if is_read {
            let _ = request.headers();
        }
        assert_eq!(request.is_read(), is_read);
        for (name, value) in [("a", Some(&b"1"[..])), ("b", Some(b"")), ("c", None)] {
            assert_eq!(request.has(name), value.is_some(), "{name}");
            assert_eq!(request.value(name).as_deref(), value, "{name}");
        }
    }
    assert_eq!(host.hostcalls().get("get_header_map_value"), Some(&6));
}

#[test]
fn a_mark_tells_what_was_changed_after_it() {
    let mut request = request("GET", "/").header("a", "1").build();
    let first = request.mark();
    assert!(!request.is_changed_since(first));
    request.edit(|headers| headers.set("b", b"2"));
    assert!(request.is_changed_since(first));
    let second = request.mark();
    assert!(!request.is_changed_since(second));
    request.edit(|headers| headers.remove("b"));
    assert!(request.is_changed_since(second));
    assert!(!request.is_changed_since(first), "as it came");
}

#[test]
fn the_host_says_whether_more_than_the_head_comes() {
    assert!(Request::of_host(true).has_more());
    assert!(!Request::of_host(false).has_more());
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
        let _ = form_decode(&bytes);
        let _ = address_without_port(&bytes);
        let headers = Headers::new(&[(":path", &bytes), (":authority", &bytes), ("cookie", &bytes)]);
        let request = Request::of(headers, None, None);
        let _ = (request.path(), request.query(), request.host().is_ok(), request.readings().is_ok());
        let _ = (request.query_values("a").count(), request.cookie_values("a").count());
    }
}
