//! What a request costs in host calls, as stated in the READMEs. Envoy's trace log lists each call.

use e2e::Envoy;
use std::time::Duration;

/// Returns the calls that a filter makes for one request, in order.
fn calls(filter: &str, config: &str, headers: &[(&str, &str)]) -> Vec<String> {
    let envoy = Envoy::with_filter(filter, config)
        .concurrency(1)
        .args(&["--component-log-level", "wasm:trace"])
        .start();
    let request = envoy.get("/").headers(headers.iter().copied());
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
const CORS_WITH_GUARD: &str = r#"{"policies": [{"allow_origins": ["https://app.example.com"], "unsafe_methods": {"unmatched": "refuse"}}]}"#;
const CORS_BY_HOST: &str = r#"{"policies": [{"match": {"hosts": ["127.0.0.1"]}, "allow_origins": ["https://app.example.com"]}]}"#;
const REWRITE: &str = r#"{"rules": [{"request": [{"set": {"name": "x-a", "value": "1"}}, {"remove": {"name": "x-none"}}],
    "response": [{"set": {"name": "x-b", "value": "2"}}]}]}"#;
const REWRITE_MISSING: &str =
    r#"{"rules": [{"response": [{"default": {"name": "x-b", "value": "2"}}]}]}"#;
const REWRITE_BY_STATUS: &str = r#"{"rules": [{"response": [{"when": {"status": [200]}, "set": {"name": "x-b", "value": "2"}}]}]}"#;
const REWRITE_BY_PREFIX: &str =
    r#"{"rules": [{"response": [{"remove": {"prefix": "x-powered-"}}]}]}"#;
const REWRITE_SAME: &str = r#"{"rules": [{"request": [{"set": {"name": "x-a", "value": "1"}}]}]}"#;

/// Reads one header by name.
const READ: &str = "get_header_map_value";
/// Reads all headers.
const READ_ALL: &str = "get_header_map_pairs";
const WRITE: &str = "replace_header_map_value";
const ADD: &str = "add_header_map_value";
const REMOVE: &str = "remove_header_map_value";
const COUNT: &str = "increment_metric";

/// A configuration, the headers of a request, and the calls that it costs: those for the request
/// first, then those for its response.
type Row = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

const ROWS: &[Row] = &[
    ("cors", "{}", &[("origin", "https://a.example")], &[]),
    // Without an origin: looks for one, and for `vary` in the response.
    ("cors", CORS, &[], &[READ, READ, WRITE]),
    (
        "cors",
        CORS,
        &[("x-echo-set", "vary: origin")],
        &[READ, READ, READ_ALL],
    ),
    // Reads the host and the origin in one call.
    ("cors", CORS_BY_HOST, &[], &[READ_ALL, READ, WRITE]),
    // With an origin: checks for a preflight, counts, and sets `allow-origin` and `vary` among the
    // response's headers.
    (
        "cors",
        CORS,
        &[("origin", "https://app.example.com")],
        &[READ, READ, COUNT, READ_ALL, WRITE, WRITE],
    ),
    // A guard looks at the method, and at every origin.
    (
        "cors",
        CORS_WITH_GUARD,
        &[("origin", "https://app.example.com")],
        &[READ_ALL, COUNT, READ_ALL, WRITE, WRITE],
    ),
    (
        "cors",
        CORS_BY_HOST,
        &[("origin", "https://app.example.com")],
        &[READ_ALL, COUNT, READ_ALL, WRITE, WRITE],
    ),
    ("header-rewrite", "{}", &[], &[]),
    // A response whose headers are only set or removed by name is not read.
    (
        "header-rewrite",
        REWRITE,
        &[],
        &[READ_ALL, COUNT, WRITE, WRITE, COUNT],
    ),
    // A header with a known name is read on its own. If the names are not known, all headers are
    // read.
    ("header-rewrite", REWRITE_MISSING, &[], &[READ, ADD, COUNT]),
    (
        "header-rewrite",
        REWRITE_BY_STATUS,
        &[],
        &[READ, WRITE, COUNT],
    ),
    (
        "header-rewrite",
        REWRITE_BY_PREFIX,
        &[("x-echo-set", "x-powered-by: tests")],
        &[READ_ALL, COUNT, REMOVE],
    ),
    // Unchanged headers are not written, because Envoy would select the route again.
    ("header-rewrite", REWRITE_SAME, &[("x-a", "1")], &[READ_ALL]),
];

#[test]
fn a_request_costs_the_calls_that_the_readmes_state() {
    let mut wrong = Vec::new();
    for (filter, config, headers, expected) in ROWS {
        let seen = calls(filter, config, headers);
        if seen != *expected {
            wrong.push(format!("{filter} {config} {headers:?}: {seen:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
