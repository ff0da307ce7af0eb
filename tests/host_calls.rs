//! What a request costs in calls to the host, as the READMEs state it: Envoy's trace log lists each.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed assumption is a failed test"
)]

use e2e::{Client, Envoy};
use std::time::Duration;

/// The calls of one request that a filter makes, in order.
fn calls(filter: &str, config: &str, headers: &[(&str, &str)]) -> Vec<String> {
    let envoy = Envoy::with_filter(filter, config)
        .concurrency(1)
        .args(&["--component-log-level", "wasm:trace"])
        .start()
        .unwrap();
    let request = Client::http1()
        .get(envoy.url("/"))
        .headers(headers.iter().copied());
    assert_eq!(request.send().status, 200);
    // The last callback of a request.
    envoy.wait_for_log("proxy_on_delete(", Duration::from_secs(10));
    let log = envoy.log();
    let (_, of_request) = log
        .split_once("[host->vm] proxy_on_request_headers(")
        .unwrap();
    of_request
        .lines()
        .filter_map(|line| {
            let (_, call) = line.split_once("[vm->host] env.proxy_")?;
            Some(call.split_once('(')?.0.to_owned())
        })
        .collect()
}

const CORS: &str = r#"{"policies": [{"allow_origins": ["https://app.example.com"]}]}"#;
const CORS_BY_HOST: &str = r#"{"policies": [{"match": {"hosts": ["127.0.0.1"]}, "allow_origins": ["https://app.example.com"]}]}"#;
const REWRITE: &str = r#"{"rules": [{"request": [{"set": {"name": "x-a", "value": "1"}}, {"remove": {"name": "x-none"}}],
    "response": [{"set": {"name": "x-b", "value": "2"}}]}]}"#;
const REWRITE_SAME: &str = r#"{"rules": [{"request": [{"set": {"name": "x-a", "value": "1"}}]}]}"#;

const READ: &str = "get_header_map_value";
const READ_ALL: &str = "get_header_map_pairs";
const WRITE: &str = "replace_header_map_value";

#[test]
fn a_request_costs_the_calls_that_the_readmes_state() {
    for (filter, config, headers, expected) in [
        // Without an origin: one read, and `vary` of the answer read and written.
        ("cors", CORS, &[][..], &[READ, READ, WRITE][..]),
        ("cors", CORS_BY_HOST, &[], &[READ, READ, READ, WRITE]),
        (
            "cors",
            CORS,
            &[("x-echo-set", "vary: origin")],
            &[READ, READ, READ_ALL],
        ),
        ("cors", "{}", &[("origin", "https://a.example")], &[]),
        // With one: all headers, the counter, and the answer's headers with `allow-origin` and `vary`.
        (
            "cors",
            CORS,
            &[("origin", "https://app.example.com")],
            &[READ, READ_ALL, "increment_metric", READ_ALL, WRITE, WRITE],
        ),
        (
            "header-rewrite",
            REWRITE,
            &[],
            &[
                READ_ALL,
                "increment_metric",
                WRITE,
                READ_ALL,
                "increment_metric",
                WRITE,
            ],
        ),
        // What stays as it is is not written: Envoy would choose the route again.
        ("header-rewrite", REWRITE_SAME, &[("x-a", "1")], &[READ_ALL]),
        ("header-rewrite", "{}", &[], &[]),
    ] {
        assert_eq!(
            calls(filter, config, headers),
            expected,
            "{filter} {config} {headers:?}"
        );
    }
}
