//! The whole filter on a scripted host: requests in, edits and replies out.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed assumption is a failed test"
)]

use cors::Cors;
use filter_kit::metrics;
use filter_kit::testing::{Answer, Run, ScriptedHost, request};
use std::collections::BTreeMap;

const POLICY: &str = r#"{"policies": [{"allow_origins": ["https://app.example.com"]}]}"#;
const TWO: &str = r#"{"policies": [
    {"match": {"paths": [{"prefix": "/public"}]}, "allow_origins": ["*"]},
    {"allow_origins": ["https://app.example.com"]}]}"#;
const APP: (&str, &str) = ("origin", "https://app.example.com");

/// The results of a whole exchange.
struct Done {
    answer: Answer,
    /// The response's headers after the filter, one per line.
    response: String,
    /// The counters that are not zero, without the filter's name.
    counted: Vec<&'static str>,
    hostcalls: BTreeMap<&'static str, u64>,
}

impl Done {
    fn calls(&self, name: &str) -> u64 {
        self.hostcalls.get(name).copied().unwrap_or(0)
    }
}

/// Sends a request, and an upstream's response with these headers.
fn run(
    config: &str,
    method: &str,
    target: &str,
    head: &[(&str, &str)],
    upstream: &[(&str, &str)],
) -> Done {
    // A VM defines each counter once, so each exchange needs its own thread.
    std::thread::scope(|scope| {
        let run = scope.spawn(|| run_here(config, method, target, head, upstream));
        run.join().unwrap()
    })
}

fn run_here(
    config: &str,
    method: &str,
    target: &str,
    head: &[(&str, &str)],
    upstream: &[(&str, &str)],
) -> Done {
    let host = ScriptedHost::install();
    let mut filter = Run::<Cors>::start(&host, config).unwrap();
    let request = head
        .iter()
        .fold(request(method, target), |request, (name, value)| {
            if *name == ":authority" {
                request.authority(value)
            } else {
                request.header(name, *value)
            }
        });
    let (mut exchange, answer) = filter.request(&request.pairs());
    let response = exchange.response(&[&[(":status", "200")], upstream].concat());
    let line = |(name, value): &(Vec<u8>, Vec<u8>)| {
        format!(
            "{}: {}\n",
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(value)
        )
    };
    Done {
        answer,
        response: response.iter().skip(1).map(line).collect(),
        counted: metrics::names::<cors::Event>()
            .filter(|name| host.counter(name) != Some(0))
            .map(|name| name.strip_prefix("cors.").unwrap())
            .collect(),
        hostcalls: host.hostcalls(),
    }
}

fn status(answer: &Answer) -> Option<(u16, &str)> {
    match answer {
        Answer::Replied(reply) => Some((reply.status, &reply.details)),
        _ => None,
    }
}

#[test]
fn two_origins_get_no_permission() {
    for (origins, allowed) in [
        (&[APP][..], true),
        (&[APP, ("origin", "")], true),
        (&[APP, APP], false),
        (&[APP, ("origin", "https://evil.example")], false),
        (&[("origin", "https://evil.example"), APP], false),
    ] {
        for more in [&[][..], &[("access-control-request-method", "GET")]] {
            let head = [origins, more].concat();
            let done = run(POLICY, "GET", "/", &head, &[]);
            let has_permission = done.response.contains("access-control-allow-origin");
            assert_eq!(has_permission, allowed, "{head:?}");
        }
    }
}

#[test]
fn an_allowed_origin_gets_permission_in_place_of_the_upstreams() {
    let upstream = [("access-control-allow-origin", "*"), ("vary", "accept")];
    let done = run(POLICY, "GET", "/", &[APP], &upstream);
    assert!(matches!(done.answer, Answer::Continued(_)));
    assert_eq!(
        done.response,
        "access-control-allow-origin: https://app.example.com\nvary: accept, Origin\n"
    );
}

#[test]
fn a_request_without_an_origin_costs_one_read_and_its_response_another() {
    for (vary, expected, reads) in [
        (&[][..], "vary: Origin\n", 0),
        (&[("vary", "accept")][..], "vary: accept, Origin\n", 1),
    ] {
        let done = run(POLICY, "GET", "/", &[], vary);
        assert_eq!(done.response, expected);
        assert_eq!(done.calls("get_header_map_value"), 2);
        assert_eq!(done.calls("get_header_map_pairs"), reads);
        assert_eq!(done.counted, [""; 0]);
    }
}

#[test]
fn a_preflight_is_answered_and_its_answer_stays_as_it_is() {
    let asked = [APP, ("access-control-request-method", "POST")];
    let done = run(POLICY, "OPTIONS", "/", &asked, &[]);
    assert_eq!(status(&done.answer), Some((204, "cors_preflight")));
    assert_eq!(done.response, "");
    assert_eq!(done.counted, ["preflight.allowed_total"]);
}

#[test]
fn no_spelling_of_a_path_opens_another_policy_and_none_is_refused() {
    let upstream = [("access-control-allow-origin", "*")];
    let evil = ("origin", "https://evil.example");
    for target in [
        "/public/..;/admin",
        "/public;a/..%2fadmin",
        "/public;jsessionid=1",
    ] {
        let done = run(TWO, "GET", target, &[evil], &upstream);
        assert!(matches!(done.answer, Answer::Continued(_)), "{target}");
        assert_eq!(done.response, "vary: Origin\n", "{target}");
        assert_eq!(done.counted, ["request.passed.ambiguous_path_total"]);

        let asked = [evil, ("access-control-request-method", "GET")];
        let done = run(TWO, "OPTIONS", target, &asked, &[]);
        let refused = (403, "cors_preflight_refused{ambiguous_path}");
        assert_eq!(status(&done.answer), Some(refused), "{target}");
        assert_eq!(done.counted, ["preflight.refused.ambiguous_path_total"]);

        let done = run(TWO, "GET", target, &[], &upstream);
        assert!(matches!(done.answer, Answer::Continued(_)), "{target}");
        let expected = "access-control-allow-origin: *\nvary: Origin\n";
        assert_eq!(done.response, expected, "{target}");
        assert_eq!(done.counted, [""; 0]);
    }
}

#[test]
fn report_mode_counts_and_changes_nothing() {
    let report = |config: &str| config.replacen('{', r#"{"mode": "report", "#, 1);
    let by_host =
        r#"{"policies": [{"match": {"hosts": ["api.example.com"]}, "allow_origins": []}]}"#;
    let evil = ("origin", "https://evil.example");
    let preflight = ("access-control-request-method", "GET");
    for (config, method, head, counter) in [
        (POLICY, "GET", &[APP][..], "request_allowed"),
        (POLICY, "GET", &[evil], "request_passed_origin"),
        (
            POLICY,
            "OPTIONS",
            &[evil, preflight],
            "preflight_refused_origin",
        ),
        (POLICY, "OPTIONS", &[APP, preflight], "preflight_allowed"),
        (by_host, "GET", &[(":authority", "a:x")], "malformed_host"),
    ] {
        let upstream = [("access-control-allow-origin", "*")];
        let done = run(&report(config), method, "/", head, &upstream);
        assert!(matches!(done.answer, Answer::Continued(_)), "{counter}");
        assert_eq!(done.response, "access-control-allow-origin: *\n");
        assert_eq!(done.counted, [format!("reported.{counter}_total")]);
    }
}
