//! What a client gets from an answer of the service.

use super::{LIMITS, config, envoy, get, header};
use e2e::RateLimitService;
use e2e::rate_limit_service::Dialect;
use e2e::rate_limit_service::proto::{Period, rate_limit_response};

#[test]
fn headers_and_body_of_the_service_are_passed_on() {
    // Like envoyproxy/ratelimit, which returns a status for each limit.
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
    // Same as native; see `native.rs`. The service's own value is replaced.
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
