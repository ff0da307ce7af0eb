//! The cost of jwt-auth, as ratios within one Envoy: compared with `jwt_authn`, and under a flood
//! of forged tokens.
//!
//! Times are CPU time of Envoy's only worker, so other load on the machine does not count. A filter
//! occurs [`COPIES`] times in its chain, and the cost of the empty chain is subtracted. The cases
//! are interleaved in rounds, and the median of the rounds' ratios counts.

mod flood;

use e2e::token::{self, Token};
use e2e::{Client, Envoy, paths};
use serde_json::{Value, json};
use std::fs;

const COPIES: usize = 10;
const ROUNDS: usize = 9;
const REQUESTS: usize = 150;

/// A listener for each case: no filter, the native one, and ours.
fn envoy() -> Envoy {
    let router = json!({"name": "router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}});
    let listener = |name: &str, port: u16, mut filters: Vec<Value>| {
        filters.push(router.clone());
        json!({
            "name": name,
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
            "filter_chains": [{"filters": [{"name": "http", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                "stat_prefix": name,
                "http_filters": filters,
                "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
                    {"match": {"prefix": "/"}, "direct_response": {"status": 204}}]}]},
            }}]}],
        })
    };
    let native = |i: usize| {
        json!({"name": format!("native-{i}"), "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": {"corp": {"issuer": token::ISSUER, "audiences": ["api"], "forward": true,
                "local_jwks": {"inline_string": token::JWKS}}},
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "corp"}}],
        }})
    };
    // A different realm for each copy, so that each has its own cache, which is too small for the
    // tokens of a long sequence.
    let ours = |i: usize| {
        json!({"name": format!("ours-{i}"), "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": "jwt-auth", "failure_policy": "FAIL_RELOAD",
                "vm_config": {"vm_id": "jwt-auth", "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"filename": paths::module("jwt-auth").unwrap()}}},
                "configuration": {"@type": "type.googleapis.com/google.protobuf.Struct", "value": {
                    "providers": {"corp": {"issuer": token::ISSUER, "audiences": ["api"], "forward_token": true,
                        "keys": {"jwks": serde_json::from_str::<Value>(token::JWKS).unwrap()}}},
                    "cache": {"max_tokens": 4},
                    "realm": format!("copy {i}"),
                    "verification_time_per_second": "1s",
                }},
            },
        }})
    };
    let bootstrap = json!({
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 9901}}},
        "static_resources": {"listeners": [
            listener("empty", 10000, vec![]),
            listener("native", 10001, (0..COPIES).map(native).collect()),
            listener("ours", 10002, (0..COPIES).map(ours).collect()),
        ]},
    });
    Envoy::from_bootstrap(bootstrap.to_string())
        .concurrency(1)
        .start()
}

/// Returns the CPU time of the worker so far, in nanoseconds.
fn worker_time(envoy: &Envoy) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", envoy.pid())).unwrap();
    let time = |task: &std::path::Path| -> Option<u64> {
        let name = fs::read_to_string(task.join("comm")).ok()?;
        let stat = fs::read_to_string(task.join("schedstat")).ok()?;
        name.starts_with("wrk:").then_some(())?;
        stat.split(' ').next()?.parse().ok()
    };
    tasks.filter_map(|task| time(&task.unwrap().path())).sum()
}

/// Returns the CPU time per request with these tokens in turn, in nanoseconds.
fn cost(envoy: &Envoy, client: &Client, url: &str, bearers: &[String]) -> f64 {
    let before = worker_time(envoy);
    for bearer in bearers.iter().cycle().take(REQUESTS) {
        let answer = client.get(url).header("authorization", bearer).send();
        assert_eq!(answer.status, 204, "{}", answer.text());
    }
    (worker_time(envoy) - before) as f64 / REQUESTS as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Returns the ratio of the native filter's cost to ours, with these tokens in turn, and both costs
/// in microseconds.
fn native_to_ours(envoy: &Envoy, bearers: &[String]) -> (f64, f64, f64) {
    let client = Client::http1();
    let urls = ["empty", "native", "ours"].map(|listener| envoy.url_of(listener, "/"));
    for url in &urls {
        cost(envoy, &client, url, bearers);
    }
    let (mut ratios, mut natives, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let [empty, with_native, with_ours] = urls
            .each_ref()
            .map(|url| cost(envoy, &client, url, bearers));
        let per_copy = |cost: f64| (cost - empty) / COPIES as f64 / 1000.0;
        ratios.push(per_copy(with_native) / per_copy(with_ours));
        natives.push(per_copy(with_native));
        ours.push(per_copy(with_ours));
    }
    (median(ratios), median(natives), median(ours))
}

#[test]
fn a_token_from_the_cache_costs_a_third_of_what_the_native_filter_costs_or_less() {
    let envoy = envoy();
    for algorithm in ["RS256", "ES256"] {
        let bearer = [Token::new(algorithm).bearer()];
        let (ratio, native, ours) = native_to_ours(&envoy, &bearer);
        eprintln!(
            "{algorithm}, cached: native {native:.1} µs, ours {ours:.1} µs: {ratio:.1} times"
        );
        assert!(
            ratio >= 3.0,
            "{algorithm}: native costs {ratio:.2} times ours"
        );
    }
}

#[test]
fn a_fresh_token_costs_at_most_half_more_than_with_the_native_filter() {
    let envoy = envoy();
    for algorithm in ["RS256", "ES256"] {
        let bearers: Vec<String> = (0..50)
            .map(|i| {
                Token::new(algorithm)
                    .claim("jti", json!(i.to_string()))
                    .bearer()
            })
            .collect();
        let (ratio, native, ours) = native_to_ours(&envoy, &bearers);
        eprintln!(
            "{algorithm}, fresh: native {native:.1} µs, ours {ours:.1} µs: {:.2} times native",
            1.0 / ratio
        );
        assert!(
            1.0 / ratio <= 1.5,
            "{algorithm}: ours costs {:.2} times native",
            1.0 / ratio
        );
    }
}
