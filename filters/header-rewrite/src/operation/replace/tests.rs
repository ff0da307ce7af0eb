use super::*;
use crate::decision::decide;
use crate::operation::Exchange;
use crate::reason::Refused;
use crate::testing::{edit, edit_response, on_requests, rules};
use filter_kit::config::Env;
use filter_kit::response::Response;
use filter_kit::template::Scope;
use filter_kit::testing::{headers, request};
use filter_kit::values::Anchoring;
use proptest::prelude::*;

/// Reads to the end of the value for each `<` in it.
const FAR: &str = "<[^>]*>|<";

fn replacement(pattern: &str) -> Replacement {
    let with = Template::parse("x", Scope::default(), &Env::new()).unwrap();
    Replacement::new(Pattern::new(pattern, Anchoring::Part).unwrap(), with)
}

#[test]
fn only_a_pattern_that_reads_far_beyond_its_matches_can_be_too_costly() {
    let open = |count: usize| "<".repeat(count);
    let first = |count: usize, bytes: usize| open(count) + &"a".repeat(bytes - count);
    for (pattern, value, done) in [
        (FAR, open(1_400), true),
        (FAR, open(1_500), false),
        (FAR, open(60_000), false),
        ("<[^>]{0,1000}>|<", open(60_000), false),
        ("<[^>]{0,9}>|<", open(60_000), true),
        ("<[^>]*>?", open(60_000), true),
        ("<[^>]*>?", "<>".repeat(30_000), true),
        ("<[^>]*>", open(60_000), true),
        ("<", open(60_000), true),
        ("session=[^;]+", "session=a; ".repeat(5_000), true),
        // Many active states: 125 times the bytes.
        ("[a-z]{1,500}X", "a".repeat(8_000), true),
        ("[a-z]{1,500}X", "a".repeat(9_000), false),
        ("(?:a{1,30}){1,30}X", "a".repeat(5_000), false),
        (
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "a".repeat(60_000),
            true,
        ),
        // A hundred matches in 4 KiB, and seventeen in 60 KiB, at the positions that read most.
        (FAR, first(100, 4 * 1024), true),
        (FAR, first(17, 60 * 1024), true),
        (FAR, first(18, 60 * 1024), false),
        // No match at all, and one that covers everything.
        (FAR, "a".repeat(60_000), true),
        (FAR, format!("<{}>", open(60_000)), true),
    ] {
        let what = format!("{pattern} on {} bytes", value.len());
        let values = Values::default();
        let replaced = replacement(pattern).apply(
            value.as_bytes(),
            &values,
            value.len(),
            &mut Budget::default(),
        );
        if done {
            assert!(replaced.is_ok(), "{what}");
        } else {
            assert_eq!(replaced, Err(Skipped::TooCostly), "{what}");
        }
    }
}

#[test]
fn a_request_has_one_budget_for_all_its_values_and_operations() {
    let replace = |name: &str| {
        format!(r#"{{"replace": {{"name": "{name}", "regex": "{FAR}", "with": "x"}}}}"#)
    };
    let path = format!(r#"{{"path": {{"regex": "{FAR}", "with": "x"}}}}"#);
    let half = "<".repeat(1_000);
    for (operations, before, target, done) in [
        (replace("a"), &["a"][..], "/", true),
        (replace("a"), &["a", "a"], "/", true),
        (replace("a"), &["a", "a", "a"], "/", false),
        (replace("a"), &["b", "b", "b"], "/", true),
        (
            format!("{},{},{}", replace("a"), replace("b"), replace("c")),
            &["a", "b", "c"],
            "/",
            false,
        ),
        (path.clone(), &[], &format!("/{half}"), true),
        (path.clone(), &[], &format!("/{half}{half}"), false),
        (
            format!("{},{path}", replace("a")),
            &["a", "a"],
            &format!("/{half}"),
            false,
        ),
    ] {
        let request = before.iter().fold(request("GET", target), |request, name| {
            request.header(name, half.as_str())
        });
        let expected = if done {
            Ok(Vec::new())
        } else {
            Err(Refused::TooCostly)
        };
        let edited = edit(&on_requests(&operations), &mut request.build());
        assert_eq!(edited, expected, "{operations} on {before:?}");
    }
}

#[test]
fn a_long_path_is_rewritten_a_bounded_number_of_times() {
    let rewrite = r#"{"path": {"regex": "^/", "with": "/"}},"#;
    let rewrites = |count: usize| rewrite.repeat(count).trim_end_matches(',').to_owned();
    let long = format!("/{}%20", "a".repeat(50_000));
    for (target, count, done) in [
        ("/a%20", 1_000, true),
        (&long, 15, true),
        (&long, 50, false),
    ] {
        let mut request = request("GET", target).build();
        let edited = edit(&on_requests(&rewrites(count)), &mut request);
        assert_eq!(edited.is_ok(), done, "{count} on {} bytes", target.len());
    }
}

#[test]
fn a_response_loses_the_header_that_is_too_costly_and_no_other() {
    let rules = rules(&format!(
        r#"{{"rules": [{{"response": [{{"replace": {{"name": "a", "regex": "{FAR}", "with": "x"}}}},
            {{"replace": {{"name": "b", "regex": "{FAR}", "with": "x"}}}}, {{"set": {{"name": "c", "value": "${{response.header.a | none}}"}}}}]}}]}}"#
    ));
    let long = "<".repeat(2_000);
    let upstream = [(":status", "200"), ("a", "short"), ("a", &long), ("b", "<")];
    let (edits, skipped) = edit_response(&rules, request("GET", "/").build(), &upstream);
    assert_eq!(edits, ["remove a", "set b: x", "set c: none"]);
    assert_eq!(skipped, [Skipped::TooCostly]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_that_was_to_be_replaced_is_left_however_long_the_value(value in "[<>a]{0,3000}") {
        let rules = rules(&format!(r#"{{"rules": [{{"response": [{{"replace": {{"name": "a", "regex": "{FAR}", "with": ""}}}}]}}]}}"#));
        let mut response = Response::of(headers(&[("a", &value)]));
        let applied = decide(&rules, &request("GET", "/").build()).applied;
        let _ = rules.edit_response(&applied, &mut Exchange::default(), &mut response);
        prop_assert!(!response.headers().all("a").any(|left| left.contains(&b'<')));
    }
}
