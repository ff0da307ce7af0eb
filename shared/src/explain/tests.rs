use super::*;
use crate::testing::{ScriptedHost, request};
use std::time::Duration;

const AT: Duration = Duration::from_secs(1_700_000_000);

#[test]
fn a_refusal_leaves_a_line_and_filter_state() {
    let host = ScriptedHost::install();
    let request = request("GET", "/admin users?token=secret")
        .header("x-request-id", "5c9a")
        .build();
    request.explain(
        &Explanation::new("jwt-auth", Mode::Report, "jwt_expired")
            .field("provider", &b"corp"[..])
            .field("kid", &b"a\nb"[..])
            .detail("age", &b"61s"[..]),
    );
    assert_eq!(
        host.log(),
        [
            "jwt-auth: would be refused: reason=jwt_expired provider=corp kid=\"a\\nb\" age=61s \
             method=GET host=example.com path=\"/admin users\" request_id=5c9a"
        ]
    );
    for (name, value) in [
        ("jwt_auth.reason", Some("jwt_expired")),
        ("jwt_auth.provider", Some("corp")),
        ("jwt_auth.kid", Some("a\\nb")),
        ("jwt_auth.age", None),
    ] {
        assert_eq!(host.filter_state(name).as_deref(), value, "{name}");
    }
}

#[test]
fn ten_lines_a_second_and_the_next_one_counts_the_others() {
    let host = ScriptedHost::install();
    let refuse = || {
        request("GET", "/")
            .build()
            .explain(&Explanation::new("cors", Mode::Enforce, "x"));
    };
    (0..25).for_each(|_| refuse());
    assert_eq!(host.log().len(), 10);
    host.set_now(AT + Duration::from_secs(1));
    refuse();
    let log = host.log();
    assert_eq!(log.len(), 11);
    assert!(log.last().unwrap().ends_with(" suppressed=15"), "{log:?}");
    // Each filter has its own budget.
    request("GET", "/")
        .build()
        .explain(&Explanation::new("jwt-auth", Mode::Enforce, "x"));
    assert_eq!(host.log().len(), 12);
}

#[test]
fn a_value_cannot_end_its_place_in_the_line() {
    for (value, expected) in [
        ("corp", "corp"),
        ("a b", "\"a b\""),
        ("a=b", "\"a=b\""),
        ("a\"b", "\"a\\\"b\""),
        ("a'b", "\"a\\'b\""),
        ("a\\b", "\"a\\\\b\""),
        ("a\r\nb", "\"a\\r\\nb\""),
        ("a\u{e9}", "\"a\\xc3\\xa9\""),
    ] {
        let host = ScriptedHost::install();
        let explanation = Explanation::new("cors", Mode::Enforce, "x");
        request("GET", "/")
            .build()
            .explain(&explanation.field("origin", value.as_bytes()));
        let line = host.log().pop().unwrap();
        let written = format!("reason=x origin={expected} method=GET");
        assert!(line.contains(&written), "{line}");
    }
}

#[test]
fn long_values_are_cut_and_a_path_as_it_was_sent() {
    let host = ScriptedHost::install();
    let long = format!("/{}", "x".repeat(9000));
    request("GET", &long)
        .build()
        .explain(&Explanation::new("cors", Mode::Enforce, "x"));
    let log = host.log();
    let line = log.first().unwrap();
    assert!(line.len() < 512 && line.contains("xxx..."), "{line}");
}

#[test]
fn no_line_is_made_where_the_host_would_drop_it() {
    let host = ScriptedHost::install();
    host.set_log_level(Level::Warn);
    request("GET", "/")
        .build()
        .explain(&Explanation::new("cors", Mode::Enforce, "x"));
    assert!(host.log().is_empty());
    assert_eq!(host.filter_state("cors.reason").as_deref(), Some("x"));
}
