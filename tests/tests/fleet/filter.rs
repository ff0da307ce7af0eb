//! rate-limit with a rate limit service: one quota for several Envoys, and what happens where the
//! service is gone, slow or wrong.

use e2e::rate_limit_service::Dialect;
use e2e::rate_limit_service::proto::{
    Code, HeaderValue, Period, RateLimitResponse, rate_limit_response,
};
use e2e::{Client, Envoy, Load, Protocol, RateLimitService, Redis, Response};
use std::time::{Duration, Instant};

const LIMITS: &str = "
- {namespace: edge, name: per-client, max_value: 5, seconds: 600, conditions: [], variables: ['descriptors[0].remote_address']}
";

fn envoy(service: &RateLimitService, config: &str) -> Envoy {
    Envoy::with_filter("rate-limit", config)
        .cluster_at("rls", service.port(), Protocol::Http2)
        .concurrency(2)
        .start()
}

/// `on_error` must be written.
fn config(rest: &str) -> String {
    format!(
        "{{limits: [{{name: per-client, scope: service, key: [{{client_ip: {{}}}}], requests: 3, per: 1h}}],
          service: {{cluster: rls, domain: edge{rest}}}}}"
    )
}

fn get(envoy: &Envoy) -> Response {
    envoy.get("/").send()
}

#[test]
fn two_envoys_with_one_service_over_redis_share_one_quota() {
    let redis = Redis::spawn().unwrap();
    let limits = LIMITS.replace("max_value: 5", "max_value: 50");
    let start = || {
        let options = RateLimitService::options().limits(limits.as_str());
        options.redis(redis.url()).start().unwrap()
    };
    // One service each, and Redis for both.
    let services = [start(), start()];
    let envoys = services
        .each_ref()
        .map(|service| envoy(service, &config(", timeout: 5s, on_error: refuse")));
    let loads = envoys.each_ref().map(|envoy| {
        let load = Load::new(envoy.url("/")).total(200).connections(8);
        load.start()
    });
    let results = loads.map(e2e::load::RunningLoad::join);
    let passed: u64 = results.iter().map(|result| result.count(200)).sum();
    let refused: u64 = results.iter().map(|result| result.count(429)).sum();
    assert_eq!((passed, refused), (50, 350), "{results:?}");
}

#[test]
fn the_sample_counts_by_the_service_and_here_where_there_is_none() {
    let mut service = RateLimitService::options().start().unwrap();
    let envoy = Envoy::from_sample("rate-limit-fleet")
        .cluster_port("rate-limit-service", service.port())
        .path("address: limitador", "address: 127.0.0.1")
        .start();
    // A first connection may take longer than the sample's 20 ms on a busy machine; then this
    // process counts.
    let statuses: Vec<_> = (0..20).map(|_| get(&envoy).status).collect();
    let passed = statuses.iter().filter(|status| **status == 200).count();
    assert!((5..=10).contains(&passed), "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429));
    assert!(service.count() > 0);
    service.stop();
    let statuses: Vec<_> = (0..20).map(|_| get(&envoy).status).collect();
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert!(envoy.stat("wasmcustom.rate_limit.service.error_total") > 0);
}

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
    // A name that Envoy could take for a message.
    let running = RateLimitService::with_limits(LIMITS).unwrap();
    let named = Envoy::with_filter(
        "rate-limit",
        config(", timeout: 5s, on_error: refuse").replace("rls", "h2"),
    );
    let named = named
        .cluster_at("h2", running.port(), Protocol::Http2)
        .start();
    assert_eq!((get(&named).status, running.count()), (200, 1));
    // An unknown cluster is no answer either, and refused at once.
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

// with `Pause` on body and trailers as long as a request waits, so
// that `allow_on_headers_stop_iteration` cannot let it through.
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

fn header(key: &str, value: &str) -> HeaderValue {
    HeaderValue {
        key: key.to_owned(),
        value: value.to_owned(),
        ..HeaderValue::default()
    }
}

#[test]
fn headers_and_body_of_the_service_are_passed_on() {
    // As envoyproxy/ratelimit answers, which gives each limit its status.
    let options = RateLimitService::options().limits(LIMITS);
    let service = options.dialect(Dialect::Envoyproxy).start().unwrap();
    service.edit(|answer| {
        answer.request_headers_to_add =
            vec![header("x-tier", "gold"), header("content-length", "9")];
        answer.response_headers_to_add = vec![header("x-service", "yes")];
        answer.raw_body = b"from the service".to_vec();
    });
    let envoy = envoy(&service, &config(", timeout: 5s, on_error: allow"));
    let passed = get(&envoy);
    assert_eq!(passed.echo().header("x-tier"), Some("gold"));
    assert_eq!(passed.header("x-service"), Some("yes"));
    assert_eq!(
        passed.header("x-ratelimit-limit"),
        Some("5"),
        "of the service's limit"
    );
    assert_eq!(passed.header("x-ratelimit-remaining"), Some("4"));
    for _ in 0..4 {
        get(&envoy);
    }
    let refused = get(&envoy);
    assert_eq!(
        (refused.status, refused.text().as_str()),
        (429, "from the service")
    );
    // As native does; see `native.rs`. The service's own word for it is replaced.
    assert_eq!(refused.headers_all("x-envoy-ratelimited"), ["true"]);
    assert_eq!(refused.header("x-service"), Some("yes"));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(
        envoy.stat("wasmcustom.rate_limit.refused.per-client_total"),
        1
    );
    assert_eq!(
        envoy.stat("wasmcustom.rate_limit.service.over_limit_total"),
        1
    );
}

// On a refusal `retry-after` and the legacy fields are of the limit that refused, and a limit in
// report mode refuses no request.
#[test]
fn a_refusal_is_about_the_limit_that_refused_and_not_about_another_that_is_used_up() {
    let limit = |n: u32, seconds: u32| {
        format!(
            "- {{namespace: edge, name: n{n}, max_value: {n}, seconds: {seconds}, conditions: [], variables: ['descriptors[0].generic_key']}}\n"
        )
    };
    let options = RateLimitService::options().limits(limit(9, 600).as_str());
    let service = options.dialect(Dialect::Envoyproxy).start().unwrap();
    service.edit(|answer| {
        answer.overall_code = rate_limit_response::Code::OverLimit.into();
        for (status, (requests, seconds)) in
            answer
                .statuses
                .iter_mut()
                .zip([(1, 86_400), (2, 30), (3, 1_800)])
        {
            status.code = rate_limit_response::Code::OverLimit.into();
            status.limit_remaining = 0;
            let current = status.current_limit.get_or_insert_default();
            current.requests_per_unit = requests;
            status.duration_until_reset = Some(Period { seconds, nanos: 0 });
        }
    });
    let envoy = envoy(
        &service,
        "{limits: [
            {name: day, scope: service, mode: report, key: [{value: day}]},
            {name: minute, scope: service, key: [{value: minute}]},
            {name: hour, scope: service, key: [{value: hour}]}],
          service: {cluster: rls, domain: edge, timeout: 5s, on_error: allow},
          response: {body: \"${limit.name}\"}}",
    );
    let refused = get(&envoy);
    assert_eq!((refused.status, refused.text().as_str()), (429, "hour"));
    assert_eq!(refused.header("retry-after"), Some("1800"));
    assert_eq!(refused.header("x-ratelimit-limit"), Some("3"));
    assert_eq!(refused.header("x-ratelimit-reset"), Some("1800"));
    let stat = |name: &str| envoy.stat(&format!("wasmcustom.rate_limit.{name}_total"));
    assert_eq!((stat("reported.day"), stat("refused.hour")), (1, 1));
    envoy.assert_vm_alive();
}

#[test]
fn one_call_asks_for_all_limits_of_a_request_with_its_cost() {
    let service = RateLimitService::with_limits(LIMITS).unwrap();
    let envoy = envoy(
        &service,
        "{limits: [
            {name: a, scope: service, key: [{client_ip: {}}, {header: x-user}], cost: {header: x-cost}},
            {name: b, scope: service, key: [{value: all}], match: {paths: [{prefix: /b}]}},
            {name: c, scope: service, key: [{path: {}}, {method: {}}, {host: {}}, {query: q}]},
            {name: here, requests: 5, per: 1h}],
          service: {cluster: rls, domain: edge, timeout: 5s, on_error: allow}}",
    );
    let request = envoy.get("/b?q=%C3%A9");
    let answer = request
        .header("x-user", b"caf\xe9")
        .header("x-cost", "3")
        .host("API.example.com:80")
        .send();
    assert_eq!(answer.status, 200);
    assert_eq!(service.count(), 1);
    let asked = service.last_request().unwrap();
    assert_eq!((asked.domain.as_str(), asked.hits_addend), ("edge", 3));
    let entries: Vec<Vec<_>> = asked
        .descriptors
        .iter()
        .map(|d| {
            d.entries
                .iter()
                .map(|e| (e.key.as_str(), e.value.as_str()))
                .collect()
        })
        .collect();
    assert_eq!(
        entries,
        [
            vec![("remote_address", "127.0.0.1"), ("x-user", "caf%E9")],
            vec![("generic_key", "all")],
            vec![
                ("path", "/b"),
                ("method", "GET"),
                ("host", "api.example.com"),
                ("q", "é")
            ],
        ]
    );
    let costs: Vec<_> = asked.descriptors.iter().map(|d| d.hits_addend).collect();
    let costs: Vec<_> = costs.into_iter().map(|c| c.map(|c| c.value)).collect();
    assert_eq!(costs, [Some(3), Some(1), Some(1)]);
    // A cost of nothing asks nothing, and a limit of this process that refuses spares the call.
    let free =
        config(", timeout: 5s, on_error: allow").replace("requests: 3", "cost: 0, requests: 3");
    let envoy = self::envoy(&service, &free);
    assert_eq!((get(&envoy).status, service.count()), (200, 1));
    let local = "{limits: [{name: here, requests: 1, per: 1h}, {name: there, scope: service}],
        service: {cluster: rls, domain: edge, timeout: 5s, on_error: allow}}";
    let envoy = self::envoy(&service, local);
    assert_eq!([(); 3].map(|()| get(&envoy).status), [200, 429, 429]);
    assert_eq!(service.count(), 2);
}

#[test]
fn a_limit_in_report_mode_refuses_nobody_whatever_the_service_says() {
    let service = RateLimitService::with_limits(LIMITS).unwrap();
    let report = config(", timeout: 5s, on_error: allow")
        .replace("requests: 3", "mode: report, requests: 3");
    let envoy = envoy(&service, &report);
    for _ in 0..7 {
        let answer = get(&envoy);
        assert_eq!((answer.status, answer.header("ratelimit")), (200, None));
    }
    assert_eq!(
        envoy.stat("wasmcustom.rate_limit.reported.per-client_total"),
        2
    );
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
