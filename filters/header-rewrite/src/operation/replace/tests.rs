use super::*;
use crate::config::Config;
use crate::rules::{Rules, Selected};
use filter_kit::config::{Env, load};
use filter_kit::headers::Edit;
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

fn rules(json: &str) -> Rules {
    load::<Config>(json.as_bytes(), &Env::new()).unwrap().rules
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
        // A hundred matches in 4 KiB, and seventeen in 60 KiB, where they read most.
        (FAR, first(100, 4 * 1024), true),
        (FAR, first(17, 60 * 1024), true),
        (FAR, first(18, 60 * 1024), false),
        // No match at all, and one that takes everything.
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
            assert_eq!(replaced, Err(Skipped::TooCostly(TooCostly)), "{what}");
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
        let rules = rules(&format!(r#"{{"rules": [{{"request": [{operations}]}}]}}"#));
        let mut head = request("GET", target).build();
        for name in before {
            head.headers.add(name, half.clone().into_bytes());
        }
        let mut selected = Selected::default();
        selected.select(&rules, &head).unwrap();
        let what = format!("{operations} on {before:?}");
        match selected.rewrite_request(&rules, &head) {
            Ok(rewritten) => assert!(done && rewritten.skipped.is_empty(), "{what}"),
            Err(TooCostly) => assert!(!done, "{what}"),
        }
    }
}

#[test]
fn a_response_loses_the_header_that_is_too_costly_and_no_other() {
    let rules = rules(&format!(
        r#"{{"rules": [{{"response": [{{"replace": {{"name": "a", "regex": "{FAR}", "with": "x"}}}},
            {{"replace": {{"name": "b", "regex": "{FAR}", "with": "x"}}}}, {{"set": {{"name": "c", "value": "${{response.header.a | none}}"}}}}]}}]}}"#
    ));
    let mut selected = Selected::default();
    selected
        .select(&rules, &request("GET", "/").build())
        .unwrap();
    let long = "<".repeat(2_000);
    let upstream = [(":status", "200"), ("a", "short"), ("a", &long), ("b", "<")];
    let rewritten = selected.rewrite_response(&rules, headers(&upstream));
    assert_eq!(
        rewritten.edits,
        [
            Edit::Remove("a".to_owned()),
            Edit::Set("b".to_owned(), b"x".to_vec()),
            Edit::Set("c".to_owned(), b"none".to_vec()),
        ]
    );
    assert_eq!(rewritten.skipped, [Skipped::TooCostly(TooCostly)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_that_was_to_be_replaced_is_left_however_long_the_value(value in "[<>a]{0,3000}") {
        let rules = rules(&format!(r#"{{"rules": [{{"response": [{{"replace": {{"name": "a", "regex": "{FAR}", "with": ""}}}}]}}]}}"#));
        let mut selected = Selected::default();
        selected.select(&rules, &request("GET", "/").build()).unwrap();
        let mut after = headers(&[("a", &value)]);
        let edits = selected.rewrite_response(&rules, after.clone()).edits;
        after.apply(&edits);
        prop_assert!(!after.all("a").any(|left| left.contains(&b'<')));
    }
}
