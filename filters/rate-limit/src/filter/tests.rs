//! The whole filter on a scripted host.

mod answers;
mod concurrent;
mod more;
mod refusals;
mod service;

use super::*;
use filter_kit::testing::request;
use filter_kit::testing::{Answer, Exchange, LocalAnswer, RequestBuilder, Run, ScriptedHost};

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn start(host: &ScriptedHost, configuration: &str) -> Run<RateLimit> {
    Run::start(host, configuration).unwrap()
}

fn send(run: &mut Run<RateLimit>, request: RequestBuilder) -> (Exchange<RateLimit>, Answer) {
    run.request(&request.pairs())
}

/// Returns the status that a client gets: that of a reply, or 200.
fn status(run: &mut Run<RateLimit>, request: RequestBuilder) -> u16 {
    match send(run, request).1 {
        Answer::Continued(_) => 200,
        Answer::Replied(reply) => reply.status,
        Answer::Waits => panic!("waits"),
    }
}

fn reply(answer: Answer) -> LocalAnswer {
    match answer {
        Answer::Replied(reply) => reply,
        other => panic!("{other:?}"),
    }
}

fn values<'a>(headers: &'a Pairs, name: &str) -> Vec<&'a str> {
    let named = headers.iter().filter(|(n, _)| n == name.as_bytes());
    named
        .map(|(_, value)| std::str::from_utf8(value).unwrap())
        .collect()
}

const LOGIN: &str = r#"{"limits": [{"name": "login", "match": {"paths": [{"prefix": "/login"}]}, "key": [{"client_ip": {}}],
    "requests": 2, "per": "1m"}], "exempt": [{"paths": [{"exact": "/healthz"}]}],
    "response": {"headers": [{"name": "x-limit", "value": "${limit.name}"}]}}"#;

#[test]
fn a_limit_counts_each_client_and_tells_it_how_much_is_left() {
    let host = ScriptedHost::install();
    let mut run = start(&host, LOGIN);
    host.set_property("source\0address", b"10.0.0.7:4711");
    let (mut first, answer) = send(&mut run, request("GET", "/login"));
    assert_eq!(
        answer,
        Answer::Continued(
            request("GET", "/login")
                .pairs()
                .into_iter()
                .map(|(name, value)| (name.into_bytes(), value))
                .collect()
        )
    );
    let response = first.response(&[(":status", "200")]);
    assert_eq!(values(&response, "ratelimit"), ["\"login\";r=1;t=30"]);
    assert_eq!(values(&response, "x-ratelimit-remaining"), ["1"]);
    assert_eq!(status(&mut run, request("GET", "/login")), 200);
    let (mut refused, answer) = send(&mut run, request("GET", "/login"));
    let sent = reply(answer);
    assert_eq!((sent.status, sent.grpc), (429, 8));
    assert_eq!(sent.details, "rate_limited{login}");
    for (name, value) in [
        ("retry-after", "30"),
        ("ratelimit", "\"login\";r=0;t=60"),
        ("x-limit", "login"),
    ] {
        assert_eq!(values(&sent.headers, name), [value]);
    }
    let reply = refused.response(&sent.headers);
    assert_eq!(reply, sent.headers, "a reply passes as it is");
    host.set_property("source\0address", b"10.0.0.8:4711");
    assert_eq!(status(&mut run, request("GET", "/login")), 200);
    host.set_now(host.now() + std::time::Duration::from_secs(30));
    host.set_property("source\0address", b"10.0.0.7:4711");
    assert_eq!(status(&mut run, request("GET", "/login")), 200);
    for (name, count) in [
        ("rate_limit.passed.login_total", 4),
        ("rate_limit.refused.login_total", 1),
        ("rate_limit.reported.login_total", 0),
    ] {
        assert_eq!(host.counter(name), Some(count), "{name}");
    }
}

// Unusual but legitimate paths such as `/login;jsessionid=…` pass, and no spelling evades a limit.
#[test]
fn every_spelling_of_a_path_is_served_and_counted() {
    for spelling in [
        "/login;jsessionid=A",
        "//login",
        "/%6cogin",
        "/x/../login",
        "/x%2F..%2Flogin",
        "/healthz/../login",
        "/healthz;/..//login",
    ] {
        let host = ScriptedHost::install();
        let mut run = start(&host, LOGIN);
        let statuses = [(); 3].map(|()| status(&mut run, request("GET", spelling)));
        assert_eq!(statuses, [200, 200, 429], "{spelling}");
    }
}

#[test]
fn workers_count_together() {
    let host = ScriptedHost::install();
    let mut workers = [(); 4].map(|()| start(&host, LOGIN));
    let login = || request("GET", "/login");
    let statuses = workers.each_mut().map(|run| status(run, login()));
    assert_eq!(statuses, [200, 200, 429, 429]);
}

#[test]
fn a_host_is_one_bucket_in_all_its_spellings_and_a_malformed_one_is_refused() {
    let host = ScriptedHost::install();
    for (part, name) in [("{\"host\": {}}", "a"), ("{\"header\": \"host\"}", "b")] {
        let mut run = start(
            &host,
            &format!(
                r#"{{"limits": [{{"name": "{name}", "key": [{part}], "requests": 2, "per": "1h"}}]}}"#
            ),
        );
        let mut at = |authority: &str| status(&mut run, request("GET", "/").authority(authority));
        assert_eq!(at("API.example.com:8443"), 200);
        assert_eq!(at("api.example.com."), 200);
        assert_eq!(at("api.example.com"), 429);
        assert_eq!(at("other.example.com"), 200);
        let (_, answer) = send(&mut run, request("GET", "/").authority("x@api.example.com"));
        let reply = reply(answer);
        assert_eq!(
            (reply.status, reply.details.as_str()),
            (400, "malformed_host")
        );
    }
    assert_eq!(
        host.counter("rate_limit.refused.malformed_host_total"),
        Some(2)
    );
}

#[test]
fn a_reply_that_names_the_host_makes_the_filter_look_at_hosts() {
    let host = ScriptedHost::install();
    let config = |value: &str| {
        format!(
            r#"{{"limits": [{{"name": "a", "requests": 9, "per": "1h"}}], "response": {{"headers": [{{"name": "x-at", "value": "{value}"}}]}}}}"#
        )
    };
    for (value, expected) in [
        ("${request.host}", 400),
        ("${request.header.host}", 400),
        ("${request.path}", 200),
    ] {
        let mut run = start(&host, &config(value));
        let malformed = request("GET", "/").authority("a:b");
        assert_eq!(status(&mut run, malformed), expected, "{value}");
    }
}

#[test]
fn report_mode_counts_what_it_would_have_refused_and_changes_nothing() {
    let host = ScriptedHost::install();
    let mut run = start(
        &host,
        r#"{"mode": "report", "limits": [{"name": "a", "match": {"hosts": ["a.example"], "paths": [{"prefix": "/"}]}, "requests": 1,
            "per": "1h"}, {"name": "b", "key": [{"path": {}}], "requests": 100, "per": "1h"}]}"#,
    );
    let endless = "/a%2F%252F%25252F%2525252F%255C/;%3B%253B/..%2e/%252e.//x\\".repeat(4);
    for (authority, path) in [
        ("a.example", "/"),
        ("a.example", "/"),
        ("a.example:x", "/"),
        ("b.example", &endless),
    ] {
        let request = request("GET", path).authority(authority);
        let (mut exchange, answer) = send(&mut run, request);
        assert!(matches!(answer, Answer::Continued(_)), "{answer:?}");
        let response = exchange.response(&[(":status", "200")]);
        assert_eq!(response.len(), 1, "{authority} {path}");
    }
    for (name, count) in [
        ("rate_limit.passed.a_total", 1),
        ("rate_limit.reported.a_total", 1),
        ("rate_limit.reported.malformed_host_total", 1),
        ("rate_limit.reported.ambiguous_path_total", 1),
        ("rate_limit.refused.malformed_host_total", 0),
        ("rate_limit.refused.ambiguous_path_total", 0),
    ] {
        assert_eq!(host.counter(name), Some(count), "{name}");
    }
}

#[test]
fn a_path_with_too_many_readings_is_refused() {
    let host = ScriptedHost::install();
    let mut run = start(&host, LOGIN);
    let endless = "/a%2F%252F%25252F%2525252F%255C/;%3B%253B/..%2e/%252e.//x\\".repeat(4);
    let (_, answer) = send(&mut run, request("GET", &endless));
    let reply = reply(answer);
    assert_eq!(
        (reply.status, reply.details.as_str()),
        (400, "ambiguous_path")
    );
    assert_eq!(
        host.counter("rate_limit.refused.ambiguous_path_total"),
        Some(1)
    );
}

// By default, `min` is 1 and `missing_key` is `shared`.
#[test]
fn neither_a_cost_of_nothing_nor_a_missing_key_passes_a_limit() {
    let host = ScriptedHost::install();
    let mut run = start(
        &host,
        r#"{"limits": [{"name": "a", "key": [{"header": "x-user"}], "requests": 2, "per": "1h", "cost": {"header": "x-cost"}}]}"#,
    );
    let free = || request("GET", "/").header("x-cost", "0");
    for _ in 0..2 {
        assert_eq!(status(&mut run, free()), 200);
        assert_eq!(status(&mut run, free().header("x-user", "u")), 200);
    }
    assert_eq!(status(&mut run, free()), 429);
    assert_eq!(status(&mut run, free().header("x-user", "u")), 429);
    assert_eq!(status(&mut run, free().header("x-user", "v")), 200);
}

#[test]
fn a_request_costs_the_calls_that_the_readme_states() {
    let host = ScriptedHost::install();
    let calls = |configuration: &str| {
        let mut run = start(&host, configuration);
        let before: u64 = host.hostcalls().values().sum();
        let (mut exchange, _) = send(&mut run, request("GET", "/"));
        let request: u64 = host.hostcalls().values().sum();
        exchange.response(&[(":status", "200")]);
        let response: u64 = host.hostcalls().values().sum();
        (request - before, response - request)
    };
    assert_eq!(calls("{}"), (0, 0));
    let unmatched = r#"{"limits": [{"name": "none", "match": {"methods": ["PUT"]}, "requests": 1, "per": "1h"}]}"#;
    assert_eq!(
        calls(unmatched),
        (1, 0),
        "the headers, and not even the time"
    );
    // The time, reading and writing a bucket, a counter; then the headers and five fields.
    let one = r#"{"limits": [{"name": "one", "requests": 1, "per": "1h"}]}"#;
    assert_eq!(calls(one), (4, 6));
    // The headers and the address; another bucket and another counter.
    let two = r#"{"headers": "none", "limits": [{"name": "two", "key": [{"header": "x-user"}], "requests": 1, "per": "1h"},
        {"name": "three", "key": [{"client_ip": {}}], "requests": 1, "per": "1h"}]}"#;
    assert_eq!(calls(two), (9, 0));
}
