//! rate-limit counts exactly, under any load, over all workers, and across a change of its
//! configuration.

use e2e::{Envoy, Load, wait};
use std::time::Duration;

fn filter(config: &str) -> Envoy {
    Envoy::with_filter("rate-limit", config)
        .concurrency(4)
        .start()
}

#[test]
fn twenty_times_out_of_twenty_exactly_the_quota_passes() {
    // Each path has its own unused bucket.
    let envoy =
        filter("limits: [{name: all, key: [{path: {}}], requests: 50, per: 1h, burst: 50}]");
    for run in 0..20 {
        let url = envoy.url(&format!("/run-{run}"));
        let result = Load::new(url).total(5000).connections(64).run();
        assert_eq!(result.count(200), 50, "run {run}: {:?}", result.statuses);
        assert_eq!(result.count(429), 4950, "run {run}: {:?}", result.errors);
    }
    assert_eq!(envoy.stat("wasmcustom.rate_limit.contended_total"), 0);
}

#[test]
fn a_hundred_keys_at_once_have_exactly_their_quota_each() {
    let envoy = filter("limits: [{name: user, key: [{header: x-user}], requests: 50, per: 1h}]");
    let result = Load::new(envoy.url("/"))
        .total(100 * 70)
        .connections(64)
        .keys("x-user", 100)
        .run();
    let passed = result.count_by_key(200);
    assert_eq!(passed.len(), 100);
    assert!(passed.values().all(|count| *count == 50), "{passed:?}");
}

#[test]
fn under_pressure_the_burst_passes_and_then_the_rate() {
    let envoy = filter("limits: [{name: all, requests: 10, per: 1s, burst: 25}]");
    let load = Load::new(envoy.url("/"))
        .total(u64::MAX)
        .connections(16)
        .start();
    std::thread::sleep(Duration::from_secs(30));
    let result = load.finish();
    // The load lasts at least 30 s, and a little longer on a slow machine.
    let allowed = |seconds: f64| 25.0 + 10.0 * seconds;
    let passed = result.count(200) as f64;
    let longest = result.elapsed.as_secs_f64();
    assert!(passed >= allowed(30.0) - 1.0, "{passed} in {longest} s");
    assert!(passed <= allowed(longest) + 1.0, "{passed} in {longest} s");
    assert_eq!(result.failed(), 0);
}

#[test]
fn a_new_configuration_keeps_the_counts_of_limits_that_did_not_change() {
    let kept = r#"{"name": "kept", "match": {"paths": [{"prefix": "/kept"}]}, "requests": 3, "per": "1h"}"#;
    let config = |limits: &str| format!(r#"{{"limits": [{limits}]}}"#);
    let envoy = Envoy::with_replaceable_filter("rate-limit", &config(kept))
        .unwrap()
        .concurrency(2)
        .start();
    let get = |path: &str| envoy.get(path).try_send().ok();
    for _ in 0..3 {
        assert_eq!(get("/kept").unwrap().status, 200);
    }
    let changed = config(&format!(
        r#"{{"name": "new", "requests": 1000, "per": "1h"}}, {kept}"#
    ));
    envoy.dynamic().configure("rate-limit", &changed).unwrap();
    wait::until(
        "the new configuration serves",
        Duration::from_secs(20),
        || {
            get("/").is_some_and(|answer| {
                answer.header("ratelimit-policy") == Some("\"new\";q=1000;w=3600")
            })
        },
    );
    for _ in 0..20 {
        assert_eq!(get("/kept").unwrap().status, 429, "on every worker");
    }
}

#[test]
fn a_flood_of_keys_takes_no_more_than_the_table_and_frees_nobody_who_is_limited() {
    let envoy = filter(
        "{max_keys: 1000, limits: [{name: user, key: [{header: x-user}], requests: 5, per: 1h}]}",
    );
    let busy = || {
        let request = envoy.get("/");
        request.header("x-user", "busy").send().status
    };
    assert_eq!([(); 6].map(|()| busy()), [200, 200, 200, 200, 200, 429]);
    let flood = |keys: u64| {
        let load = Load::new(envoy.url("/")).total(keys).connections(32);
        load.keys("x-user", keys).run()
    };
    let before = {
        flood(2000);
        envoy.rss_bytes().unwrap()
    };
    let result = flood(20_000);
    assert_eq!(result.count(200), 20_000, "{:?}", result.statuses);
    assert_eq!(busy(), 429, "during and after the flood");
    let grown = envoy.rss_bytes().unwrap().saturating_sub(before);
    // The table was full before, so any growth is Envoy's own, for requests in progress.
    assert!(grown < 16 << 20, "{grown} bytes more");
    assert!(envoy.stat("wasmcustom.rate_limit.evicted_total") > 15_000);
}
