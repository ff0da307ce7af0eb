use super::*;
use crate::operation::FRAMING;
use filter_kit::config::load;

fn error(json: &str) -> String {
    let env = Env::from([("REGION".to_owned(), "eu".to_owned())]);
    match load::<Config>(json.as_bytes(), &env) {
        Ok(_) => format!("accepted: {json}"),
        Err(error) => error.to_string(),
    }
}

/// The error of one request operation, without what stands before it.
fn request(operation: &str) -> String {
    let error = error(&format!(r#"{{"rules": [{{"request": [{operation}]}}]}}"#));
    error
        .trim_start_matches("header-rewrite: rules[0].")
        .to_owned()
}

fn response(operation: &str) -> String {
    let error = error(&format!(r#"{{"rules": [{{"response": [{operation}]}}]}}"#));
    error
        .trim_start_matches("header-rewrite: rules[0].")
        .to_owned()
}

#[test]
fn an_empty_configuration_is_inert() {
    let config: Config = load(b"", &Env::new()).unwrap();
    assert!(config.rules.is_empty());
    assert_eq!(config.mode, Mode::Enforce);
}

#[test]
fn every_operation_of_the_reference_is_accepted() {
    let json = r#"{"mode": "report", "rules": [{
        "match": {"paths": [{"prefix": "/api"}]},
        "request": [
            {"set": {"name": "x-env", "value": "prod-${request.host}-${env.REGION}"}},
            {"add": {"name": "x-forwarded-for", "value": "${source.address}"}},
            {"default": {"name": "x-tenant", "value": "public"}},
            {"remove": {"name": "x-internal"}}, {"remove": {"prefix": "x-internal-"}}, {"remove": {"regex": "x-(foo|bar)"}},
            {"rename": {"from": "x-old", "to": "x-new"}},
            {"copy": {"from": "x-a", "to": "x-b"}},
            {"replace": {"name": "cookie", "regex": "(session)=[^;]+", "with": "${1}=redacted"}},
            {"dedupe": {"name": "accept-language"}},
            {"path": {"regex": "^/api/(v[0-9]+)/(.*)$", "with": "/${1}/svc/${2}"}}, {"path": {"prefix": "/api", "with": "/"}},
            {"query": {"set": {"name": "lang", "value": "en"}}}, {"query": {"remove": {"name": "debug"}}},
            {"host": {"value": "backend.internal:8080"}}
        ],
        "response": [
            {"when": {"status": ["500-599", 404]}, "set": {"name": "cache-control", "value": "no-store"}},
            {"preset": "security_headers"},
            {"replace": {"name": "location", "regex": "^http://([^/]+)/", "with": "https://${1}/"}},
            {"set": {"name": "x-empty", "value": ""}}
        ]}]}"#;
    assert!(
        load::<Config>(
            json.as_bytes(),
            &Env::from([("REGION".to_owned(), "eu".to_owned())])
        )
        .is_ok()
    );
}

#[test]
fn mistakes_are_named_with_path_value_and_what_is_accepted() {
    let rule = "write exactly one of: set, add, default, remove, rename, copy, replace, dedupe";
    for (got, expected) in [
        (
            error(r#"{"rule": []}"#),
            "header-rewrite: rule: unknown key; did you mean \"rules\"? one of: mode, allow_envoy_headers, rules",
        ),
        (
            error(r#"{"rules": [{"requst": []}]}"#),
            "header-rewrite: rules[0].requst: unknown key; did you mean \"request\"? one of: match, request, redirect, respond, response",
        ),
        (
            error(r#"{"rules": [{"match": {"paths": [{"prefix": "/a"}]}}]}"#),
            "header-rewrite: rules[0]: the rule does nothing; write operations under request or response, or an answer under redirect or respond",
        ),
        (
            error(r#"{"rules": [{"match": {"hosts": ["a b"]}, "request": []}]}"#),
            "header-rewrite: rules[0].match.hosts[0]: \"a b\" is not a host pattern; a host without scheme and port is accepted, \
             with \"*.\" before it for its subdomains",
        ),
        (
            request("{}"),
            &format!("request[0]: {rule}, path, query, host"),
        ),
        (response("{}"), &format!("response[0]: {rule}, preset")),
        (
            request(r#"{"dedupe": {"name": "a"}, "copy": {"from": "a", "to": "b"}}"#),
            &format!("request[0]: {rule}, path, query, host"),
        ),
        (
            request(r#"{"when": {"status": [500]}, "dedupe": {"name": "a"}}"#),
            "request[0].when: unknown key; one of: path, query, host, set, add, default, remove, rename, copy, replace, dedupe",
        ),
        (
            response(r#"{"host": {"value": "a"}}"#),
            "response[0].host: unknown key; one of: when, preset, set, add, default, remove, rename, copy, replace, dedupe",
        ),
        (
            request(r#"{"set": {"name": "a", "value": 5}}"#),
            "request[0].set.value: got 5, expected a text",
        ),
        (
            request(r#"{"set": {"name": "a", "value": null}}"#),
            "request[0].set.value: null is not a value; omit the key, or write {} for an object without keys",
        ),
        (
            request(r#"{"set": {"name": "a"}}"#),
            "request[0].set: missing key \"value\"",
        ),
        (
            request(r#"{"set": {"name": "a", "value": "${request.nope}"}}"#),
            "request[0].set.value: ${request.nope} is not a variable; one of: request.method, request.scheme, request.host, request.hostname, \
             request.path, request.query, request.target, request.id, request.header.NAME, request.query.NAME, request.cookie.NAME, source.address, route.name, \
             response.status, response.header.NAME, match.N, env.NAME",
        ),
        (
            request(r#"{"set": {"name": "a", "value": "${response.status}"}}"#),
            "request[0].set.value: ${response.status}: there is no response yet",
        ),
        (
            request(r#"{"set": {"name": "a", "value": "${match.1}"}}"#),
            "request[0].set.value: ${match.1}: no path pattern of this rule has such a capture group; there are 0",
        ),
        (
            request(r#"{"replace": {"name": "a", "regex": "(b)", "with": "${2}"}}"#),
            "request[0].replace.with: ${2}: the regular expression has no such capture group; there are 1",
        ),
        (
            request(r#"{"set": {"name": "a", "value": "b\nc"}}"#),
            "request[0].set.value: \"b\\nc\" holds a control character, which no value may hold",
        ),
        (
            request(r#"{"remove": {"name": "a", "prefix": "b"}}"#),
            "request[0].remove: write exactly one of: name, prefix, regex",
        ),
        (
            request(r#"{"path": {"prefix": "/a", "with": "b"}}"#),
            "request[0].path.with: \"b\" does not begin with /",
        ),
        (
            request(r#"{"path": {"prefix": "/a", "with": "/b;c/../d"}}"#),
            "request[0].path.with: \"/b;c/../d\" is not in plain form; write it without //, /./, /../, ; and backslashes, encoded or not",
        ),
        (
            request(r#"{"path": {"regex": "/a", "with": "/b?c"}}"#),
            "request[0].path.with: \"/b?c\" holds a ? or #; use the operation query",
        ),
        (
            request(r#"{"path": {"with": "/b"}}"#),
            "request[0].path: write exactly one of: prefix, regex",
        ),
        (
            request(r#"{"query": {}}"#),
            "request[0].query: write exactly one of: set, remove",
        ),
        (
            request(r#"{"query": {"remove": {"name": ""}}}"#),
            "request[0].query.remove.name: must not be empty",
        ),
        (
            request(r#"{"host": {"value": "http://a/"}}"#),
            "request[0].host.value: \"http://a/\" is not a host; host or host:port is accepted",
        ),
        (
            request(r#"{"host": {"value": "a..b:80"}}"#),
            "request[0].host.value: \"a..b:80\" is not a host; host or host:port is accepted",
        ),
        (
            response(r#"{"when": {"status": []}, "dedupe": {"name": "a"}}"#),
            "response[0].when.status: must not be empty; omit when to act on all responses",
        ),
        (
            response(r#"{"when": {"status": ["599-500"]}, "dedupe": {"name": "a"}}"#),
            "response[0].when.status[0]: \"599-500\" is not a status or a range of statuses from 100 to 599, as 503 or \"500-599\"",
        ),
        (
            response(r#"{"preset": "security"}"#),
            "response[0].preset: \"security\" is not \"security_headers\" or {security_headers: {content_security_policy: …}}",
        ),
    ] {
        assert_eq!(got, expected);
    }
}

#[test]
fn what_only_envoy_writes_is_refused() {
    for name in [":path", ":Status", "Host"] {
        let got = request(&format!(r#"{{"set": {{"name": "{name}", "value": "x"}}}}"#));
        assert_eq!(
            got,
            format!(
                "request[0].set.name: \"{name}\" is not an ordinary header; use the operations path, query and host"
            )
        );
    }
    for name in FRAMING {
        let (add, copy) = (
            format!(r#"{{"add": {{"name": "{name}", "value": "x"}}}}"#),
            format!(r#"{{"copy": {{"from": "x", "to": "{name}"}}}}"#),
        );
        let (remove, rename) = (
            format!(r#"{{"remove": {{"name": "{name}"}}}}"#),
            format!(r#"{{"rename": {{"from": "{name}", "to": "x"}}}}"#),
        );
        if *name == "proxy-authorization" {
            for operation in [remove.as_str(), &rename] {
                assert!(response(operation).starts_with("accepted"), "{operation}");
            }
        }
        let written = [add, copy].into_iter();
        let removed = [remove, rename].into_iter();
        for operation in written.chain(removed.filter(|_| *name != "proxy-authorization")) {
            let got = response(&operation);
            assert!(
                got.ends_with(
                    "belongs to the connection or frames the message; only Envoy writes it"
                ),
                "{got}"
            );
        }
    }
    assert_eq!(
        request(r#"{"remove": {"name": "x-forwarded-proto"}}"#),
        "request[0].remove.name: \"x-forwarded-proto\" must stay: without it Envoy finds no route; set it instead"
    );
    assert_eq!(
        response(r#"{"remove": {"name": "x-envoy-upstream-service-time"}}"#),
        "response[0].remove.name: \"x-envoy-upstream-service-time\" steers Envoy's router; set allow_envoy_headers: true to write it"
    );
    let allowed = r#"{"allow_envoy_headers": true, "rules": [{"response": [{"remove": {"name": "x-envoy-upstream-service-time"}}]}]}"#;
    assert!(load::<Config>(allowed.as_bytes(), &Env::new()).is_ok());
}

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
