mod answers;

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
            "request[0].set.value: got 5, expected a string",
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
             request.path, request.query, request.target, request.id, request.header.NAME, request.query.NAME, request.cookie.NAME, request.time, request.time_unix, request.time_unix_ms, source.address, route.name, property.NAME, \
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
