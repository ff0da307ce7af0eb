//! Configurations that change without end: memory stays flat, and no request fails.

use e2e::{Envoy, Load, Upstream, paths, token::SECRET, token::Token, wait};
use serde_json::{Value, json};
use std::time::Duration;

const LISTENERS: &str = "lds.json";
const UPDATES: u64 = 500;

/// How much the process may grow from the hundredth update to the last. One configuration that
/// stays behind in each of two workers is some 20 KiB: four hundred of them would be 16 MiB.
const MAX_GROWTH: u64 = 8 << 20;

fn type_of(name: &str) -> String {
    format!("type.googleapis.com/envoy.extensions.filters.{name}")
}

/// All four filters; `number` stands in each configuration.
fn listeners(number: u64) -> String {
    let filters = [
        (
            "cors",
            json!({"policies": [{"allow_origins": [format!("https://app{number}.example")]}]}),
        ),
        (
            "rate-limit",
            json!({"limits": [
            {"name": "all", "key": [{"client_ip": {}}], "requests": 1_000_000 + number, "per": "1s"}]}),
        ),
        (
            "jwt-auth",
            json!({"providers": {"corp": {"audiences": [format!("api{number}"), "api"],
            "keys": {"secret": {"value": SECRET, "algorithm": "HS256"}}}}}),
        ),
        (
            "header-rewrite",
            json!({"rules": [
            {"response": [{"set": {"name": "x-number", "value": number.to_string()}}]}]}),
        ),
    ];
    let mut filters: Vec<Value> = filters
        .map(|(name, config)| json!({"name": name, "typed_config": {
            "@type": type_of("http.wasm.v3.Wasm"),
            "config": {
                "name": name, "failure_policy": "FAIL_RELOAD",
                "vm_config": {"vm_id": name, "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"filename": paths::module(name).unwrap()}}},
                "configuration": {"@type": "type.googleapis.com/google.protobuf.Struct", "value": config},
            },
        }}))
        .into();
    filters.push(
        json!({"name": "router", "typed_config": {"@type": type_of("http.router.v3.Router")}}),
    );
    json!({"resources": [{
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": "ingress",
        "drain_type": "MODIFY_ONLY",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": {
            "@type": type_of("network.http_connection_manager.v3.HttpConnectionManager"),
            "stat_prefix": "ingress",
            "http_filters": filters,
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"],
                "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}]}]},
        }}]}],
    }]})
    .to_string()
}

fn envoy(upstream: &Upstream) -> Envoy {
    let bootstrap = json!({
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "node": {"id": "test", "cluster": "test"},
        "dynamic_resources": {"lds_config": {
            "resource_api_version": "V3",
            "path_config_source": {"path": format!("/etc/envoy/dynamic/{LISTENERS}")},
        }},
        "static_resources": {"clusters": [{
            "name": "upstream", "connect_timeout": "1s",
            "load_assignment": {"cluster_name": "upstream", "endpoints": [{"lb_endpoints": [{"endpoint": {
                "address": {"socket_address": {"address": "127.0.0.1", "port_value": 8080}}}}]}]},
        }]},
    });
    Envoy::from_bootstrap(bootstrap.to_string())
        .dynamic("/etc/envoy/dynamic/", &[(LISTENERS, &listeners(0))])
        .args(&["--drain-time-s", "1"])
        .upstream(upstream)
        .concurrency(2)
        .start()
        .unwrap()
}

#[test]
fn five_hundred_updates_under_load_fail_no_request_and_leave_nothing_behind() {
    let upstream = Upstream::echo().unwrap();
    let envoy = envoy(&upstream);
    let load = Load::new(envoy.url("/"))
        .header("authorization", Token::new("HS256").bearer())
        .total(u64::MAX)
        .connections(4)
        .per_second(200.0)
        .start();
    let mut before = 0;
    for number in 1..=UPDATES {
        envoy
            .dynamic()
            .write(LISTENERS, &listeners(number))
            .unwrap();
        wait::until("the update is taken", Duration::from_secs(20), || {
            envoy.stat("listener_manager.lds.update_success") > number
        });
        if number == 100 {
            before = envoy.rss_bytes().unwrap();
        }
    }
    // The last listeners that were replaced are drained.
    wait::until("old listeners are gone", Duration::from_secs(20), || {
        envoy.stat("listener_manager.total_listeners_draining") == 0
    });
    let grown = envoy.rss_bytes().unwrap().saturating_sub(before);
    let result = load.finish();
    eprintln!(
        "{UPDATES} updates: {} KiB more after the last than after the hundredth; {:?}",
        grown / 1024,
        result.statuses
    );
    assert_eq!(
        result.count(200),
        result.answered(),
        "{:?}",
        result.statuses
    );
    assert_eq!(envoy.stat("listener_manager.lds.update_rejected"), 0);
    assert!(grown < MAX_GROWTH, "{} KiB", grown / 1024);
    envoy.assert_vm_alive();
}
