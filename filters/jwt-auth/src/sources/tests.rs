use super::*;
use filter_kit::testing::request;

fn bearer() -> TokenSource {
    TokenSource::Header {
        name: HeaderName::new("authorization").unwrap(),
        prefix: "Bearer ".into(),
    }
}

fn cookie(name: &str, prefix: &str) -> TokenSource {
    TokenSource::Cookie {
        name: name.into(),
        prefix: prefix.into(),
    }
}

fn found(sources: &[TokenSource], request: &Request) -> Result<Vec<String>, Reason> {
    let text = |token: &Cow<'_, [u8]>| String::from_utf8(token.to_vec()).unwrap();
    let tokens = find(sources, request)?;
    let tokens = tokens
        .iter()
        .flat_map(|(first, others)| std::iter::once(first).chain(others));
    Ok(tokens.map(text).collect())
}

fn sources() -> Vec<TokenSource> {
    let query = TokenSource::Query("access_token".into());
    vec![bearer(), query, cookie("session", "")]
}

#[test]
fn a_header_holds_a_token_after_its_prefix() {
    for (values, expected) in [
        (&["Bearer a.b.c"][..], Ok(vec!["a.b.c"])),
        (&["bearer a.b.c"], Ok(vec!["a.b.c"])),
        (&["Bearer   a.b.c  "], Ok(vec!["a.b.c"])),
        (&["Bearer\ta.b.c"], Ok(vec!["a.b.c"])),
        (&["Bearer a, Bearer b"], Ok(vec!["a, Bearer b"])),
        (&["Basic a,bearer b"], Err(Reason::Repeated)),
        (&[",Bearer b"], Err(Reason::Repeated)),
        (&["Digest a=\"b\", c=d"], Ok(vec![])),
        (&["Bearer a, c"], Ok(vec!["a, c"])),
        (&["Basic a, Bearer b", "Basic c"], Err(Reason::Repeated)),
        (&["Bearer"], Ok(vec![])),
        (&["Bearer "], Ok(vec![])),
        (&["Bearera.b.c"], Ok(vec![])),
        (&["Basic a.b.c"], Ok(vec![])),
        (&["xBearer a.b.c"], Ok(vec![])),
        (&[""], Ok(vec![])),
        (&[], Ok(vec![])),
        (&["Basic a", "Basic b"], Ok(vec![])),
        (&["Bearer a", "Bearer a"], Err(Reason::Repeated)),
        (&["Basic a", "Bearer b"], Err(Reason::Repeated)),
    ] {
        let head = values
            .iter()
            .fold(request("GET", "/"), |r, v| r.header("authorization", *v))
            .build();
        let expected = expected.map(|t| t.iter().map(|t| (*t).to_owned()).collect());
        assert_eq!(found(&[bearer()], &head), expected, "{values:?}");
    }
}

#[test]
fn what_a_server_may_take_for_a_token_is_refused_and_no_other_value_is() {
    use Reason::{Malformed, Repeated};
    for (value, expected) in [
        // White space for a server that reads headers as Latin-1 or as UTF-8.
        (&b"Bearer\xa0FORGED"[..], Some(Malformed)),
        (b"Bearer\x85FORGED", Some(Malformed)),
        (b"Bearer\xc2\xa0FORGED", Some(Malformed)),
        (b"bearer\xe2\x80\x83FORGED", Some(Malformed)),
        (b"Bearer\x0bFORGED", Some(Malformed)),
        (b"\xa0Bearer FORGED", Some(Malformed)),
        (b"\xef\xbb\xbfBearer FORGED", Some(Malformed)),
        (b"\"Bearer FORGED\"", Some(Malformed)),
        (b"Bearer:FORGED", Some(Malformed)),
        (b"Bearer=FORGED", Some(Malformed)),
        // Joined, with or without anything between the commas.
        (b",Bearer FORGED", Some(Repeated)),
        (b", ,\tbEARER\tFORGED,", Some(Repeated)),
        (b"Basic x,Bearer\xa0FORGED", Some(Repeated)),
        (b"Basic x , Basic y,,bearer FORGED", Some(Repeated)),
        (b"Digest a=\"b, Bearer FORGED\"", Some(Repeated)),
        (b"Bearer,FORGED", Some(Repeated)),
        (b"Basic YTpi", None),
        (b"Bearer", None),
        (b"Bearer\xa0", None),
        (b"BearerFORGED", None),
        (b"Bearer2 FORGED", None),
        (b"x-Bearer FORGED", None),
        (b"Digest username=\"Bearer x\", nc=1", None),
    ] {
        let mut head = request("GET", "/").header("authorization", value).build();
        let found = find(&[bearer()], &head).map(|found| found.is_some());
        assert_eq!(found, expected.map_or(Ok(false), Err), "{value:?}");
        remove(&[bearer()], &mut head);
        let is_left = head.headers().contains("authorization");
        assert_eq!(is_left, expected.is_none(), "{value:?}");
    }
}

#[test]
fn values_that_were_joined_are_told_from_a_token() {
    for (token, joined) in [
        ("a.b.c", false),
        ("a.b.c, Bearer d.e.f", true),
        ("a.b.c,bearer\td", true),
        ("a.b.c, Basic d", false),
    ] {
        assert_eq!(is_joined(&sources(), token.as_bytes()), joined, "{token}");
    }
}

#[test]
fn tokens_are_found_in_declared_places_only_and_once() {
    let sources = sources();
    let head = request("GET", "/?access_token=t1&x=t9")
        .header("authorization", "Bearer t2")
        .header("cookie", "a=1; session=t1")
        .header("x-token", "t9")
        .build();
    assert_eq!(found(&sources, &head), Ok(vec!["t2".into(), "t1".into()]));
    for target in [
        "/?access_token=a&access_token=a",
        "/?access_token=a&%61ccess_token=b",
    ] {
        let head = request("GET", target).build();
        assert_eq!(find(&sources, &head), Err(Reason::Repeated), "{target}");
    }
    let head = request("GET", "/")
        .header("cookie", "session=a")
        .header("cookie", "session=b")
        .build();
    assert_eq!(find(&sources, &head), Err(Reason::Repeated));
    let head = request("GET", "/?access_token=")
        .header("cookie", "session=")
        .build();
    assert_eq!(find(&sources, &head), Ok(None));
}

#[test]
fn a_parameter_behind_a_semicolon_does_not_pass_as_none() {
    let query = TokenSource::Query("jwt".into());
    for (target, is_refused, left) in [
        ("/?x=1;jwt=FORGED", true, "/?x=1"),
        ("/?x=1&y=2;%6Awt=FORGED;z&jwt=a", true, "/?x=1&y=2;z"),
        ("/?x; jwt=FORGED", true, "/?x"),
        ("/?;jwt", true, "/?"),
        // The whole value, including the semicolon, was read as the token.
        ("/?jwt=a;b=c&d", false, "/?d"),
        ("/?x=1;y=jwt;jwts=2", false, "/?x=1;y=jwt;jwts=2"),
    ] {
        let mut head = request("GET", target).build();
        let found = find(std::slice::from_ref(&query), &head);
        assert_eq!(found.is_err(), is_refused, "{target}");
        remove([&query], &mut head);
        assert_eq!(head.target(), Some(left.as_bytes()), "{target}");
    }
}

#[test]
fn removal_takes_the_token_and_nothing_else() {
    for (target, cookie, target_after, cookie_after) in [
        ("/a?access_token=t", "session=t", "/a", None),
        (
            "/a?b=%20&access%5Ftoken=t&&c",
            "a=1;session=t; b=\"2\"",
            "/a?b=%20&&c",
            Some("a=1; b=\"2\""),
        ),
        ("/a?b=c", "a=1", "/a?b=c", Some("a=1")),
        ("/a", "", "/a", Some("")),
    ] {
        let mut request = request("GET", target).header("cookie", cookie).build();
        remove(&sources(), &mut request);
        assert_eq!(request.target(), Some(target_after.as_bytes()), "{target}");
        let cookie_now = request.headers().first("cookie");
        assert_eq!(cookie_now, cookie_after.map(str::as_bytes), "{cookie}");
    }
    for (value, stays) in [("Bearer t", false), ("Basic t", true)] {
        let mut request = request("GET", "/").header("authorization", value).build();
        remove(&sources(), &mut request);
        assert_eq!(
            request.headers().contains("authorization"),
            stays,
            "{value}"
        );
    }
}

#[test]
fn of_several_prefixes_of_one_header_the_longest_that_fits_decides() {
    let header = |prefix: &str| TokenSource::Header {
        name: HeaderName::new("authorization").unwrap(),
        prefix: prefix.into(),
    };
    for sources in [
        [header("Bearer "), header(""), header("Bearer jwt:")],
        [header(""), header("Bearer jwt:"), header("Bearer ")],
    ] {
        for (value, token) in [
            ("Bearer a.b.c", "a.b.c"),
            ("a.b.c", "a.b.c"),
            ("Bearer jwt:a.b.c", "a.b.c"),
            ("Basic a", "Basic a"),
        ] {
            let head = request("GET", "/").header("authorization", value).build();
            assert_eq!(found(&sources, &head), Ok(vec![token.into()]), "{value}");
        }
    }
}

#[test]
fn a_cookie_is_decoded_once_and_may_have_a_prefix() {
    for (prefix, cookies, expected) in [
        ("Bearer ", "session=Bearer%20a.b.c", Ok(vec!["a.b.c"])),
        ("Bearer ", "session=\"Bearer a.b.c\"", Ok(vec!["a.b.c"])),
        ("Bearer ", "session=Bearer%2520a.b.c", Ok(vec![])),
        ("Bearer ", "session=a.b.c", Ok(vec![])),
        ("", "session=a%2Eb.c", Ok(vec!["a.b.c"])),
        ("", "session=a; session=a", Err(Reason::Repeated)),
    ] {
        let head = request("GET", "/").header("cookie", cookies).build();
        let expected = expected.map(|t| t.iter().map(|t| (*t).to_owned()).collect());
        assert_eq!(
            found(&[cookie("session", prefix)], &head),
            expected,
            "{cookies}"
        );
    }
}

#[test]
fn a_websocket_protocol_is_one_element_and_the_others_stay() {
    let prefix = || Element::Prefix("bearer.".into());
    let after = || Element::After("bearer".into());
    for (element, values, expected, left) in [
        (
            prefix(),
            &["chat, bearer.a.b.c"][..],
            Ok(vec!["a.b.c"]),
            Some("chat"),
        ),
        (
            prefix(),
            &["chat", "bearer.a", "v2"],
            Ok(vec!["a"]),
            Some("chat, v2"),
        ),
        (prefix(), &["bearer.a"], Ok(vec!["a"]), None),
        (
            prefix(),
            &["bearer., Bearer.a"],
            Ok(vec![]),
            Some("bearer., Bearer.a"),
        ),
        (
            prefix(),
            &["bearer.a,bearer.b"],
            Err(Reason::Repeated),
            None,
        ),
        (
            after(),
            &["bearer, a.b.c, chat"],
            Ok(vec!["a.b.c"]),
            Some("bearer, chat"),
        ),
        (
            after(),
            &["chat,bearer", "a.b.c"],
            Ok(vec!["a.b.c"]),
            Some("chat, bearer"),
        ),
        (after(), &["chat, bearer"], Ok(vec![]), Some("chat, bearer")),
        (
            after(),
            &["bearer, bearer, a"],
            Ok(vec!["bearer"]),
            Some("bearer, a"),
        ),
        (
            after(),
            &["bearer, a, bearer, b"],
            Err(Reason::Repeated),
            Some("bearer, bearer"),
        ),
        (
            prefix(),
            &["\"chat, bearer.a.b, v2"],
            Ok(vec!["a.b"]),
            Some("\"chat, v2"),
        ),
        (
            after(),
            &["\"chat\\\", bearer, a.b\""],
            Ok(vec!["a.b\""]),
            Some("\"chat\\\", bearer"),
        ),
        (after(), &[], Ok(vec![]), None),
    ] {
        let source = TokenSource::WebSocketProtocol(element);
        let mut head = values
            .iter()
            .fold(request("GET", "/"), |r, v| {
                r.header("sec-websocket-protocol", *v)
            })
            .build();
        let expected = expected.map(|t| t.iter().map(|t| (*t).to_owned()).collect());
        assert_eq!(
            found(std::slice::from_ref(&source), &head),
            expected,
            "{values:?}"
        );
        remove([&source], &mut head);
        let now = head.headers().joined("sec-websocket-protocol", b", ");
        assert_eq!(now.as_deref(), left.map(str::as_bytes), "{values:?}");
    }
}
