//! What is rejected at load, with the line in Envoy's log.

use crate::common::*;

#[test]
fn mistakes_are_refused_with_their_line() {
    let large = "a".repeat(61_441);
    for (rule, line) in [
        (
            r#""redirect": {"location": "https://${request.query.to}/"}"#.to_owned(),
            "redirect.location: \"https://${request.query.to}/\" lets the client choose the host; before the path, use request.host, \
             request.hostname and env.NAME only",
        ),
        (
            r#""redirect": {"status": 200, "location": "/"}"#.to_owned(),
            "redirect.status: 200 is not accepted; one of: 301, 302, 303, 307, 308",
        ),
        (
            r#""response": [{"when": {"headers": []}, "remove": {"name": "a"}}]"#.to_owned(),
            "response[0].when.headers: ",
        ),
        (
            r#""response": [{"preset": {"security_headers": {"content_security_policy": "x", "nonce_header": "x-n"}}}]"#.to_owned(),
            "response[0].preset.security_headers.nonce_header: only valid with ${nonce} in content_security_policy",
        ),
        (
            format!(r#""response": [{{"set": {{"name": "a", "value": "{large}"}}}}]"#),
            "response[0].set.value: 61441 bytes exceed the maximum of 61440",
        ),
    ] {
        let config = format!(r#"{{"rules": [{{{rule}}}]}}"#);
        let error = Envoy::with_filter("header-rewrite", config).try_start().err();
        let error = error.unwrap_or_else(|| panic!("accepted: {rule}")).to_string();
        let line = format!("header-rewrite: rules[0].{line}");
        assert!(error.contains(&line), "{line}\n{error}");
    }
}
