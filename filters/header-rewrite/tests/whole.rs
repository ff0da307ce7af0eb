//! The whole filter on a scripted host: requests in, edits and replies out.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed assumption is a failed test"
)]

use filter_kit::metrics;
use filter_kit::testing::{Answer, RequestBuilder, Run, ScriptedHost, request};
use header_rewrite::HeaderRewrite;

const RULES: &str = r#"{"rules": [
    {"match": {"paths": [{"prefix": "/api"}]},
     "request": [{"path": {"prefix": "/api", "with": "/tenants/${request.header.x-tenant}"}}, {"remove": {"prefix": "x-internal-"}}],
     "response": [{"set": {"name": "x-was", "value": "${request.path} ${request.method}"}}]},
    {"response": [{"set": {"name": "x-frame-options", "value": "DENY"}}]}]}"#;

/// The results of a whole exchange.
struct Done {
    answer: Answer,
    /// The response's headers after the filter, one per line.
    response: Vec<String>,
    /// The counters that are not zero, without the filter's name.
    counted: Vec<&'static str>,
}

impl Done {
    /// Returns the request's headers as the upstream gets them, one per line.
    fn request(&self) -> Vec<String> {
        match &self.answer {
            Answer::Continued(headers) => lines(headers),
            other => panic!("{other:?}"),
        }
    }

    fn refusal(&self) -> Option<(u16, &str, i32)> {
        match &self.answer {
            Answer::Replied(reply) => Some((reply.status, &reply.details, reply.grpc)),
            _ => None,
        }
    }
}

fn lines(headers: &[(Vec<u8>, Vec<u8>)]) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    headers
        .iter()
        .filter(|(name, _)| ![&b":method"[..], b":scheme", b":status"].contains(&name.as_slice()))
        .map(|(name, value)| format!("{}: {}", text(name), text(value)))
        .collect()
}

/// Sends a request, and a response without headers.
fn run(config: &str, request: RequestBuilder) -> Done {
    // A VM defines each counter once, so each exchange needs its own thread.
    std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            let host = ScriptedHost::install();
            let mut filter = Run::<HeaderRewrite>::start(&host, config).unwrap();
            let (mut exchange, answer) = filter.request(&request.pairs());
            let response = exchange.response(&[(":status", "200")]);
            Done {
                answer,
                response: lines(&response),
                counted: metrics::names::<header_rewrite::Event>()
                    .filter(|name| host.counter(name) != Some(0))
                    .map(|name| name.strip_prefix("header_rewrite.").unwrap())
                    .collect(),
            }
        });
        run.join().unwrap()
    })
}

fn report(config: &str) -> String {
    config.replacen('{', r#"{"mode": "report", "#, 1)
}

#[test]
fn a_request_is_rewritten_and_its_response_sees_it_as_it_came() {
    let request = request("GET", "/api/bob/secret;a=b?q=1")
        .header("x-tenant", "acme")
        .header("x_internal_user", "root");
    let done = run(RULES, request);
    assert_eq!(
        done.request(),
        [
            ":authority: example.com",
            "x-tenant: acme",
            ":path: /tenants/acme/bob/secret;a=b?q=1"
        ]
    );
    assert_eq!(
        done.response,
        ["x-was: /api/bob/secret;a=b GET", "x-frame-options: DENY"]
    );
    assert_eq!(
        done.counted,
        ["request.changed_total", "response.changed_total"]
    );
}

#[test]
fn legitimate_odd_paths_are_served() {
    for path in ["/login;jsessionid=A", "/files/a%2Fb", "/a/100%25", "//x"] {
        let done = run(RULES, request("GET", path));
        let expected = [
            ":authority: example.com".to_owned(),
            format!(":path: {path}"),
        ];
        assert_eq!(done.request(), expected);
        assert_eq!(done.response, ["x-frame-options: DENY"]);
        assert_eq!(done.counted, ["response.changed_total"]);
    }
}

#[test]
fn a_request_that_cannot_be_rewritten_is_refused_and_its_reply_is_edited() {
    let by_host = RULES.replacen(
        "{\"paths\"",
        "{\"hosts\": [\"a\", \"example.com\"], \"paths\"",
        1,
    );
    let tenant = |path: &str, tenant: &str| request("GET", path).header("x-tenant", tenant);
    for (request, config, details, counter) in [
        (
            tenant("/api/..%2fapi/bob", "acme"),
            RULES,
            "rewrite_unsafe_path",
            "unsafe_path",
        ),
        (
            tenant("/api/x", "../bob"),
            RULES,
            "rewrite_unsafe_path",
            "unsafe_path",
        ),
        (
            request("GET", "/api/x"),
            RULES,
            "rewrite_missing_value",
            "missing_value",
        ),
        (
            tenant("/api/x", &"a".repeat(9000)),
            RULES,
            "rewrite_too_long",
            "too_long",
        ),
        (
            tenant("//api/x", "acme"),
            RULES,
            "ambiguous_path",
            "ambiguous_path",
        ),
        (
            tenant("/", "acme").authority("x@a"),
            by_host.as_str(),
            "malformed_host",
            "malformed_host",
        ),
    ] {
        let done = run(config, request.clone());
        assert_eq!(done.refusal(), Some((400, details, 3)));
        let frame_options = "x-frame-options: DENY".to_owned();
        assert!(done.response.contains(&frame_options), "{details}");
        let refused = format!("refused.{counter}_total");
        assert_eq!(done.counted, ["response.changed_total", &refused]);

        let reported = run(&report(config), request.clone());
        let sent = request.pairs().into_iter();
        let sent: Vec<_> = sent.map(|(n, v)| (n.into_bytes(), v)).collect();
        assert_eq!(reported.answer, Answer::Continued(sent), "{details}");
        assert_eq!(reported.response, [""; 0]);
        let expected = [
            "reported.response_changed_total".to_owned(),
            format!("reported.{counter}_total"),
        ];
        assert_eq!(reported.counted, expected);
    }
}

#[test]
fn a_client_gets_the_form_of_reply_that_it_asked_for_whatever_was_edited_before() {
    let config = r#"{"rules": [{"request": [{"remove": {"regex": "accept|content-type"}}, {"host": {"value": "${request.header.none}"}}]}]}"#;
    let request = request("GET", "/").header("accept", "application/json");
    let done = run(config, request);
    let Answer::Replied(reply) = &done.answer else {
        panic!("{:?}", done.answer)
    };
    let json = lines(&reply.headers);
    assert_eq!(json, ["content-type: application/problem+json"]);
}

#[test]
fn a_nonce_is_new_for_each_request_and_never_the_clients() {
    let config = r#"{"rules": [{"response": [{"preset": {"security_headers":
        {"content_security_policy": "script-src 'nonce-${nonce}'"}}}]}]}"#;
    let nonces: Vec<String> = (0..2)
        .map(|_| {
            let forged = request("GET", "/")
                .header("x-csp-nonce", "forged")
                .header("x_csp_nonce", "forged");
            let done = run(config, forged);
            let request = done.request();
            let passed: Vec<&str> = request
                .iter()
                .filter_map(|line| line.strip_prefix("x-csp-nonce: "))
                .collect();
            assert!(!request.iter().any(|line| line.contains("forged")));
            let [nonce] = passed.as_slice() else {
                panic!("{request:?}");
            };
            let policy = format!("content-security-policy: script-src 'nonce-{nonce}'");
            assert!(done.response.contains(&policy), "{:?}", done.response);
            (*nonce).to_owned()
        })
        .collect();
    assert!(nonces.iter().all(|nonce| nonce.len() == 22), "{nonces:?}");
    assert_ne!(nonces.first(), nonces.last());
}

#[test]
fn strict_transport_security_is_set_over_https_only() {
    let config = r#"{"rules": [{"response": [{"preset": "security_headers"}]}]}"#;
    for (proto, is_set) in [("https", true), ("http", false)] {
        let done = run(
            config,
            request("GET", "/").header("x-forwarded-proto", proto),
        );
        let has = |line: &String| line.starts_with("strict-transport-security");
        assert_eq!(done.response.iter().any(has), is_set, "{proto}");
    }
}

#[test]
fn groups_of_the_path_are_written_into_headers_and_the_query() {
    let config = r#"{"rules": [{"match": {"paths": [{"regex": "/v([0-9]+)/(.*)"}]},
        "request": [{"set": {"name": "x-version", "value": "${match.1}"}}, {"query": {"set": {"name": "rest", "value": "${match.2}"}}}],
        "response": [{"set": {"name": "x-was", "value": "${match.1}"}}]}]}"#;
    let done = run(config, request("GET", "/v2/a%20b"));
    assert_eq!(
        done.request(),
        [
            ":authority: example.com",
            ":path: /v2/a%20b?rest=a%20b",
            "x-version: 2"
        ]
    );
    assert_eq!(done.response, ["x-was: 2"]);
}

#[test]
fn what_is_not_written_is_counted() {
    let config = r#"{"rules": [{"request": [{"set": {"name": "x-a", "value": "${request.header.none}"}}],
        "response": [{"set": {"name": "x-b", "value": "${request.query.long}"}}]}]}"#;
    let long = "l".repeat(9_000);
    let done = run(config, request("GET", &format!("/?long={long}")));
    assert_eq!(
        done.counted,
        ["skipped.missing_value_total", "skipped.too_long_total"]
    );
}

#[test]
fn a_host_is_rewritten() {
    let config = r#"{"rules": [{"request": [{"host": {"value": "${request.header.x-to}.internal:8080"}}]}]}"#;
    let done = run(config, request("GET", "/").header("x-to", "a"));
    assert_eq!(
        done.request(),
        [":path: /", "x-to: a", ":authority: a.internal:8080"]
    );
    let done = run(config, request("GET", "/").header("x-to", "a/b"));
    assert_eq!(done.refusal(), Some((400, "rewrite_invalid_host", 3)));
    assert_eq!(done.counted, ["refused.invalid_host_total"]);
}

#[test]
fn without_rules_and_for_rules_that_do_not_match_nothing_is_read_or_written() {
    let host = ScriptedHost::install();
    for config in [
        "{}",
        r#"{"rules": [{"match": {}, "response": [{"when": {"status": [500]}, "set": {"name": "a", "value": "b"}}]}]}"#,
    ] {
        let mut filter = Run::<HeaderRewrite>::start(&host, config).unwrap();
        let before = host.hostcalls();
        let (_, answer) = filter.request(&request("GET", "/").pairs());
        assert!(matches!(answer, Answer::Continued(_)));
        assert_eq!(host.hostcalls(), before, "{config}");
    }
}
