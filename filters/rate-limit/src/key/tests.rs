use super::*;
use filter_kit::testing::request;
use proptest::prelude::*;

fn full() -> Request {
    request(
        "GET",
        "/a//b/../c;v=1?user=a%20b&tag=1&tag=2&same=x&same=x&empty=",
    )
    .authority("API.example.com.:8443")
    .header("x-user", " alice ")
    .header("x-two", "a")
    .header("x-two", "b")
    .header("x-empty", "")
    .header("cookie", "session=s%31; theme=dark")
    .header("x-bytes", b"\xe9".to_vec())
    .source_address("10.0.0.7")
    .build()
}

/// Returns the only value of a part.
fn of(part: &KeyPart, request: &Request) -> Option<Vec<u8>> {
    match part.values(request) {
        Values::One(value) => Some(value.text()),
        Values::Missing => None,
        Values::Several => panic!("several values of {part:?}"),
    }
}

#[test]
fn parts_have_the_values_of_the_request() {
    let header = |name| KeyPart::Header(HeaderName::new(name).unwrap(), None);
    let ip = KeyPart::ClientIp(Prefixes { ipv4: 24, ipv6: 64 });
    for (part, name, value) in [
        (ip, "remote_address", Some(&b"10.0.0.0/24"[..])),
        (header("x-user"), "x-user", Some(b"alice")),
        (header("x-bytes"), "x-bytes", Some(b"\xe9")),
        (header("x-empty"), "x-empty", None),
        (header("x-none"), "x-none", None),
        (header("host"), "host", Some(b"api.example.com")),
        (KeyPart::Query("user".into(), None), "user", Some(b"a b")),
        (KeyPart::Query("same".into(), None), "same", Some(b"x")),
        (KeyPart::Query("empty".into(), None), "empty", None),
        (
            KeyPart::Cookie("session".into(), None),
            "session",
            Some(b"s1"),
        ),
        (KeyPart::Cookie("none".into(), None), "none", None),
        (KeyPart::Path(None), "path", Some(b"/a/c")),
        (KeyPart::Method, "method", Some(b"GET")),
        (KeyPart::Host, "host", Some(b"api.example.com")),
        (KeyPart::Value("all".into()), "generic_key", Some(b"all")),
    ] {
        assert_eq!(of(&part, &full()).as_deref(), value, "{part:?}");
        if let Some(plain) = plain(std::slice::from_ref(&part), &full()) {
            assert_eq!(Some(plain), value, "{part:?}");
        }
        assert_eq!(part.name(), name);
    }
}

#[test]
fn a_part_that_the_request_lacks_is_missing() {
    let ip = KeyPart::ClientIp(Prefixes { ipv4: 32, ipv6: 64 });
    assert_eq!(of(&ip, &request("GET", "/").build()), None);
    let malformed = request("GET", "/").authority("a:b").build();
    assert_eq!(of(&KeyPart::Host, &malformed), None);
    let path = "/a%2F%252F%25252F%2525252F%255C/;%3B%253B/..%2e/%252e.//x\\".repeat(4);
    let endless = request("GET", &path).build();
    assert!(endless.readings().is_err());
    assert_eq!(of(&KeyPart::Path(None), &endless), None);
    let connect = request("CONNECT", "").build();
    assert_eq!(of(&KeyPart::Path(None), &connect), None);
}

#[test]
fn the_host_is_looked_at_under_each_of_its_names() {
    let header = |name| KeyPart::Header(HeaderName::new(name).unwrap(), None);
    assert!(KeyPart::Host.looks_at_host() && header("host").looks_at_host());
    assert!(!header("x-host").looks_at_host() && !KeyPart::Path(None).looks_at_host());
}

/// Returns the values of each key of a request; `None` if a part is missing.
fn all(parts: &[KeyPart], request: &Request) -> Option<Vec<Option<Vec<String>>>> {
    let text = |key: &Key<'_>| match key {
        Key::Of(values) => {
            let values = values.iter().map(|v| String::from_utf8(v.text()).unwrap());
            Some(values.collect())
        }
        Key::Missing => None,
    };
    match keys(parts, request) {
        Keys::One(key) => Some(vec![text(&key)]),
        Keys::Several(keys) => Some(keys.iter().map(text).collect()),
        Keys::TooMany => None,
    }
}

#[test]
fn one_missing_part_makes_the_key_missing_and_no_parts_make_one_bucket() {
    let parts = [KeyPart::Method, KeyPart::Query("none".into(), None)];
    assert_eq!(all(&parts, &full()), Some(vec![None]));
    assert_eq!(all(&[], &full()), Some(vec![Some(vec![])]));
    let bytes = |parts: &[KeyPart]| match keys(parts, &full()) {
        Keys::One(key) => key.with_bytes(<[u8]>::to_vec),
        other => panic!("{other:?}"),
    };
    assert_eq!(bytes(&[]), b"");
    assert_eq!(plain(&[], &full()), Some(&b""[..]));
    assert_eq!(bytes(&parts), b"");
    assert_eq!(plain(&parts, &full()), None);
    let header = |name| [KeyPart::Header(HeaderName::new(name).unwrap(), None)];
    for (name, value) in [
        ("x-user", Some(&b"alice"[..])),
        ("x-two", None),
        ("x-empty", None),
        ("x-none", None),
        ("host", None),
    ] {
        assert_eq!(plain(&header(name), &full()), value, "{name}");
    }
    assert_eq!(bytes(&header("x-user")), b"alice");
    assert_ne!(bytes(&[KeyPart::Method]), b"");
}

// There is one key for each distinct combination, in order.
#[test]
fn a_repeated_part_has_a_key_for_each_of_its_values() {
    let header = |name| KeyPart::Header(HeaderName::new(name).unwrap(), None);
    let many = request("GET", "/?q=1&q=2&q=1&q=%32")
        .header("x-a", "1")
        .header("x-a", " 1 ")
        .header("x-b", "1")
        .header("x-b", "")
        .header("x-b", "2")
        .header("x-c", "1")
        .header("x-c", "2")
        .header("x-c", "3")
        .header("cookie", "s=%31; s=1; s=2")
        .header("cookie", "s=3; t=1; t=2; t=3; t=4; t=5")
        .build();
    let (q, s, t) = (
        KeyPart::Query("q".into(), None),
        KeyPart::Cookie("s".into(), None),
        KeyPart::Cookie("t".into(), None),
    );
    let key = |values: &[&str]| Some(values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>());
    for (parts, expected) in [
        (vec![header("x-a")], Some(vec![key(&["1"])])),
        (vec![q.clone()], Some(vec![key(&["1"]), key(&["2"])])),
        (vec![s], Some(vec![key(&["1"]), key(&["2"]), key(&["3"])])),
        (
            vec![header("x-b")],
            Some(vec![key(&["1"]), None, key(&["2"])]),
        ),
        (vec![q.clone(), header("x-a"), header("x-b")], None),
        (
            vec![header("x-a"), q.clone(), KeyPart::Method],
            Some(vec![key(&["1", "1", "GET"]), key(&["1", "2", "GET"])]),
        ),
        (
            vec![q.clone(), q.clone()],
            Some(vec![
                key(&["1", "1"]),
                key(&["1", "2"]),
                key(&["2", "1"]),
                key(&["2", "2"]),
            ]),
        ),
        (vec![q.clone(), header("x-c")], None),
        (vec![t.clone()], None),
        (vec![t, header("x-none")], Some(vec![None])),
    ] {
        assert_eq!(all(&parts, &many), expected, "{parts:?}");
    }
}

#[test]
fn parts_are_told_apart() {
    let name = || "x".to_owned();
    let ip = |ipv4, ipv6| KeyPart::ClientIp(Prefixes { ipv4, ipv6 });
    let parts = [
        ip(32, 64),
        ip(24, 64),
        ip(32, 56),
        KeyPart::Header(HeaderName::new("x").unwrap(), None),
        KeyPart::Header(HeaderName::new("y").unwrap(), None),
        KeyPart::Query(name(), None),
        KeyPart::Cookie(name(), None),
        KeyPart::Path(None),
        KeyPart::Method,
        KeyPart::Host,
        KeyPart::Value(name()),
        KeyPart::Value("path".to_owned()),
        KeyPart::Path(Some(Extract::new("/(a)".to_owned()).unwrap())),
        KeyPart::Path(Some(Extract::new("/(b)".to_owned()).unwrap())),
        KeyPart::Query(name(), Some(Extract::new("x".to_owned()).unwrap())),
        KeyPart::Property(Property::new(name()).unwrap()),
    ];
    let identities = parts.iter().map(|part| {
        let mut bytes = Vec::new();
        part.identify(&mut bytes);
        bytes
    });
    let distinct: std::collections::HashSet<_> = identities.collect();
    assert_eq!(distinct.len(), parts.len());
}

proptest! {
    #[test]
    fn different_entries_are_different_bytes(
        one in prop::collection::vec(("[a-c]{0,2}", prop::collection::vec(0_u8..3, 0..3)), 0..3),
        other in prop::collection::vec(("[a-c]{0,2}", prop::collection::vec(0_u8..3, 0..3)), 0..3)
    ) {
        let entries = |list: &[(String, Vec<u8>)]| list.iter()
            .map(|(name, value)| Entry { name: name.clone(), value: value.clone() })
            .collect::<Vec<_>>();
        prop_assert_eq!(bytes(&entries(&one)) == bytes(&entries(&other)), one == other);
    }

    #[test]
    fn different_keys_of_the_same_parts_are_different_bytes(
        pairs in (1_usize..4).prop_flat_map(|parts| {
            let values = || prop::collection::vec(prop::collection::vec(0_u8..3, 1..4), parts);
            (values(), values())
        })
    ) {
        let key = |values: &[Vec<u8>]| Key::Of(values.iter().map(|value| Value::Decoded(value.clone())).collect());
        let (one, other) = pairs;
        let same = key(&one).with_bytes(|one| key(&other).with_bytes(|other| one == other));
        prop_assert_eq!(same, one == other);
        prop_assert!(key(&one).with_bytes(|one| Key::Missing.with_bytes(|missing| one != missing)));
    }
}

// The expression must match the whole value, and its first group is the key. Without a match the
// key is missing.
#[test]
fn a_regular_expression_takes_the_key_out_of_a_value() {
    let extract = |regex: &str| Some(Extract::new(regex.to_owned()).unwrap());
    let authorization = KeyPart::Header(
        HeaderName::new("authorization").unwrap(),
        extract("(?i:apikey) +([^ ]+)"),
    );
    let parts = [
        authorization,
        KeyPart::Query("id".into(), extract("u-([0-9]+)")),
        KeyPart::Cookie("s".into(), extract("([^.]+)\\..*")),
        KeyPart::Path(extract("/tenants/([^/]+)(?:/.*)?")),
    ];
    let of = |part: &KeyPart, request: &Request| match keys(std::slice::from_ref(part), request) {
        Keys::One(Key::Of(values)) => Some(values[0].bytes().to_vec()),
        Keys::One(Key::Missing) => None,
        other => panic!("{other:?}"),
    };
    let matching = request("GET", "/x/../tenants/%61cme/orders?id=u-7")
        .header("authorization", "APIKEY   k1")
        .header("cookie", "s=a%62c.signature")
        .build();
    let got = parts.each_ref().map(|part| of(part, &matching));
    let expected = [&b"k1"[..], b"7", b"abc", b"acme"];
    assert_eq!(got, expected.map(|key| Some(key.to_vec())));
    let other = request("GET", "/tenants?id=7")
        .header("authorization", "Bearer k1")
        .header("cookie", "s=abc")
        .build();
    assert_eq!(
        parts.each_ref().map(|part| of(part, &other)),
        [None, None, None, None]
    );
    // Spellings of one key share a bucket, and each of several keys has its own.
    let both = request("GET", "/")
        .header("authorization", "ApiKey k1")
        .header("authorization", "apikey  k1")
        .header("authorization", "ApiKey k2")
        .header("authorization", "Basic k1")
        .build();
    let Keys::Several(several) = keys(&parts[..1], &both) else {
        panic!("several")
    };
    assert_eq!(several.len(), 3, "k1, k2 and a missing one");
}

#[test]
fn a_key_that_takes_too_much_search_is_not_looked_for() {
    let extract = |regex: &str| Some(Extract::new(regex.to_owned()).unwrap());
    let header = HeaderName::from_static("x-a");
    let (wide, once) = (extract(".*[a-z]{1,500}X"), extract("[a-z]{1,500}X"));
    let half = "a".repeat(4_500);
    for (part, values, is_looked_for) in [
        (KeyPart::Header(header.clone(), wide.clone()), 1, true),
        (KeyPart::Header(header.clone(), wide.clone()), 2, false),
        (KeyPart::Header(header.clone(), once), 12, true),
        (KeyPart::Header(header, extract(".*([a-z]+)X")), 12, true),
        (KeyPart::Query("q".to_owned(), wide.clone()), 1, true),
        (KeyPart::Query("q".to_owned(), wide.clone()), 2, false),
        (KeyPart::Cookie("c".to_owned(), wide.clone()), 1, true),
        (KeyPart::Cookie("c".to_owned(), wide.clone()), 2, false),
        // At most 8 KiB of a path are searched.
        (KeyPart::Path(wide), 2, true),
    ] {
        let all = |before: &str| vec![format!("{before}{half}"); values];
        let target = match part {
            KeyPart::Path(_) => format!("/{}", all("").concat().get(..8_000).unwrap()),
            _ => format!("/?{}", all("q=").join("&")),
        };
        let head = request("GET", &target).header("cookie", all("c=").join("; "));
        let head = all("")
            .iter()
            .fold(head, |head, value| head.header("x-a", value.as_str()));
        let checked = part.check(&head.build());
        assert_eq!(checked.is_ok(), is_looked_for, "{part:?} {values}");
    }
}
