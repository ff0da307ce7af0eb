use super::*;
use crate::config::Config;
use crate::rules::Selected;
use filter_kit::config::{Env, load};
use filter_kit::headers::Headers;
use filter_kit::request::RequestHead;
use filter_kit::testing::request;
use proptest::prelude::*;

/// The headers after one operation, as `name: value` lines, and why it was skipped.
fn after(operation: &str, before: &[(&str, &str)]) -> (Vec<String>, Vec<Skipped>) {
    let json = format!(r#"{{"rules": [{{"request": [{operation}]}}]}}"#);
    let rules = load::<Config>(json.as_bytes(), &Env::new()).unwrap().rules;
    let mut head = request("GET", "/").build();
    for (name, value) in before {
        head.headers.add(name, value.as_bytes().to_vec());
    }
    let mut selected = Selected::default();
    selected.select(&rules, &head).unwrap();
    let rewritten = selected.rewrite_request(&rules, &head).unwrap();
    head.headers.apply(&rewritten.edits);
    (lines(&head.headers), rewritten.skipped)
}

fn lines(headers: &Headers) -> Vec<String> {
    headers
        .iter()
        .map(|(n, v)| format!("{n}: {}", String::from_utf8_lossy(v)))
        .collect()
}

#[test]
fn each_operation_does_what_it_says() {
    let ab = &[("a", "1"), ("b", "2"), ("a", "3")][..];
    for (operation, before, expected) in [
        (
            r#"{"set": {"name": "A", "value": "x"}}"#,
            ab,
            &["a: x", "b: 2"][..],
        ),
        (
            r#"{"set": {"name": "c", "value": ""}}"#,
            ab,
            &["a: 1", "b: 2", "a: 3", "c: "],
        ),
        (
            r#"{"add": {"name": "a", "value": "x"}}"#,
            &[("a", "1")],
            &["a: 1", "a: x"],
        ),
        (
            r#"{"default": {"name": "a", "value": "x"}}"#,
            ab,
            &["a: 1", "b: 2", "a: 3"],
        ),
        (
            r#"{"default": {"name": "c", "value": "x"}}"#,
            &[("b", "2")],
            &["b: 2", "c: x"],
        ),
        (r#"{"remove": {"name": "a"}}"#, ab, &["b: 2"]),
        (
            r#"{"remove": {"prefix": "X-"}}"#,
            &[("x-a", "1"), ("y-x-", "2"), ("x-", "3")],
            &["y-x-: 2"],
        ),
        (
            r#"{"remove": {"regex": "x-(foo|bar)"}}"#,
            &[("x-foo", "1"), ("x-foot", "2"), ("x-bar", "3")],
            &["x-foot: 2"],
        ),
        (
            r#"{"rename": {"from": "a", "to": "b"}}"#,
            ab,
            &["b: 1", "b: 3"],
        ),
        (
            r#"{"rename": {"from": "none", "to": "b"}}"#,
            ab,
            &["a: 1", "b: 2", "a: 3"],
        ),
        (
            r#"{"rename": {"from": "a", "to": "a"}}"#,
            ab,
            &["a: 1", "b: 2", "a: 3"],
        ),
        (
            r#"{"copy": {"from": "a", "to": "b"}}"#,
            &[("a", "1"), ("b", "2")],
            &["a: 1", "b: 1"],
        ),
        (
            r#"{"copy": {"from": "none", "to": "b"}}"#,
            ab,
            &["a: 1", "b: 2", "a: 3"],
        ),
        (
            r#"{"replace": {"name": "cookie", "regex": "session=[^;]+", "with": "session=redacted"}}"#,
            &[("cookie", "a=1; session=x; b=2")],
            &["cookie: a=1; session=redacted; b=2"],
        ),
        (
            r#"{"replace": {"name": "a", "regex": "(.)-(.)?", "with": "[${1}${2 | -}]"}}"#,
            &[("a", "x-y z-")],
            &["a: [xy] [z-]"],
        ),
        (
            r#"{"replace": {"name": "a", "regex": "[0-9]", "with": "n"}}"#,
            &[("a", "1x2"), ("a", "y")],
            &["a: nxn", "a: y"],
        ),
        (
            r#"{"dedupe": {"name": "a"}}"#,
            &[("a", "x, y,x"), ("a", "y"), ("a", "z,  w")],
            &["a: x, y", "a: z,  w"],
        ),
    ] {
        let (got, skipped) = after(operation, before);
        assert_eq!(got, expected, "{operation}");
        assert!(skipped.is_empty(), "{operation}");
    }
}

#[test]
fn set_cookie_is_no_list() {
    let kept = dedupe(
        "set-cookie",
        [
            &b"a=1; Expires=Mon, 01 Jan"[..],
            b"b=2, b=2",
            b"a=1; Expires=Mon, 01 Jan",
        ]
        .into_iter(),
    );
    assert_eq!(
        kept,
        [b"a=1; Expires=Mon, 01 Jan".to_vec(), b"b=2, b=2".to_vec()]
    );
}

#[test]
fn removal_by_prefix_or_pattern_spares_what_a_message_needs() {
    let before = [
        ("x-forwarded-proto", "http"),
        ("x-envoy-a", "1"),
        ("content-length", "1"),
        ("te", "trailers"),
        ("x-b", "2"),
    ];
    for operation in [
        r#"{"remove": {"prefix": "x-"}}"#,
        r#"{"remove": {"regex": ".*"}}"#,
    ] {
        let (got, _) = after(operation, &before);
        assert_eq!(
            got,
            [
                "x-forwarded-proto: http",
                "x-envoy-a: 1",
                "content-length: 1",
                "te: trailers"
            ],
            "{operation}"
        );
    }
    let allowed = NameSelector::Prefix {
        prefix: "x-".to_owned(),
        envoy: true,
    };
    assert!(allowed.selects("x-envoy-a"));
    assert!(!allowed.selects(":path"));
}

#[test]
fn a_value_that_is_missing_too_long_or_unfit_changes_nothing() {
    let long = "y".repeat(9000);
    let many = "a".repeat(1000);
    for (operation, before, reason) in [
        (
            r#"{"set": {"name": "a", "value": "x${request.header.none}"}}"#,
            [("a", "1")],
            Skipped::Missing,
        ),
        (
            r#"{"set": {"name": "b", "value": "x${request.header.a}"}}"#,
            [("a", long.as_str())],
            Skipped::TooLong,
        ),
        (
            r#"{"set": {"name": "b", "value": "${request.header.a}"}}"#,
            [("a", "x\ry")],
            Skipped::Invalid,
        ),
        (
            r#"{"add": {"name": "b", "value": "${request.header.a}"}}"#,
            [("a", "x\0")],
            Skipped::Invalid,
        ),
        (
            r#"{"default": {"name": "b", "value": "${request.header.a}"}}"#,
            [("a", "x\ny")],
            Skipped::Invalid,
        ),
        (
            r#"{"replace": {"name": "a", "regex": "(1)(2)?", "with": "${2}"}}"#,
            [("a", "1")],
            Skipped::Missing,
        ),
        (
            r#"{"replace": {"name": "a", "regex": "a", "with": "${0}${request.header.a}"}}"#,
            [("a", many.as_str())],
            Skipped::TooLong,
        ),
        (
            r#"{"replace": {"name": "a", "regex": "x", "with": "y"}}"#,
            [("a", "x\ny")],
            Skipped::Invalid,
        ),
    ] {
        let (got, skipped) = after(operation, &before);
        assert_eq!(got, before.map(|(n, v)| format!("{n}: {v}")), "{operation}");
        assert_eq!(skipped, [reason], "{operation}");
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "two times of one run are compared, on the developer's machine"
)]
fn what_a_client_fills_a_header_with_costs_no_more_than_its_length() {
    let elements = |count: usize| -> String {
        (0..count)
            .map(|n| format!("{n:x},"))
            .collect::<String>()
            .trim_end_matches(',')
            .to_owned()
    };
    let many = "a".repeat(30_000);
    let query = format!("/?q={}", "%41".repeat(10_000));
    let rules = load::<Config>(
        br#"{"rules": [{"request": [{"dedupe": {"name": "list"}},
            {"replace": {"name": "many", "regex": "a", "with": "${request.query.none | b}${request.query.short}"}}]}]}"#,
        &Env::new(),
    )
    .unwrap()
    .rules;
    let time = |list: &str, many: &str, target: &str| {
        let mut head = request("GET", &format!("{target}&short=")).build();
        head.headers.add("list", list.as_bytes().to_vec());
        head.headers.add("many", many.as_bytes().to_vec());
        let mut selected = Selected::default();
        selected.select(&rules, &head).unwrap();
        let start = std::time::Instant::now();
        assert_eq!(selected.rewrite_request(&rules, &head).unwrap().skipped, []);
        start.elapsed()
    };
    // The larger one is 10 times as long; squared it would be 100 times the work.
    let small = (0..5)
        .map(|_| time(&elements(1_000), &"a".repeat(3_000), "/?q=A"))
        .min();
    let large = (0..5).map(|_| time(&elements(10_000), &many, &query)).min();
    let ratio = large.unwrap().as_secs_f64() / small.unwrap().as_secs_f64();
    assert!(ratio < 50.0, "{ratio}");
}

proptest! {
    #[test]
    fn no_header_makes_an_operation_panic_or_write_what_it_may_not(name in "[a-c]", value: Vec<u8>) {
        let operations = r#"{"rules": [{"request": [
            {"dedupe": {"name": "a"}}, {"replace": {"name": "a", "regex": "(.)(.)?", "with": "${2 | x}${1}"}},
            {"set": {"name": "b", "value": "${request.header.a | d}${request.cookie.x | d}"}}, {"rename": {"from": "c", "to": "a"}},
            {"query": {"set": {"name": "q", "value": "${request.header.b | d}"}}}, {"host": {"value": "${request.header.a | d}"}},
            {"path": {"regex": "x", "with": "${request.header.a | d}"}}]}]}"#;
        let rules = load::<Config>(operations.as_bytes(), &Env::new()).unwrap().rules;
        let mut head = RequestHead { target: Some([b"/x".as_slice(), &value].concat()), ..request("GET", "/").build() };
        head.headers.add(&name, value);
        let mut selected = Selected::default();
        selected.select(&rules, &head).unwrap();
        for edit in selected.rewrite_request(&rules, &head).unwrap().edits {
            if let filter_kit::headers::Edit::Set(name, value) = edit
                && name == "b" {
                    prop_assert!(is_header_value(&value));
                }
        }
    }
}
