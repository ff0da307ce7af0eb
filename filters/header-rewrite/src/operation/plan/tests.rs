use crate::testing::{edit, lines, rules};
use filter_kit::testing::{ScriptedHost, request};
use proptest::prelude::*;

/// Returns the headers after these operations, in one rule or in one rule each.
fn after(operations: &[String], headers: &[(String, String)], one_rule: bool) -> Vec<String> {
    let rules = if one_rule {
        rules(&format!(
            r#"{{"rules": [{{"request": [{}]}}]}}"#,
            operations.join(",")
        ))
    } else {
        let rule = |operation: &String| format!(r#"{{"request": [{operation}]}}"#);
        let written: Vec<String> = operations.iter().map(rule).collect();
        rules(&format!(r#"{{"rules": [{}]}}"#, written.join(",")))
    };
    let request = request("GET", "/");
    let mut request = headers
        .iter()
        .fold(request, |request, (name, value)| {
            request.header(name, value.as_str())
        })
        .build();
    assert_eq!(edit(&rules, &mut request), Ok(Vec::new()));
    let mut lines = lines(request.headers());
    // The order of headers with different names has no meaning (RFC 9110, section 5.3).
    lines.sort_by(|a, b| a.split(':').next().cmp(&b.split(':').next()));
    lines
}

fn operation() -> impl Strategy<Value = String> {
    let name = "x[-_.][ab]|ab";
    let value = prop_oneof![
        "[12]".boxed(),
        "x[-_][ab]"
            .prop_map(|name| format!("${{request.header.{name} | 0}}"))
            .boxed(),
    ];
    prop_oneof![
        (
            prop::sample::select(vec!["set", "add", "default"]),
            name,
            value
        )
            .prop_map(|(kind, name, value)| format!(
                r#"{{"{kind}": {{"name": "{name}", "value": "{value}"}}}}"#
            )),
        name.prop_map(|name| format!(r#"{{"remove": {{"name": "{name}"}}}}"#)),
        "x[-_]".prop_map(|prefix| format!(r#"{{"remove": {{"prefix": "{prefix}"}}}}"#)),
        (prop::sample::select(vec!["rename", "copy"]), name, name).prop_map(
            |(kind, from, to)| format!(r#"{{"{kind}": {{"from": "{from}", "to": "{to}"}}}}"#)
        ),
        name.prop_map(|name| format!(
            r#"{{"replace": {{"name": "{name}", "regex": "1", "with": "3"}}}}"#
        )),
        name.prop_map(|name| format!(r#"{{"dedupe": {{"name": "{name}"}}}}"#)),
    ]
}

proptest! {
    #[test]
    fn the_operations_of_one_rule_do_what_they_do_one_by_one(
        operations in prop::collection::vec(operation(), 1..6),
        headers in prop::collection::vec(("x[-_.][ab]|ab", "[123]"), 0..8),
    ) {
        prop_assert_eq!(after(&operations, &headers, true), after(&operations, &headers, false));
    }
}

#[test]
fn a_cookie_that_a_later_operation_removes_is_read_before() {
    let operations = [
        r#"{"set": {"name": "x-a", "value": "${request.cookie.a}"}}"#.to_owned(),
        r#"{"remove": {"name": "cookie"}}"#.to_owned(),
    ];
    let headers = [("cookie".to_owned(), "a=1".to_owned())];
    let after = after(&operations, &headers, true);
    assert_eq!(after.last().map(String::as_str), Some("x-a: 1"));
    assert!(!after.iter().any(|line| line.starts_with("cookie")));
}

#[test]
fn a_response_is_read_only_where_an_operation_looks_at_it() {
    for (operations, reads, values) in [
        (r#"{"set": {"name": "x", "value": "1"}}"#, 0, 0),
        (
            r#"{"add": {"name": "x", "value": "${request.path}"}}, {"remove": {"name": "y"}}"#,
            0,
            1,
        ),
        (r#"{"preset": "security_headers"}"#, 0, 0),
        (r#"{"default": {"name": "x", "value": "1"}}"#, 0, 1),
        (
            r#"{"when": {"status": [500]}, "set": {"name": "x", "value": "1"}}, {"when": {"status": [200]}, "remove": {"name": "x"}}"#,
            0,
            2,
        ),
        (
            r#"{"when": {"headers": [{"name": "x", "exact": "1"}]}, "set": {"name": "y", "value": "1"}}"#,
            1,
            0,
        ),
        (
            r#"{"set": {"name": "x", "value": "${response.status}"}}"#,
            1,
            0,
        ),
        (
            r#"{"set": {"name": "x", "value": "1"}}, {"remove": {"prefix": "y-"}}"#,
            1,
            0,
        ),
        (
            r#"{"when": {"status": [500]}, "dedupe": {"name": "x"}}"#,
            1,
            0,
        ),
    ] {
        let host = ScriptedHost::install();
        let config = format!(r#"{{"rules": [{{"response": [{operations}]}}]}}"#);
        let mut filter =
            filter_kit::testing::Run::<crate::HeaderRewrite>::start(&host, &config).unwrap();
        let (mut exchange, _) = filter.request(&request("GET", "/").pairs());
        let count = |name| host.hostcalls().get(name).copied().unwrap_or(0);
        let before = (count("get_header_map_pairs"), count("get_header_map_value"));
        exchange.response(&[(":status", "200"), ("x", "0")]);
        let after = (count("get_header_map_pairs"), count("get_header_map_value"));
        assert_eq!(
            (after.0 - before.0, after.1 - before.1),
            (reads, values),
            "{operations}"
        );
    }
}
