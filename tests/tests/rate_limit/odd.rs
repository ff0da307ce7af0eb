//! Correct results in unusual cases: plugins that share a VM, limits that change, and which limit a
//! refusal reports.

use super::{filter, get};
use e2e::{Client, Envoy, paths, wait};
use serde_json::json;
use std::time::Duration;

/// A plugin with this name under the one `vm_id`, as in Istio.
fn plugin(name: &str, limit: serde_json::Value) -> String {
    json!({"name": name, "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
        "config": {
            "name": name,
            "failure_policy": "FAIL_RELOAD",
            "vm_config": {
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"local": {"filename": paths::module("rate-limit").unwrap()}},
            },
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.Struct",
                "value": {"limits": [limit]},
            },
        },
    }})
    .to_string()
}

// Istio sets no `vm_id`, so its plugins all have the same one.
#[test]
fn two_plugins_of_one_vm_have_buckets_of_their_own() {
    let limit = |present: bool, requests: u32| {
        let matches = json!({"headers": [{"name": "x-a", "present": present}]});
        json!({"name": "login", "match": matches, "requests": requests, "per": "1h"})
    };
    for (one, other) in [(3, 6000), (3, 3)] {
        let envoy = Envoy::with_no_filter()
            .native(plugin("default.one", limit(true, one)))
            .native(plugin("default.other", limit(false, other)))
            .concurrency(4)
            .start();
        let passed = |fields: &[(&str, &str)]| {
            let statuses = (0..40).map(|_| get(&envoy, "/", fields).status);
            u32::try_from(statuses.filter(|status| *status == 200).count()).unwrap()
        };
        assert_eq!(passed(&[]), other.min(40));
        assert_eq!(passed(&[("x-a", "1")]), one);
    }
}

#[test]
fn a_limit_whose_numbers_change_starts_with_full_buckets() {
    let config = |requests: u32| {
        format!(r#"{{"limits": [{{"name": "daily", "requests": {requests}, "per": "1d"}}]}}"#)
    };
    let envoy = Envoy::with_replaceable_filter("rate-limit", &config(2));
    let envoy = envoy.unwrap().concurrency(4).start();
    let get = || {
        Client::http1()
            .new_connections()
            .get(envoy.url("/"))
            .try_send()
            .ok()
    };
    let statuses = [(); 3].map(|()| get().unwrap().status);
    assert_eq!(statuses, [200, 200, 429]);
    envoy
        .dynamic()
        .configure("rate-limit", &config(40))
        .unwrap();
    let is_new = |answer: &e2e::Response| {
        answer.header("ratelimit-policy") == Some("\"daily\";q=40;w=86400")
    };
    let mut passed = 0;
    wait::until(
        "the new configuration refuses",
        Duration::from_secs(20),
        || {
            let answer = get().filter(is_new);
            passed += u32::from(answer.as_ref().is_some_and(|answer| answer.status == 200));
            answer.is_some_and(|answer| answer.status == 429)
        },
    );
    assert_eq!(passed, 40);
}

// The fields are about the limit that refused, also if the cost is beyond its burst. Then there is
// no `retry-after`, because waiting does not help.
#[test]
fn a_refusal_is_about_the_limit_that_refused() {
    let envoy = filter(
        "limits: [{name: user, requests: 4, per: 1m}, {name: spend, requests: 10, per: 1h, cost: {header: x-cost}}]",
    );
    assert_eq!(get(&envoy, "/", &[("x-cost", "10")]).status, 200);
    let used_up = get(&envoy, "/", &[("x-cost", "10")]);
    let beyond = get(&envoy, "/", &[("x-cost", "11")]);
    for (refused, has_wait) in [(&used_up, true), (&beyond, false)] {
        assert_eq!(refused.status, 429);
        assert_eq!(refused.header("x-ratelimit-limit"), Some("10"));
        assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
        let all = refused.header("ratelimit").unwrap();
        assert!(all.contains("\"spend\";r=0"), "{all}");
        let wait: Option<u64> = refused
            .header("retry-after")
            .map(|wait| wait.parse().unwrap());
        assert_eq!(wait.is_some(), has_wait);
        assert!(
            wait.is_none_or(|wait| (3590..=3600).contains(&wait)),
            "{wait:?}"
        );
    }
}
