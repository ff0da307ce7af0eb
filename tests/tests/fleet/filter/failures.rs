//! What happens if the service is down, slow, wrong or hostile.

use super::{LIMITS, config, envoy, get, header};
use e2e::rate_limit_service::proto::{Code, RateLimitResponse};
use e2e::{Client, Envoy, Protocol, RateLimitService};
use std::time::{Duration, Instant};

#[test]
fn without_the_service_each_on_error_does_what_it_says() {
    let mut service = RateLimitService::with_limits(LIMITS).unwrap();
    service.stop();
    for (on_error, statuses) in [
        ("allow", [200, 200, 200, 200]),
        ("refuse", [503, 503, 503, 503]),
        ("process", [200, 200, 200, 429]),
    ] {
        let envoy = envoy(&service, &config(&format!(", on_error: {on_error}")));
        let answers = [(); 4].map(|()| get(&envoy));
        assert_eq!(answers.each_ref().map(|a| a.status), statuses, "{on_error}");
        assert_eq!(envoy.stat("wasmcustom.rate_limit.service.error_total"), 4);
        if on_error == "refuse" {
            assert_eq!(answers[0].header("retry-after"), Some("1"));
            assert_eq!(
                answers[0].text(),
                "The request could not be counted. Try again.\n"
            );
        }
    }
    // A name that Envoy could parse as a message.
    let running = RateLimitService::with_limits(LIMITS).unwrap();
    let named = Envoy::with_filter(
        "rate-limit",
        config(", timeout: 5s, on_error: refuse").replace("rls", "h2"),
    );
    let named = named
        .cluster_at("h2", running.port(), Protocol::Http2)
        .start();
    assert_eq!((get(&named).status, running.count()), (200, 1));
    // With an unknown cluster there is no answer either, and the request is refused immediately.
    let no_cluster = config(", on_error: refuse").replace("rls", "none");
    let envoy = envoy(&service, &no_cluster);
    assert_eq!(get(&envoy).status, 503);
}

#[test]
fn no_request_waits_longer_than_the_timeout_and_the_service_is_taken_back_when_it_answers() {
    let mut service = RateLimitService::with_limits(LIMITS).unwrap();
    service.delay(Duration::from_secs(5));
    let envoy = envoy(&service, &config(", timeout: 500ms, on_error: allow"));
    for _ in 0..4 {
        let begun = Instant::now();
        assert_eq!(get(&envoy).status, 200);
        let waited = begun.elapsed();
        assert!(waited >= Duration::from_millis(450), "{waited:?}");
        assert!(waited < Duration::from_secs(4), "{waited:?}");
    }
    service.behave();
    // The late answers were charged; what is left of five passes.
    let statuses: Vec<_> = (0..6).map(|_| get(&envoy).status).collect();
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    service.stop();
    assert_eq!(get(&envoy).status, 200);
    service.start().unwrap();
    e2e::wait::until("the service counts again", Duration::from_secs(20), || {
        get(&envoy).status == 429
    });
}

// While a request waits, its body and trailers get `Pause` too, so that
// `allow_on_headers_stop_iteration` cannot let it through.
#[test]
fn a_request_with_a_body_waits_for_the_service_whatever_stop_iteration_means() {
    for allowed in [true, false] {
        let service = RateLimitService::with_limits(LIMITS).unwrap();
        service.delay(Duration::from_millis(300));
        let envoy = Envoy::with_filter("rate-limit", config(", timeout: 9s, on_error: refuse"))
            .cluster_at("rls", service.port(), Protocol::Http2)
            .plugin(format!("allow_on_headers_stop_iteration: {allowed}"))
            .start();
        for client in [Client::http1(), Client::http2()] {
            let post = || {
                let request = client.post(envoy.url("/")).body("b".repeat(50_000));
                request.send().status
            };
            let before = envoy.upstream().count();
            let statuses = [(); 3].map(|()| post());
            let passed = statuses.iter().filter(|status| **status == 200).count();
            let reached = envoy.upstream().count() - before;
            assert_eq!(reached, passed as u64, "{allowed}: {statuses:?}");
        }
        assert_eq!(envoy.upstream().count(), 5, "the limit of the service");
        let requests = envoy.upstream().requests();
        assert!(requests.iter().all(|request| request.body.len() == 50_000));
    }
}

#[test]
fn an_answer_that_is_none_is_an_error_and_a_hostile_one_breaks_nothing() {
    let service = RateLimitService::with_limits(LIMITS).unwrap();
    let envoy = envoy(&service, &config(", timeout: 5s, on_error: refuse"));
    type Edit = fn(&mut RateLimitResponse);
    let edits: [(Edit, u16); 4] = [
        (|answer| answer.overall_code = 0, 503),
        (|answer| answer.overall_code = 77, 503),
        (
            |answer| {
                answer.statuses.clear();
                let long = "v".repeat(4000);
                answer.response_headers_to_add =
                    (0..2000).map(|n| header(&format!("x-{n}"), "1")).collect();
                answer.request_headers_to_add = vec![
                    header("x-long", &long),
                    header("x-split", "a\r\nx-forged: 1"),
                    header(":path", "/other"),
                    header("host", "other"),
                ];
            },
            200,
        ),
        (
            |answer| {
                for status in &mut answer.statuses {
                    status.limit_remaining = u32::MAX;
                    if let Some(limit) = &mut status.current_limit {
                        limit.requests_per_unit = u32::MAX;
                        limit.unit = -5;
                    }
                }
            },
            200,
        ),
    ];
    for (n, (edit, status)) in edits.into_iter().enumerate() {
        service.edit(edit);
        let answer = get(&envoy);
        assert_eq!(answer.status, status, "edit {n}");
        if n == 2 {
            let echo = answer.echo();
            assert_eq!((echo.path.as_str(), echo.header("x-forged")), ("/", None));
        }
    }
    service.behave();
    service.fail_with(Code::Internal);
    assert_eq!(get(&envoy).status, 503);
    service.behave();
    assert_eq!(get(&envoy).status, 200);
}
