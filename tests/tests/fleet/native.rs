//! The rate limit service of the harness behind Envoy's own filter, which verifies the service with
//! which ours is tested.

use std::time::Duration;

use e2e::{
    Client, Envoy, Protocol, RateLimitService,
    rate_limit_service::{
        Dialect,
        proto::{Code, HeaderValue, rate_limit_response::Code as Answer},
    },
    wait,
};

/// Starts Envoy with its own rate limit filter, which asks for each client's address.
fn envoy(service: &RateLimitService, failure_mode_deny: bool) -> Envoy {
    Envoy::with_no_filter()
        .native(format!(
            r#"{{name: envoy.filters.http.ratelimit, typed_config: {{
                "@type": type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit,
                domain: edge, timeout: 5s, failure_mode_deny: {failure_mode_deny}, enable_x_ratelimit_headers: DRAFT_VERSION_03,
                rate_limit_service: {{transport_api_version: V3, grpc_service: {{envoy_grpc: {{cluster_name: rls}}}}}}}}}}"#
        ))
        .cluster_at("rls", service.port(), Protocol::Http2)
        .route("{match: {prefix: /}, route: {cluster: upstream, rate_limits: [{actions: [{remote_address: {}}]}]}}")
        .start()
}

#[test]
fn envoys_own_filter_lets_five_requests_pass_and_refuses_the_sixth() {
    let service = RateLimitService::options()
        .dialect(Dialect::Envoyproxy)
        .start()
        .unwrap();
    let envoy = envoy(&service, true);
    for left in (0..5).rev() {
        let answer = envoy.get("/").send();
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("x-ratelimit-remaining"),
            Some(&*left.to_string())
        );
    }
    let answer = envoy.get("/").send();
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("x-envoy-ratelimited"), Some("true"));
    assert_eq!((service.count(), envoy.upstream().count()), (6, 5));
    let request = service.last_request().unwrap();
    assert_eq!(
        (
            request.domain.as_str(),
            &request.descriptors[0].entries[0].value
        ),
        ("edge", &"127.0.0.1".to_owned())
    );
}

#[test]
fn envoys_own_filter_passes_on_what_the_service_adds() {
    let service = RateLimitService::options().start().unwrap();
    let envoy = envoy(&service, true);
    service.edit(|answer| {
        let field = |key: &str| HeaderValue {
            key: key.to_owned(),
            value: "added".to_owned(),
            ..HeaderValue::default()
        };
        answer.request_headers_to_add.push(field("x-request"));
        answer.response_headers_to_add.push(field("x-response"));
        if answer.overall_code() == Answer::OverLimit {
            answer.raw_body = b"slow down".to_vec();
        }
    });
    for _ in 0..5 {
        let answer = envoy.get("/").send();
        assert_eq!(answer.echo().header("x-request"), Some("added"));
        assert_eq!(answer.header("x-response"), Some("added"));
    }
    let refused = envoy.get("/").send();
    assert_eq!((refused.status, &*refused.text()), (429, "slow down"));
}

#[test]
fn without_the_service_envoys_own_filter_follows_its_failure_mode() {
    let mut service = RateLimitService::options().start().unwrap();
    let (closed, open) = (envoy(&service, true), envoy(&service, false));
    let statuses = || [&closed, &open].map(|envoy| envoy.get("/").send().status);
    assert_eq!(statuses(), [200, 200]);
    service.fail_with(Code::Internal);
    assert_eq!(statuses(), [500, 200]);
    service.behave();
    service.stop();
    assert_eq!(statuses(), [500, 200]);
    service.start().unwrap();
    wait::until("Envoy finds it again", Duration::from_secs(10), || {
        Client::http1().get(closed.url("/")).send().status != 500
    });
}
