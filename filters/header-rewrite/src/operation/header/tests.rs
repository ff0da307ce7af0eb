mod spellings;

use super::*;
use crate::reason::Refused;
use crate::testing::{edit, edit_response, lines, on_requests, rules};
use filter_kit::testing::{RequestBuilder, request};
use proptest::prelude::*;

fn with(headers: &[(&str, &str)]) -> RequestBuilder {
    headers
        .iter()
        .fold(request("GET", "/"), |request, (name, value)| {
            request.header(name, *value)
        })
}

/// Returns the headers after one operation, as `name: value` lines, and why it was skipped.
fn after(operation: &str, before: &[(&str, &str)]) -> (Vec<String>, Vec<Skipped>) {
    let mut request = with(before).build();
    let skipped = edit(&on_requests(operation), &mut request).unwrap();
    (lines(request.headers()), skipped)
}

#[test]
fn names_that_a_client_makes_too_long_for_an_expression_are_refused() {
    let rules = on_requests(r#"{"remove": {"regex": ".*[a-z]{1,500}X"}}"#);
    for (bytes, expected) in [(8_000, Ok(Vec::new())), (9_000, Err(Refused::TooCostly))] {
        let name = "a".repeat(bytes);
        let mut request = request("GET", "/").header(&name, "1").build();
        assert_eq!(edit(&rules, &mut request), expected, "{bytes} bytes");
    }
}

#[test]
fn each_operation_does_what_it_says() {
    let ab = &[("a", "1"), ("b", "2"), ("a", "3")][..];
    for (operation, before, expected) in [
        (
            r#"{"set": {"name": "A", "value": "x"}}"#,
            ab,
            &["b: 2", "a: x"][..],
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
}

#[test]
fn a_value_that_is_missing_too_long_or_unfit_is_not_written() {
    let long = "y".repeat(9000);
    for (operation, before, reason) in [
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
    ] {
        let (got, skipped) = after(operation, &before);
        assert_eq!(got, before.map(|(n, v)| format!("{n}: {v}")), "{operation}");
        assert_eq!(skipped, [reason], "{operation}");
    }
}

#[test]
fn a_set_whose_value_cannot_be_made_leaves_no_value() {
    let long = "y".repeat(9000);
    for (value, sent, reason) in [
        ("x${request.header.none}", "1", Skipped::Missing),
        ("x${request.header.b}", &long, Skipped::TooLong),
        ("${request.header.b}", "x\ry", Skipped::Invalid),
    ] {
        let set = format!(r#"{{"set": {{"name": "a", "value": "{value}"}}}}"#);
        let before = [("a", "forged"), ("a", "twice"), ("b", sent)];
        let (got, skipped) = after(&set, &before);
        assert_eq!(got, [format!("b: {sent}")], "{value}");
        assert_eq!(skipped, [reason], "{value}");
    }
    let rules = rules(
        r#"{"rules": [{"response": [{"set": {"name": "a", "value": "${response.header.none}"}}]}]}"#,
    );
    let upstream = [(":status", "200"), ("a", "1")];
    let (edits, skipped) = edit_response(&rules, with(&[]).build(), &upstream);
    assert_eq!(edits, ["remove a"]);
    assert_eq!(skipped, [Skipped::Missing]);
}

#[test]
fn a_value_in_which_nothing_can_be_put_in_place_of_what_is_found_is_removed() {
    let many = "a".repeat(1000);
    for (regex, with, before, expected, reason) in [
        (
            "1",
            "${request.header.none}",
            &["1", "2", "x1"][..],
            &["a: 2"][..],
            Skipped::Missing,
        ),
        (
            "a",
            "${0}${request.header.a}",
            &[&many, "b"],
            &["a: b"],
            Skipped::TooLong,
        ),
        ("1", "${request.query.q}", &["1"], &[], Skipped::Invalid),
    ] {
        let replace =
            format!(r#"{{"replace": {{"name": "a", "regex": "{regex}", "with": "{with}"}}}}"#);
        let request = before
            .iter()
            .fold(request("GET", "/?q=x%0Ay"), |request, value| {
                request.header("a", *value)
            });
        let mut request = request.build();
        let skipped = edit(&on_requests(&replace), &mut request);
        assert_eq!(skipped, Ok(vec![reason]), "{replace}");
        assert_eq!(lines(request.headers()), expected, "{replace}");
    }
    let rules = rules(
        r#"{"rules": [{"response": [{"replace": {"name": "a", "regex": "1", "with": "${response.header.none}"}}]}]}"#,
    );
    let upstream = [(":status", "200"), ("a", "1"), ("a", "2")];
    let (edits, skipped) = edit_response(&rules, with(&[]).build(), &upstream);
    assert_eq!(edits, ["set a: 2"]);
    assert_eq!(skipped, [Skipped::Missing]);
}

#[test]
fn host_can_be_copied_and_is_the_host_of_the_authority() {
    // As a header name, `host` means the host without its port, in lower case.
    let rules = on_requests(r#"{"copy": {"from": "host", "to": "x-host"}}"#);
    assert!(rules.look_at_host());
    let mut good = request("GET", "/").authority("API.example.com:80").build();
    assert_eq!(edit(&rules, &mut good), Ok(Vec::new()));
    assert_eq!(lines(good.headers()), ["x-host: api.example.com"]);
    let mut bad = request("GET", "/").authority("a:x").build();
    assert_eq!(edit(&rules, &mut bad), Err(Refused::MalformedHost));
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
    let rules = on_requests(
        r#"{"dedupe": {"name": "list"}},
            {"replace": {"name": "many", "regex": "a", "with": "${request.query.none | b}${request.query.short}"}}"#,
    );
    let time = |list: &str, many: &str, target: &str| {
        let mut request = request("GET", &format!("{target}&short="))
            .header("list", list)
            .header("many", many)
            .build();
        let start = std::time::Instant::now();
        assert_eq!(edit(&rules, &mut request), Ok(Vec::new()));
        start.elapsed()
    };
    // The larger one is 10 times as long. With quadratic time it would take 100 times as long.
    let small = (0..5)
        .map(|_| time(&elements(1_000), &"a".repeat(3_000), "/?q=A"))
        .min();
    let large = (0..5).map(|_| time(&elements(10_000), &many, &query)).min();
    let ratio = large.unwrap().as_secs_f64() / small.unwrap().as_secs_f64();
    assert!(ratio < 50.0, "{ratio}");
}

proptest! {
    #[test]
    fn no_header_makes_an_operation_panic_or_write_what_it_may_not(name in "[a-c]", value: Vec<u8>, target: String) {
        let rules = on_requests(r#"
            {"dedupe": {"name": "a"}}, {"replace": {"name": "a", "regex": "(.)(.)?", "with": "${2 | x}${1}"}},
            {"set": {"name": "b", "value": "${request.header.a | d}${request.cookie.x | d}"}}, {"rename": {"from": "c", "to": "a"}},
            {"query": {"set": {"name": "q", "value": "${request.header.b | d}"}}}, {"path": {"prefix": "/x", "with": "/${request.header.a | d}"}},
            {"path": {"regex": "x", "with": "${request.header.a | d}"}}, {"host": {"value": "${request.header.a | d}"}}"#);
        let mut request = request("GET", &format!("/x{target}")).header(&name, value).build();
        if edit(&rules, &mut request).is_ok() {
            for value in request.headers().all("b") {
                prop_assert!(is_header_value(value));
            }
        }
    }
}
