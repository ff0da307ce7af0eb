//! header-rewrite with values designed to keep a worker busy: the time of a replacement is limited,
//! and what is too costly to replace does not pass through.

use crate::common::stat;
use e2e::{Client, Envoy, Response};
use std::time::{Duration, Instant};

/// Replaces in `x-far` with a pattern that searches to the end of the value for each `<`, in
/// `x-near` with one that does not.
const CONFIG: &str = r#"{"rules": [
    {"request": [{"replace": {"name": "x-far", "regex": "<[^>]*>|<", "with": "-"}},
        {"replace": {"name": "x-near", "regex": "<[^>]*>?", "with": "-"}},
        {"path": {"regex": "x[^y]*y|x", "with": "z"}}],
     "response": [{"replace": {"name": "x-far", "regex": "<[^>]*>|<", "with": "-"}},
        {"set": {"name": "x-edited", "value": "yes"}}]}]}"#;

fn with(config: &str) -> Envoy {
    Envoy::with_filter("header-rewrite", config)
        .concurrency(1)
        .access_log("%RESPONSE_CODE% %RESPONSE_CODE_DETAILS%")
        .start()
}

/// Returns the response, and the shortest time of three.
fn timed(send: impl Fn() -> Response) -> (Response, Duration) {
    let once = || {
        let start = Instant::now();
        let answer = send();
        (answer, start.elapsed())
    };
    let (_, first) = once();
    let (_, second) = once();
    let (answer, third) = once();
    (answer, first.min(second).min(third))
}

#[test]
fn a_value_that_would_keep_a_worker_busy_is_refused_in_the_time_of_a_few_readings() {
    let envoy = with(CONFIG);
    let client = Client::http1();
    let get = |name: &str, value: &str| client.get(envoy.url("/")).header(name, value).send();
    let long = "<".repeat(50_000);
    let (near, linear) = timed(|| get("x-near", &long));
    assert_eq!(near.echo().header("x-near"), Some("-"));

    // As many as can just be replaced, many more, and few followed by a long text.
    let few = format!("{}{}", "<a".repeat(16), "a".repeat(50_000));
    for (value, status) in [
        ("<".repeat(1_400), 200),
        (few, 200),
        ("<".repeat(8_000), 400),
        (long, 400),
    ] {
        let (answer, time) = timed(|| get("x-far", &value));
        assert_eq!(answer.status, status, "{} bytes", value.len());
        // Without a limit, 50,000 of them would be 25,000 readings of the value.
        let ratio = time.as_secs_f64() / linear.as_secs_f64();
        assert!(
            ratio < 50.0,
            "{} bytes: {time:?} to {linear:?}",
            value.len()
        );
    }
    assert_eq!(stat(&envoy, "refused.too_costly_total"), 6);
    envoy.wait_for_access_log("400 rewrite_too_costly", Duration::from_secs(5));
    let next = get("x-far", "a <b> c <");
    assert_eq!(next.echo().header("x-far"), Some("a - c -"));
}

#[test]
fn a_path_that_is_too_costly_to_rewrite_is_refused() {
    let envoy = with(CONFIG);
    let client = Client::http1();
    for (path, status) in [
        ("/x".to_owned(), 200),
        (format!("/{}", "x".repeat(1_400)), 200),
        (format!("/{}", "x".repeat(1_500)), 400),
        (format!("/{}", "x".repeat(50_000)), 400),
    ] {
        let answer = client.get(envoy.url(&path)).send();
        assert_eq!(answer.status, status, "{} bytes", path.len());
        assert_eq!(answer.header("x-edited"), Some("yes"), "also on a refusal");
        if status == 200 {
            assert!(!answer.echo().path.contains('x'));
        }
    }
    assert_eq!(stat(&envoy, "refused.too_costly_total"), 2);
    let grpc = Client::http2()
        .request("POST", envoy.url("/"))
        .header("x-far", "<".repeat(20_000))
        .send_grpc(b"");
    assert_eq!((grpc.http.status, grpc.status), (200, Some(3)));
}

#[test]
fn a_response_header_that_is_too_costly_to_replace_in_is_removed() {
    let envoy = with(CONFIG);
    let client = Client::http1();
    for (value, expected) in [
        ("a <b> c".to_owned(), Some("a - c")),
        ("<".repeat(50_000), None),
    ] {
        let answer = client
            .get(envoy.url("/"))
            .header("x-echo-set", format!("x-far: {value}"))
            .header("x-echo-set", "x-other: <")
            .send();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-far"), expected);
        assert_eq!(answer.header("x-other"), Some("<"));
        assert_eq!(answer.header("x-edited"), Some("yes"));
    }
    assert_eq!(stat(&envoy, "removed.too_costly_total"), 1);
}

#[test]
fn report_mode_counts_what_is_too_costly_and_lets_it_pass() {
    let envoy = with(&CONFIG.replacen('{', r#"{"mode": "report", "#, 1));
    let long = "<".repeat(20_000);
    let answer = envoy
        .get("/")
        .header("x-far", &long)
        .header("x-echo-set", format!("x-far: {long}"))
        .send();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.echo().header("x-far"), Some(long.as_str()));
    assert_eq!(answer.header("x-far"), Some(long.as_str()));
    for (name, count) in [
        ("reported.request_too_costly_total", 1),
        ("reported.response_too_costly_total", 1),
        ("refused.too_costly_total", 0),
        ("removed.too_costly_total", 0),
    ] {
        assert_eq!(stat(&envoy, name), count, "{name}");
    }
    let log = envoy.wait_for_log(
        // Report mode's log line is the kit's, and names the reason
        // as the response-code details do.
        "header-rewrite: would be refused: reason=rewrite_too_costly method=",
        Duration::from_secs(5),
    );
    assert!(!log.contains("<<<"), "values are never logged");
}

#[test]
fn a_pattern_that_follows_many_ways_at_once_is_bounded_by_its_work() {
    let envoy = with(
        r#"{"rules": [{"request": [{"replace": {"name": "x-wide", "regex": "[a-z]{1,500}X", "with": "-"}},
            {"path": {"regex": "[a-z]{1,500}X", "with": "-"}}, {"remove": {"regex": "x-(.*[a-z]{1,500}9)"}}]}]}"#,
    );
    let client = Client::http1();
    let (answer, small) = timed(|| client.get(envoy.url("/")).header("x-wide", "abcX").send());
    assert_eq!(answer.echo().header("x-wide"), Some("-"));
    let long = "a".repeat(50_000);
    let (answer, time) = timed(|| client.get(envoy.url("/")).header("x-wide", &long).send());
    assert_eq!(answer.status, 400);
    // Without a limit it took more than a second.
    assert!(
        time < small + Duration::from_millis(300),
        "{time:?} and {small:?}"
    );
    let answer = client.get(envoy.url(&format!("/{long}"))).send();
    assert_eq!(answer.status, 400);
    let answer = client
        .get(envoy.url("/"))
        .header(&format!("x-{long}9"), "1")
        .send();
    assert_eq!(answer.status, 400);
    assert_eq!(stat(&envoy, "refused.too_costly_total"), 5);
    envoy.wait_for_access_log("400 rewrite_too_costly", Duration::from_secs(5));
}

#[test]
fn an_expression_in_a_match_is_bounded_by_its_work_too() {
    for (matches, target, name) in [
        (
            r#""headers": [{"name": "x-a", "regex": ".*[a-z]{1,500}X"}]"#,
            "/",
            "x-a",
        ),
        (
            r#""query": [{"name": "q", "regex": ".*[a-z]{1,500}X"}]"#,
            "/?q=",
            "x-b",
        ),
        (r#""paths": [{"regex": "/.*[a-z]{1,500}X"}]"#, "/", "x-b"),
        (
            r#""not": {"headers": [{"name": "x-a", "regex": "(?:.{0,100}){5}.*X"}]}"#,
            "/",
            "x-a",
        ),
    ] {
        let envoy = with(&format!(
            r#"{{"rules": [{{"match": {{{matches}}}, "request": [{{"set": {{"name": "x-set", "value": "1"}}}}]}}]}}"#
        ));
        let client = Client::http1();
        let long = "a".repeat(50_000);
        let ask = |text: &str| {
            let (target, value) = match name {
                "x-a" => (target.to_owned(), text),
                _ => (format!("{target}{text}"), "-"),
            };
            client.get(envoy.url(&target)).header(name, value).send()
        };
        let (answer, small) = timed(|| ask("abcX"));
        assert_eq!(answer.status, 200, "{matches}");
        let is_set = !matches.contains("not");
        assert_eq!(answer.echo().header("x-set").is_some(), is_set, "{matches}");
        let (answer, time) = timed(|| ask(&long));
        assert_eq!(answer.status, 400, "{matches}");
        // Without a limit it took more than a second.
        assert!(
            time < small + Duration::from_millis(300),
            "{matches}: {time:?} and {small:?}"
        );
        envoy.assert_vm_alive();
    }
}
