//! rate-limit with a rate limit service: one quota for several Envoys, and what the service is
//! asked.

mod answers;
mod failures;

use e2e::rate_limit_service::proto::HeaderValue;
use e2e::{Envoy, Load, Protocol, RateLimitService, Redis, Response};

const LIMITS: &str = "
- {namespace: edge, name: per-client, max_value: 5, seconds: 600, conditions: [], variables: ['descriptors[0].remote_address']}
";

fn envoy(service: &RateLimitService, config: &str) -> Envoy {
    Envoy::with_filter("rate-limit", config)
        .cluster_at("rls", service.port(), Protocol::Http2)
        .concurrency(2)
        .start()
}

/// `on_error` is required.
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
    // One service each, and one Redis for both.
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
    let statuses: Vec<_> = (0..20).map(|_| get(&envoy).status).collect();
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    // On a busy machine, the service may miss the sample's 20 ms; then this process counts and lets
    // more pass.
    let allowed = envoy.stat("wasmcustom.rate_limit.service.ok_total");
    assert!((1..=5).contains(&allowed), "{allowed}: {statuses:?}");
    assert!(service.count() > 0);
    service.stop();
    let statuses: Vec<_> = (0..20).map(|_| get(&envoy).status).collect();
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert!(envoy.stat("wasmcustom.rate_limit.service.error_total") > 0);
}

fn header(key: &str, value: &str) -> HeaderValue {
    HeaderValue {
        key: key.to_owned(),
        value: value.to_owned(),
        ..HeaderValue::default()
    }
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
    // A cost of zero causes no call, and neither does a request that a limit of this process
    // refuses.
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
