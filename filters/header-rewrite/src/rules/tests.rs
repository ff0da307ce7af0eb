use super::*;
use crate::config::Config;
use filter_kit::config::{Env, load};
use filter_kit::testing::{headers, request};

fn rules(json: &str) -> Rules {
    load::<Config>(json.as_bytes(), &Env::new()).unwrap().rules
}

fn set(name: &str, value: &str) -> Edit {
    Edit::Set(name.to_owned(), value.as_bytes().to_vec())
}

#[test]
fn all_matching_rules_apply_in_order_and_each_operation_sees_the_ones_before() {
    let rules = rules(
        r#"{"rules": [
            {"match": {"paths": [{"prefix": "/api"}]}, "request": [{"set": {"name": "x-a", "value": "1"}}]},
            {"match": {"paths": [{"prefix": "/other"}]}, "request": [{"set": {"name": "x-a", "value": "no"}}]},
            {"request": [{"set": {"name": "x-b", "value": "${request.header.x-a}${request.path}"}}, {"path": {"prefix": "/api", "with": "/v2"}}]},
            {"match": {"paths": [{"prefix": "/v2"}]}, "request": [{"set": {"name": "x-c", "value": "no"}}]}
        ]}"#,
    );
    let head = request("GET", "/api/x?q").build();
    let mut selected = Selected::default();
    assert_eq!(selected.select(&rules, &head), Ok(()));
    let rewritten = selected.rewrite_request(&rules, &head).unwrap();
    assert_eq!(
        rewritten.edits,
        [
            set(":path", "/v2/x?q"),
            set("x-a", "1"),
            set("x-b", "1/api/x")
        ]
    );
}

#[test]
fn the_response_sees_the_request_as_it_came_and_the_captures() {
    let rules = rules(
        r#"{"rules": [{"match": {"paths": [{"regex": "/(v[0-9])/.*"}]},
            "request": [{"set": {"name": "x-a", "value": "changed"}}, {"path": {"prefix": "/v1", "with": "/"}}],
            "response": [{"set": {"name": "x-was", "value": "${request.header.x-a} ${request.path} ${match.1} ${response.status}"}}]}]}"#,
    );
    let head = request("GET", "/v1/x").header("x-a", "sent").build();
    let mut selected = Selected::default();
    assert_eq!(selected.select(&rules, &head), Ok(()));
    assert_eq!(
        selected.rewrite_request(&rules, &head).unwrap().edits,
        [set(":path", "/x"), set("x-a", "changed")]
    );
    selected.keep_for_response(&rules, head);
    let rewritten = selected.rewrite_response(&rules, headers(&[(":status", "200")]));
    assert_eq!(rewritten.edits, [set("x-was", "sent /v1/x v1 200")]);
}

#[test]
fn a_condition_on_the_status_holds_for_its_ranges_only() {
    let rules = rules(
        r#"{"rules": [{"response": [{"when": {"status": ["500-599", 404]}, "set": {"name": "cache-control", "value": "no-store"}}]}]}"#,
    );
    let mut selected = Selected::default();
    assert_eq!(
        selected.select(&rules, &request("GET", "/").build()),
        Ok(())
    );
    for (status, changed) in [
        ("500", true),
        ("599", true),
        ("404", true),
        ("403", false),
        ("200", false),
        ("x", false),
    ] {
        let rewritten = selected.rewrite_response(&rules, headers(&[(":status", status)]));
        assert_eq!(!rewritten.edits.is_empty(), changed, "{status}");
    }
}

#[test]
fn a_preset_sets_each_header_once_and_later_operations_override_it() {
    let rules = rules(
        r#"{"rules": [{"response": [{"preset": "security_headers"}, {"set": {"name": "x-frame-options", "value": "SAMEORIGIN"}},
            {"remove": {"name": "permissions-policy"}}]}]}"#,
    );
    let mut selected = Selected::default();
    assert_eq!(
        selected.select(&rules, &request("GET", "/").build()),
        Ok(())
    );
    let upstream = [
        (":status", "200"),
        ("x-frame-options", "ALLOWALL"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
    ];
    let rewritten = selected.rewrite_response(&rules, headers(&upstream));
    assert_eq!(
        rewritten.edits,
        [
            set(
                "strict-transport-security",
                "max-age=31536000; includeSubDomains"
            ),
            set("x-frame-options", "SAMEORIGIN"),
            set("referrer-policy", "strict-origin-when-cross-origin"),
            set("cross-origin-opener-policy", "same-origin"),
        ]
    );
}

#[test]
fn an_ambiguous_path_is_reported_and_rules_without_paths_still_found() {
    let rules = rules(
        r#"{"rules": [{"match": {"paths": [{"prefix": "/admin"}]}, "request": [{"remove": {"name": "x-a"}}]},
            {"response": [{"preset": "security_headers"}]}]}"#,
    );
    let mut selected = Selected::default();
    assert_eq!(
        selected.select(&rules, &request("GET", "/%61dmin").build()),
        Err(AmbiguousPath)
    );
    assert!(selected.rewrites_response(&rules));
}

#[test]
fn only_what_the_rules_read_is_needed() {
    let needs =
        rules(r#"{"rules": [{"response": [{"set": {"name": "x", "value": "y"}}]}]}"#).needs();
    assert_eq!(needs, Needs::default());
    let needs =
        rules(r#"{"rules": [{"request": [{"path": {"prefix": "/a", "with": "/b"}}]}]}"#).needs();
    assert_eq!(
        needs,
        Needs {
            target: true,
            ..Needs::default()
        }
    );
    let needs = rules(
        r#"{"rules": [{"request": [{"set": {"name": "x", "value": "${source.address}"}}]}]}"#,
    )
    .needs();
    assert_eq!(
        needs,
        Needs {
            headers: true,
            source_address: true,
            ..Needs::default()
        }
    );
}
