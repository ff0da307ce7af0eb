//! rate-limit in a real Envoy: its sample, and every claim of its README.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed assumption is a failed test"
)]

use e2e::{Client, Envoy, Load, Response};

fn get(envoy: &Envoy, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Client::http1().get(envoy.url(path));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send()
}

#[test]
fn exactly_the_quota_passes_over_all_workers_whatever_the_pressure() {
    for _ in 0..20 {
        let envoy = Envoy::with_filter(
            "rate-limit",
            "limits: [{name: all, requests: 50, per: 1h, burst: 50}]",
        )
        .concurrency(4)
        .start()
        .unwrap();
        let result = Load::new(envoy.url("/")).total(5000).connections(64).run();
        assert_eq!(result.count(200), 50, "{:?}", result.statuses);
        assert_eq!(result.count(429), 4950);
        envoy.assert_vm_alive();
    }
}
