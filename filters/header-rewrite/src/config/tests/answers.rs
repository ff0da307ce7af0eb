use super::*;

/// The error of one rule with this key, without what stands before it.
fn rule(rule: &str) -> String {
    let error = error(&format!(r#"{{"rules": [{{{rule}}}]}}"#));
    error
        .trim_start_matches("header-rewrite: rules[0].")
        .trim_start_matches("header-rewrite: rules[0]: ")
        .to_owned()
}

#[test]
fn answers_conditions_and_presets_are_accepted_in_each_form() {
    for written in [
        r#""redirect": {"location": "https://${request.hostname}${request.target}"}"#,
        r#""redirect": {"status": 302, "location": "/login?to=${request.query.to | none}"}"#,
        r#""redirect": {"location": "${request.scheme}://www.example.com:8443"}"#,
        r#""redirect": {"location": "https://www.${request.host}/x"}"#,
        r#""redirect": {"location": "https://${env.REGION}.example.com/${request.query.x}"}"#,
        r#""redirect": {"location": "${request.target}"}"#,
        r#""redirect": {"location": "app.name://open?x=${request.query.x}"}"#,
        r#""respond": {}"#,
        r#""respond": {"status": 503, "body": "<h1>${request.path}</h1>\n", "headers": [{"name": "retry-after", "value": "60"}]}"#,
        r#""response": [{"when": {"headers": [{"name": "content-type", "prefix": "text/html"}]}, "remove": {"name": "a"}}]"#,
        r#""response": [{"when": {"status": [404], "headers": [{"name": "a", "present": false}]}, "remove": {"name": "a"}}]"#,
        r#""response": [{"preset": "security_headers"}]"#,
        r#""response": [{"preset": {"security_headers": {}}}]"#,
        r#""response": [{"preset": {"security_headers": {"content_security_policy": "default-src 'self'"}}}]"#,
        r#""response": [{"when": {"status": [200]}, "preset": {"security_headers": {"content_security_policy": "script-src 'nonce-${nonce}'",
            "nonce_header": "x-nonce"}}}]"#,
    ] {
        let got = rule(written);
        assert!(got.starts_with("accepted"), "{written}: {got}");
    }
}

#[test]
fn mistakes_in_answers_conditions_and_presets_are_named() {
    let large = "a".repeat(61_441);
    for (got, expected) in [
        (
            rule(r#""redirect": {"location": "/a"}, "respond": {}"#),
            "write at most one of: redirect, respond",
        ),
        (
            rule(r#""redirect": {"status": 200, "location": "/a"}"#),
            "redirect.status: 200 is not accepted; one of: 301, 302, 303, 307, 308",
        ),
        (
            rule(r#""redirect": {}"#),
            "redirect: missing key \"location\"",
        ),
        (
            rule(r#""redirect": {"location": "www.example.com/x"}"#),
            "redirect.location: \"www.example.com/x\" is neither an URI nor a path; as \"https://${request.hostname}${request.target}\" or \"/login\"",
        ),
        (
            rule(r#""redirect": {"location": "//www.example.com/x"}"#),
            "redirect.location: \"//www.example.com/x\" begins with two slashes; write the scheme before the host",
        ),
        (
            rule(r#""redirect": {"location": "https://${request.query.to}"}"#),
            "redirect.location: \"https://${request.query.to}\" lets the client choose the host; before the path, use request.host, \
             request.hostname and env.NAME only",
        ),
        (
            rule(r#""redirect": {"location": "https://example.com${request.query.to}"}"#),
            "redirect.location: \"https://example.com${request.query.to}\" lets the client choose the host; before the path, use request.host, \
             request.hostname and env.NAME only",
        ),
        (
            rule(r#""redirect": {"location": "${request.query.to}"}"#),
            "redirect.location: \"${request.query.to}\" is neither an URI nor a path; as \"https://${request.hostname}${request.target}\" or \"/login\"",
        ),
        (
            rule(r#""redirect": {"location": "${request.query.s}://a.example/"}"#),
            "redirect.location: \"${request.query.s}://a.example/\" is neither an URI nor a path; as \"https://${request.hostname}${request.target}\" or \"/login\"",
        ),
        (
            rule(r#""redirect": {"location": "://a.example/"}"#),
            "redirect.location: \"://a.example/\" is neither an URI nor a path; as \"https://${request.hostname}${request.target}\" or \"/login\"",
        ),
        (
            rule(r#""respond": {"status": 100}"#),
            "respond.status: 100 is not a status that ends a request; 200 to 599 are accepted",
        ),
        (
            rule(r#""respond": {"headers": [{"name": "content-length", "value": "1"}]}"#),
            "respond.headers[0].name: \"content-length\" is set by Envoy",
        ),
        (
            rule(r#""respond": {"body": "${response.status}"}"#),
            "respond.body: ${response.status}: there is no response yet",
        ),
        (
            response(r#"{"when": {}, "dedupe": {"name": "a"}}"#),
            "response[0].when: write at least one of: status, headers",
        ),
        (
            response(r#"{"when": {"headers": [{"name": "a"}]}, "dedupe": {"name": "a"}}"#),
            "response[0].when.headers[0]: write exactly one of: exact, prefix, suffix, contains, regex, present",
        ),
        (
            response(r#"{"preset": {"security": {}}}"#),
            "response[0].preset.security: unknown key; one of: security_headers",
        ),
        (
            response(r#"{"preset": {"security_headers": {"csp": "x"}}}"#),
            "response[0].preset.security_headers.csp: unknown key; one of: content_security_policy, nonce_header",
        ),
        (
            response(
                r#"{"preset": {"security_headers": {"content_security_policy": "${request.nope}"}}}"#,
            ),
            "response[0].preset.security_headers.content_security_policy: ${request.nope} is not a variable; one of: ",
        ),
        (
            response(
                r#"{"preset": {"security_headers": {"content_security_policy": "a", "nonce_header": "x-n"}}}"#,
            ),
            "response[0].preset.security_headers.nonce_header: only valid with ${nonce} in content_security_policy",
        ),
        (
            response(
                r#"{"preset": {"security_headers": {"content_security_policy": "${nonce}", "nonce_header": "host"}}}"#,
            ),
            "response[0].preset.security_headers.nonce_header: \"host\" is not an ordinary header; ",
        ),
        (
            request(r#"{"set": {"name": "a", "value": "${nonce}"}}"#),
            "request[0].set.value: ${nonce} is not a variable; one of: ",
        ),
        (
            response(&format!(
                r#"{{"set": {{"name": "a", "value": "{large}"}}}}"#
            )),
            "response[0].set.value: 61441 bytes exceed the maximum of 61440",
        ),
    ] {
        let is_same = if expected.ends_with([' ', ';']) {
            got.starts_with(expected)
        } else {
            got == expected
        };
        assert!(is_same, "{got}\n{expected}");
    }
}
