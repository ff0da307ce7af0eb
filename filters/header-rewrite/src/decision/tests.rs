use super::*;
use crate::testing::rules;
use filter_kit::testing::request;

const ADMIN: &str = r#"{"rules": [
    {"match": {"paths": [{"prefix": "/admin"}]}, "request": [{"remove": {"name": "x-a"}}]},
    {"match": {"paths": [{"prefix": "/admin"}]}, "response": [{"preset": "security_headers"}]},
    {"response": [{"preset": "security_headers"}]}]}"#;

/// Returns the indices of the rules that apply, and why the request is refused.
fn decided(rules: &Rules, request: &Request) -> (Vec<usize>, Option<Refused>) {
    let decision = decide(rules, request);
    let applied = decision.applied.iter().map(|applied| applied.rule);
    (applied.collect(), decision.refused)
}

#[test]
fn a_rule_applies_where_a_reading_matches_and_readings_that_differ_are_refused() {
    // Response operations apply if any reading matches. If readings differ in which request
    // operations apply, the request is refused with 400 `ambiguous_path`.
    let rules = rules(ADMIN);
    for (path, applied, ambiguous) in [
        ("/admin", &[0, 1, 2][..], false),
        ("/%61dmin", &[0, 1, 2], false),
        ("/admin/x;a=b//c%2Fd%25", &[0, 1, 2], false),
        ("/other//a;b/c%2Fd", &[2], false),
        ("/login;jsessionid=1", &[2], false),
        ("//admin", &[0, 1, 2], true),
        ("/x/..;/admin", &[0, 1, 2], true),
        ("/%2561dmin", &[0, 1, 2], true),
        ("/admin;a", &[0, 1, 2], true),
        // More than 64 readings: any rule may match.
        (&format!("/%{}41", "25".repeat(70)), &[0, 1, 2], true),
    ] {
        let refused = ambiguous.then_some(Refused::AmbiguousPath);
        let decided = decided(&rules, &request("GET", path).build());
        assert_eq!(decided, (applied.to_vec(), refused), "{path}");
    }
}

#[test]
fn readings_decide_until_a_rule_has_answered() {
    let guarded =
        r#"{"match": {"paths": [{"prefix": "/admin"}]}, "request": [{"remove": {"name": "x-a"}}]}"#;
    for (first, ambiguous) in [
        (r#"{"request": [{"remove": {"name": "x-b"}}]}"#, true),
        (r#"{"response": [{"preset": "security_headers"}]}"#, true),
        (r#"{"respond": {"status": 200}}"#, false),
    ] {
        let rules = rules(&format!(r#"{{"rules": [{first}, {guarded}]}}"#));
        let refused = ambiguous.then_some(Refused::AmbiguousPath);
        let decided = decided(&rules, &request("GET", "//admin").build());
        assert_eq!(decided, (vec![0, 1], refused), "{first}");
    }
}

#[test]
fn rules_without_request_operations_refuse_no_path() {
    let rules = rules(
        r#"{"rules": [{"match": {"paths": [{"prefix": "/files"}]}, "response": [{"preset": "security_headers"}]}]}"#,
    );
    let many = format!("/%{}41", "25".repeat(70));
    for path in ["/files/a%2Fb", "//files", "/x/../files", &many] {
        let decided = decided(&rules, &request("GET", path).build());
        assert_eq!(decided, (vec![0], None), "{path}");
    }
}

#[test]
fn the_captures_are_those_of_the_path_as_it_was_sent() {
    let rules = rules(
        r#"{"rules": [{"match": {"paths": [{"regex": "/t/(.*)"}]}, "response": [{"set": {"name": "x", "value": "${match.1}"}}]}]}"#,
    );
    for (path, captures) in [
        ("/t/a%20b", vec![Some(b"a%20b".to_vec())]),
        ("//t/a", Vec::new()),
    ] {
        let decision = decide(&rules, &request("GET", path).build());
        let got: Vec<_> = decision
            .applied
            .iter()
            .map(|a| a.captures.clone())
            .collect();
        assert_eq!(got, [captures], "{path}");
    }
}

#[test]
fn a_malformed_host_is_refused_where_the_configuration_looks_at_hosts() {
    // The configuration looks at hosts if a `match` or a template uses one.
    let set = |value: &str| format!(r#"{{"set": {{"name": "x", "value": "{value}"}}}}"#);
    let rule = |key: &str, operation: &str| format!(r#"{{"rules": [{{"{key}": [{operation}]}}]}}"#);
    let by_host =
        r#"{"rules": [{"match": {"hosts": ["a"]}, "response": [{"remove": {"name": "x"}}]}]}"#;
    for (json, refused) in [
        (by_host.to_owned(), true),
        (rule("request", &set("${request.host}")), true),
        (rule("response", &set("${request.header.host}")), true),
        (
            rule("request", r#"{"host": {"value": "a.${request.host}"}}"#),
            true,
        ),
        (
            rule(
                "request",
                r#"{"path": {"regex": "a", "with": "${request.host}"}}"#,
            ),
            true,
        ),
        (
            rule("request", r#"{"copy": {"from": "host", "to": "x"}}"#),
            true,
        ),
        (rule("request", &set("${request.path}")), false),
        (rule("request", r#"{"host": {"value": "b"}}"#), false),
    ] {
        let request = request("GET", "/").authority("a:80:80").build();
        let (_, got) = decided(&rules(&json), &request);
        assert_eq!(got, refused.then_some(Refused::MalformedHost), "{json}");
    }
}
