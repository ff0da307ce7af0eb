//! rate-limit in a real Envoy: its sample, what clients are told, what is counted.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::arithmetic_side_effects,
    reason = "a failed assumption is a failed test, and a client waits on the real clock"
)]

use e2e::{Client, ConfigForm, Envoy, Response, cases};
use std::thread::sleep;
use std::time::Duration;

fn get(envoy: &Envoy, path: &str, headers: &[(&str, &str)]) -> Response {
    Client::http1()
        .get(envoy.url(path))
        .headers(headers.iter().copied())
        .send()
}

fn filter(config: &str) -> Envoy {
    Envoy::with_filter("rate-limit", config).start().unwrap()
}

#[test]
fn the_sample_does_what_its_comments_say() {
    let envoy = Envoy::from_sample("rate-limit").start().unwrap();
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
    .start()
    .unwrap();
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
fn clients_are_told_apart_by_the_address_that_envoy_trusts() {
    let envoy = Envoy::with_filter(
        "rate-limit",
        "limits: [{name: client, requests: 1, per: 1h, key: [{client_ip: {ipv6_prefix: 64}}]}]",
    )
    .hcm("{use_remote_address: true, xff_num_trusted_hops: 1}")
    .start()
    .unwrap();
    let from = |forwarded: &str| get(&envoy, "/", &[("x-forwarded-for", forwarded)]).status;
    assert_eq!(from("198.51.100.1"), 200);
    assert_eq!(from("198.51.100.1"), 429);
    assert_eq!(
        from("203.0.113.9, 198.51.100.1"),
        429,
        "a forged address before it"
    );
    assert_eq!(from("198.51.100.2"), 200);
    assert_eq!(from("2001:db8::1"), 200);
    assert_eq!(from("2001:db8::2"), 429, "the same /64");
    assert_eq!(from("2001:db8:0:1::1"), 200);
}

#[test]
fn keys_of_all_kinds_tell_requests_apart() {
    let limit = |part: &str| format!("limits: [{{name: a, requests: 1, per: 1h, key: [{part}]}}]");
    let client = Client::http1();
    for (part, one, other) in [
        (
            "{header: x-user}",
            ("/", "x-user", "a"),
            ("/", "x-user", "b"),
        ),
        ("{query: u}", ("/?u=a", "x-n", "1"), ("/?u=b", "x-n", "1")),
        (
            "{cookie: s}",
            ("/", "cookie", "s=a"),
            ("/", "cookie", "t=1; s=b"),
        ),
        ("{path: {}}", ("/a", "x-n", "1"), ("/b", "x-n", "1")),
        (
            "{host: {}}",
            ("/", "host", "a.example"),
            ("/", "host", "b.example"),
        ),
        (
            "{value: all}, {header: x-user}",
            ("/", "x-user", "a"),
            ("/", "x-user", "b"),
        ),
    ] {
        let envoy = filter(&limit(part));
        let status = |(path, name, value): (&str, &str, &str)| {
            client
                .get(envoy.url(path))
                .header(name, value)
                .send()
                .status
        };
        let statuses = [one, one, other, other].map(status);
        assert_eq!(statuses, [200, 429, 200, 429], "{part}");
    }
    let envoy = filter(&limit("{path: {}}"));
    assert_eq!(get(&envoy, "/a/b", &[]).status, 200);
    for spelling in [
        "/a//b",
        "/a/./b",
        "/%61/b",
        "/x/../a/b",
        "/a/b;v=1",
        "/a/b?q",
    ] {
        assert_eq!(get(&envoy, spelling, &[]).status, 429, "{spelling}");
    }
    let envoy = filter(&limit("{header: x-user}"));
    let twice = |one, two| get(&envoy, "/", &[("x-user", one), ("x-user", two)]).status;
    assert_eq!(twice("a", "b"), 200);
    assert_eq!(
        twice("c", "d"),
        429,
        "requests with several values share a bucket"
    );
    let envoy = filter(&limit("{method: {}}"));
    let status = |method| client.request(method, envoy.url("/")).send().status;
    assert_eq!(["GET", "GET", "PUT"].map(status), [200, 429, 200]);
}

#[test]
fn missing_and_strange_keys_and_costs_have_their_answers() {
    let envoy = filter(
        r#"{limits: [
            {name: strict, match: {paths: [{prefix: /strict}]}, key: [{header: x-user}], requests: 1, per: 1h, missing_key: refuse},
            {name: shared, match: {paths: [{prefix: /shared}]}, key: [{header: x-user}], requests: 1, per: 1h, missing_key: shared},
            {name: skip, match: {paths: [{prefix: /skip}]}, key: [{header: x-user}], requests: 1, per: 1h},
            {name: cost, match: {paths: [{prefix: /cost}]}, requests: 10, per: 1h, cost: {header: x-cost, default: 3}}]}"#,
    );
    let status = |path| get(&envoy, path, &[]).status;
    assert_eq!(
        [status("/strict"), status("/shared"), status("/skip")],
        [400, 200, 200]
    );
    assert_eq!(
        [status("/strict"), status("/shared"), status("/skip")],
        [400, 429, 200]
    );
    let details = get(&envoy, "/strict", &[]);
    assert_eq!(
        details.text(),
        "The request lacks what its limit counts by.\n"
    );
    let long = "k".repeat(55_000);
    assert_eq!(get(&envoy, "/skip", &[("x-user", &long)]).status, 200);
    assert_eq!(get(&envoy, "/skip", &[("x-user", &long)]).status, 429);
    let other = format!("{}x", "k".repeat(54_999));
    assert_eq!(get(&envoy, "/skip", &[("x-user", &other)]).status, 200);

    let left = |cost: &str| {
        let answer = get(&envoy, "/cost", &[("x-cost", cost)]);
        let left = answer.header("x-ratelimit-remaining").map(str::to_owned);
        (answer.status, left.unwrap_or_default())
    };
    assert_eq!(left("0"), (200, "10".into()));
    assert_eq!(
        left("1e300"),
        (200, "7".into()),
        "no number: the default, 3"
    );
    assert_eq!(left("-1"), (200, "4".into()));
    assert_eq!(left("11"), (429, String::new()), "more than the burst");
    assert_eq!(left("99999999999999999999"), (429, String::new()));
    assert_eq!(left("four"), (200, "1".into()));
    assert_eq!(left("2"), (429, "1".into()));
    assert_eq!(left("1"), (200, "0".into()));
    assert_eq!(
        left("0"),
        (200, "0".into()),
        "a cost of nothing is never refused"
    );
    envoy.assert_vm_alive();
}

#[test]
fn what_clients_get_is_in_the_form_that_they_ask_for() {
    let envoy = Envoy::with_filter("rate-limit", "limits: [{name: none, requests: 1, per: 1h}]")
        .upstream_protocol(e2e::Protocol::Http2)
        .access_log("%RESPONSE_CODE_DETAILS%")
        .start()
        .unwrap();
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
            headers: [{name: content-type, value: application/json}, {name: x-from, value: "${request.header.x-id | nobody}"}]}}"#,
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
    let plain = Envoy::with_no_filter().start().unwrap();
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
        "report: the request would be refused by the limit a",
        Duration::from_secs(5),
    );
}

#[test]
fn a_path_that_may_be_another_is_refused_and_an_empty_configuration_is_inert() {
    let envoy =
        filter("limits: [{name: a, match: {paths: [{prefix: /login}]}, requests: 1, per: 1h}]");
    for path in ["/%6cogin", "//login", "/x/../login", "/login;a"] {
        assert_eq!(get(&envoy, path, &[]).status, 400, "{path}");
    }
    assert_eq!(
        envoy.stat("wasmcustom.rate_limit.refused.ambiguous_path_total"),
        4
    );
    for form in [ConfigForm::Struct, ConfigForm::Text] {
        let empty = Envoy::with_filter("rate-limit", "{}").form(form);
        let answer = get(&empty.start().unwrap(), "//login", &[]);
        assert_eq!((answer.status, answer.header("ratelimit")), (200, None));
    }
}
