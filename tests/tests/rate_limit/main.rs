//! rate-limit in a real Envoy: its sample, what clients are told, and what is counted.

mod answers;
mod concurrent;
mod exact;
mod keys;
mod odd;
mod parity;
mod quotas;
mod refusals;

use e2e::{Client, ConfigForm, Envoy, Response, cases, raw};
use std::thread::sleep;
use std::time::Duration;

fn get(envoy: &Envoy, path: &str, headers: &[(&str, &str)]) -> Response {
    envoy.get(path).headers(headers.iter().copied()).send()
}

fn filter(config: &str) -> Envoy {
    Envoy::with_filter("rate-limit", config).start()
}

#[test]
fn the_sample_does_what_its_comments_say() {
    let envoy = Envoy::from_sample("rate-limit").start();
    (cases::of("rate-limit").check)(&envoy);
}

#[test]
fn waiting_for_retry_after_lets_the_next_request_through_and_a_second_less_does_not() {
    let envoy = filter("limits: [{name: slow, requests: 1, per: 4s}]");
    assert_eq!(get(&envoy, "/", &[]).status, 200);
    let wait = |answer: &Response| answer.header("retry-after").unwrap().parse().unwrap();
    let refused = get(&envoy, "/", &[]);
    assert_eq!((refused.status, wait(&refused)), (429, 4_u64));
    sleep(Duration::from_secs(3));
    let again = get(&envoy, "/", &[]);
    assert_eq!((again.status, wait(&again)), (429, 1));
    sleep(Duration::from_secs(1));
    assert_eq!(get(&envoy, "/", &[]).status, 200);
}

#[test]
fn fields_are_those_of_the_configuration_and_retry_after_always_comes() {
    let draft = ["ratelimit", "ratelimit-policy"];
    let legacy = [
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    ];
    for (style, has_draft, has_legacy) in [
        ("draft", true, false),
        ("legacy", false, true),
        ("both", true, true),
        ("none", false, false),
    ] {
        let envoy = filter(&format!(
            "{{headers: {style}, limits: [{{name: a, requests: 10, per: 1m, burst: 2}}, {{name: b, requests: 90, per: 1h}}]}}"
        ));
        let answers = [(); 3].map(|()| get(&envoy, "/", &[]));
        for answer in &answers {
            for (names, there) in [(&draft[..], has_draft), (&legacy[..], has_legacy)] {
                for name in names {
                    let values = answer.headers_all(name);
                    assert_eq!(
                        values.len(),
                        usize::from(there),
                        "{style} {name} {values:?}"
                    );
                }
            }
        }
        let [first, _, refused] = &answers;
        assert_eq!((first.status, refused.status), (200, 429));
        assert_eq!(refused.header("retry-after"), Some("6"), "{style}");
        assert_eq!(first.header("retry-after"), None);
        if has_draft {
            let policy = "\"a\";q=10;w=60, \"b\";q=90;w=3600";
            assert_eq!(first.header("ratelimit-policy"), Some(policy));
            let state = "\"a\";r=1;t=6, \"b\";r=89;t=40";
            assert_eq!(first.header("ratelimit"), Some(state));
            assert_eq!(refused.header("ratelimit"), Some("\"a\";r=0;t=12"));
        }
        if has_legacy {
            assert_eq!(first.header("x-ratelimit-limit"), Some("10"));
            assert_eq!(first.header("x-ratelimit-reset"), Some("6"));
        }
    }
}

#[test]
fn of_two_limiters_in_a_chain_the_one_with_less_left_is_told() {
    let envoy = Envoy::with_filters(&[
        (
            "rate-limit",
            "limits: [{name: outer, requests: 100, per: 1h}]",
        ),
        (
            "rate-limit",
            "limits: [{name: inner, requests: 5, per: 1h}]",
        ),
    ])
    .start();
    let answer = get(&envoy, "/", &[]);
    assert_eq!(answer.header("x-ratelimit-limit"), Some("5"));
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("4"));
    let all = answer.headers_all("ratelimit-policy").join(", ");
    assert!(
        all.contains("\"outer\"") && all.contains("\"inner\""),
        "{all}"
    );
    let [.., refused] = [(); 5].map(|()| get(&envoy, "/", &[]));
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
}

#[test]
fn what_clients_get_is_in_the_form_that_they_ask_for() {
    let envoy = Envoy::with_filter("rate-limit", "limits: [{name: none, requests: 1, per: 1h}]")
        .upstream_protocol(e2e::Protocol::Http2)
        .access_log("%RESPONSE_CODE_DETAILS%")
        .start();
    assert_eq!(get(&envoy, "/", &[]).status, 200);
    let problem = get(&envoy, "/", &[("accept", "application/json")]);
    assert_eq!(
        problem.header("content-type"),
        Some("application/problem+json")
    );
    assert!(
        problem.text().contains("\"title\":\"Too Many Requests\""),
        "{}",
        problem.text()
    );
    let call = Client::http2()
        .request("POST", envoy.url("/a.B/C"))
        .send_grpc(b"x");
    assert_eq!(
        (call.http.status, call.status),
        (200, Some(8)),
        "RESOURCE_EXHAUSTED"
    );
    assert!(call.http.header("retry-after").is_some());
    envoy.wait_for_access_log("rate_limited{none}", Duration::from_secs(5));

    let envoy = filter(
        r#"{limits: [{name: a, requests: 1, per: 1h}], response: {status: 503, body: '{"limit": "${limit.name}"}',
            headers: [{name: content-type, value: application/json}, {name: x-from, value: "${request.header.x-id | no one}"}]}}"#,
    );
    get(&envoy, "/", &[]);
    let own = get(&envoy, "/", &[("x-id", "alice")]);
    assert_eq!(
        (own.status, own.text().as_str()),
        (503, "{\"limit\": \"a\"}")
    );
    assert_eq!(own.header("content-type"), Some("application/json"));
    assert_eq!(own.header("x-from"), Some("alice"));
    assert!(own.header("retry-after").is_some());
}

#[test]
fn report_mode_changes_nothing_but_counters_and_logs() {
    let envoy = filter("{mode: report, limits: [{name: a, requests: 1, per: 1h}]}");
    let plain = Envoy::with_no_filter().start();
    for _ in 0..3 {
        let answer = get(&envoy, "/", &[]);
        assert_eq!(answer.status, 200);
        let names = |answer: &Response| {
            let names = answer.headers.0.iter().map(|(name, _)| name.clone());
            names.collect::<Vec<_>>()
        };
        assert_eq!(names(&answer), names(&get(&plain, "/", &[])));
    }
    assert_eq!(envoy.stat("wasmcustom.rate_limit.reported.a_total"), 2);
    assert_eq!(envoy.stat("wasmcustom.rate_limit.passed.a_total"), 1);
    envoy.wait_for_log(
        "rate-limit: would be refused: reason=rate_limited limit=a method=GET",
        Duration::from_secs(5),
    );
}
