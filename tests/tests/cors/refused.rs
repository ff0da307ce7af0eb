//! What is rejected at load, with the line in Envoy's log.

use crate::common::*;

/// Returns the line for a policy.
fn line(policy: &str) -> String {
    let config = format!(r#"{{"policies": [{{{policy}}}]}}"#);
    let error = Envoy::with_filter("cors", &config).try_start().err();
    let error = error
        .unwrap_or_else(|| panic!("accepted: {policy}"))
        .to_string();
    let (_, line) = error
        .split_once("cors: policies[0].")
        .unwrap_or_else(|| panic!("{error}"));
    line.lines().next().unwrap_or_default().to_owned()
}

const REST: &str = "; name the origins, or leave no choice in their domain";

#[test]
fn credentials_for_an_origin_that_an_attacker_can_have_are_refused_with_that_origin() {
    for (origins, place, reason) in [
        (
            r#""allow_origins": ["null"]"#,
            "allow_origins[0]",
            "any page can make its origin null, in a sandboxed frame",
        ),
        (
            r#""allow_origins": ["https://app.example.com", "*"]"#,
            "allow_origins[1]",
            "it matches https://evil.example, an origin that anyone can have",
        ),
        (
            r#""allow_origins": ["https://*"]"#,
            "allow_origins[0]",
            "it matches https://evil.example, an origin that anyone can have",
        ),
        (
            r#""allow_origins": ["chrome-extension://*"]"#,
            "allow_origins[0]",
            "it matches chrome-extension://evil, an origin that anyone can have",
        ),
        (
            r#""allow_origin_regexes": ["https://.*example\\.com"]"#,
            "allow_origin_regexes[0]",
            "it matches https://evilexample.com, an origin that anyone can have",
        ),
        (
            r#""allow_origin_regexes": ["https://example\\.com.*"]"#,
            "allow_origin_regexes[0]",
            "it matches https://example.com.evil.example, an origin that anyone can have",
        ),
        (
            r#""allow_origin_regexes": [".+example\\.com"]"#,
            "allow_origin_regexes[0]",
            "it matches https://evilexample.com, an origin that anyone can have",
        ),
        (
            r#""allow_origin_regexes": ["https://app\\.example\\.com|null"]"#,
            "allow_origin_regexes[0]",
            "any page can make its origin null, in a sandboxed frame",
        ),
    ] {
        assert_eq!(
            line(&format!(r#"{origins}, "allow_credentials": true"#)),
            format!("{place}: not valid with allow_credentials: {reason}{REST}")
        );
    }
}

#[test]
fn a_wildcard_in_a_label_is_refused_with_the_expression_that_means_it() {
    assert_eq!(
        line(r#""allow_origins": ["https://pr-*.example.dev"]"#),
        "allow_origins[0]: \"https://pr-*.example.dev\" is not an origin: * stands for whole labels at the start of the host; for a part of \
         a label use allow_origin_regexes, as \"https://pr-[a-z0-9-]+\\.example\\.dev\"; accepted are scheme://host[:port], with \"*.\" \
         before at least two labels or \":*\" as the port, scheme://*, \"null\" and \"*\""
    );
}

#[test]
fn a_guard_that_never_refuses_is_refused() {
    assert_eq!(
        line(r#""allow_origins": ["*"], "unsafe_methods": {"unmatched": "refuse"}"#),
        "unsafe_methods: never refuses anything, since allow_origins has \"*\"; list the origins"
    );
}

#[test]
fn a_policy_by_a_header_that_preflights_lack_is_warned_of() {
    let envoy = with(
        r#"{"policies": [{"match": {"headers": [{"name": "user-agent", "present": true}, {"name": "x-tier", "exact": "gold"}]}, "allow_origins": []}]}"#,
    );
    envoy.wait_for_log(
        "cors: policies[0].match.headers[1].name: browsers do not send x-tier with preflights, so no preflight matches this policy",
        Duration::from_secs(10),
    );
    assert!(!envoy.log().contains("headers[0]"));
}
