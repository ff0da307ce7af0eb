use crate::testing::{difference, edit, edit_response, rules};
use filter_kit::testing::request;

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
    let mut request = request("GET", "/api/x?q").build();
    assert_eq!(edit(&rules, &mut request), Ok(Vec::new()));
    assert_eq!(
        difference(request.headers()),
        ["set :path: /v2/x?q", "set x-a: 1", "set x-b: 1/api/x"]
    );
}

#[test]
fn the_response_sees_the_request_as_it_came_and_the_captures() {
    let rules = rules(
        r#"{"rules": [{"match": {"paths": [{"regex": "/(v[0-9])/.*"}]},
            "request": [{"set": {"name": "x-a", "value": "changed"}}, {"path": {"prefix": "/v1", "with": "/"}}],
            "response": [{"set": {"name": "x-was", "value": "${request.header.x-a} ${request.path} ${match.1} ${response.status} ${source.address}"}}]}]}"#,
    );
    let request = request("GET", "/v1/x")
        .header("x-a", "sent")
        .source_address("10.0.0.1");
    let mut edited = request.clone().build();
    assert_eq!(edit(&rules, &mut edited), Ok(Vec::new()));
    assert_eq!(
        difference(edited.headers()),
        ["set :path: /x", "set x-a: changed"]
    );
    let (edits, _) = edit_response(&rules, request.build(), &[(":status", "200")]);
    assert_eq!(edits, ["set x-was: sent /v1/x v1 200 10.0.0.1"]);
}

#[test]
fn a_request_is_kept_only_for_responses_that_look_at_it() {
    for (value, kept) in [
        ("a", false),
        ("${response.status}${match.1}", false),
        ("${request.method}", true),
        ("${source.address | none}", true),
    ] {
        let rules = rules(&format!(
            r#"{{"rules": [{{"match": {{"paths": [{{"regex": "/(.*)"}}]}}, "response": [{{"set": {{"name": "x", "value": "{value}"}}}}]}}]}}"#
        ));
        let request = request("GET", "/").source_address("10.0.0.1").build();
        let applied = crate::decision::decide(&rules, &request).applied;
        let snapshot = rules.snapshot(&applied, &request);
        assert_eq!(snapshot.is_some(), kept, "{value}");
    }
}

#[test]
fn a_condition_on_the_status_holds_for_its_ranges_only() {
    let rules = rules(
        r#"{"rules": [{"response": [{"when": {"status": ["500-599", 404]}, "set": {"name": "cache-control", "value": "no-store"}}]}]}"#,
    );
    for (status, changed) in [
        ("500", true),
        ("599", true),
        ("404", true),
        ("403", false),
        ("200", false),
        ("x", false),
    ] {
        let request = request("GET", "/").build();
        let (edits, _) = edit_response(&rules, request, &[(":status", status)]);
        assert_eq!(!edits.is_empty(), changed, "{status}");
    }
}

#[test]
fn a_preset_sets_each_header_once_and_later_operations_override_it() {
    let rules = rules(
        r#"{"rules": [{"response": [{"preset": "security_headers"}, {"set": {"name": "x-frame-options", "value": "SAMEORIGIN"}},
            {"remove": {"name": "permissions-policy"}}]}]}"#,
    );
    let upstream = [
        (":status", "200"),
        ("x-frame-options", "ALLOWALL"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
    ];
    let (mut edits, _) = edit_response(&rules, request("GET", "/").build(), &upstream);
    edits.sort_unstable();
    assert_eq!(
        edits,
        [
            "set cross-origin-opener-policy: same-origin",
            "set referrer-policy: strict-origin-when-cross-origin",
            "set strict-transport-security: max-age=31536000; includeSubDomains",
            "set x-frame-options: SAMEORIGIN",
        ]
    );
}
