//! Why a request is refused, or would be: a log line, and filter state in the access log, in both
//! modes.

use std::time::Duration;

use e2e::{
    Client, Envoy,
    token::{Token, jwks_for_any_algorithm},
};

const SECOND: Duration = Duration::from_secs(1);

/// A configuration, a request that it refuses, the filter state, and the log line after `refused:`.
const CASES: &[(&str, &str, &str, &str, &str)] = &[
    (
        "cors",
        r#"{"policies": [{"match": {"hosts": ["a.example"]}, "allow_origins": []}]}"#,
        "x@a.example",
        "wasm.cors.reason=malformed_host",
        "reason=malformed_host method=GET host=x@a.example path=/admin/x request_id=",
    ),
    (
        "header-rewrite",
        r#"{"rules": [{"request": [{"host": {"value": "${request.header.x-none}"}}]}]}"#,
        "a.example",
        "wasm.header_rewrite.reason=rewrite_missing_value",
        "reason=rewrite_missing_value method=GET host=a.example path=/admin/x request_id=",
    ),
    (
        "rate-limit",
        r#"{"limits": [{"name": "all", "requests": 1, "per": "1h", "cost": 1, "burst": 1}]}"#,
        "a.example",
        "wasm.rate_limit.reason=rate_limited wasm.rate_limit.limit=all",
        "reason=rate_limited limit=all method=GET host=a.example path=/admin/x request_id=",
    ),
    (
        "jwt-auth",
        r#"{"providers": {"corp": {"keys": {"secret": {"value": "0123456789abcdef0123456789abcdef", "algorithm": "HS256"}}}}}"#,
        "a.example",
        "wasm.jwt_auth.reason=jwt_missing wasm.jwt_auth.provider=corp",
        "reason=jwt_missing provider=corp",
    ),
];

fn format(state: &str) -> String {
    let keys = state.split(' ').filter_map(|pair| pair.split('=').next());
    let parts: Vec<_> = keys
        .map(|key| format!("{key}=%FILTER_STATE({key}:PLAIN)%"))
        .collect();
    format!("%RESPONSE_CODE% {}", parts.join(" "))
}

#[test]
fn the_log_and_the_access_log_say_why_in_both_modes() {
    for (filter, config, host, state, line) in CASES {
        for mode in ["enforce", "report"] {
            let config = config.replacen('{', &format!("{{\"mode\": \"{mode}\", "), 1);
            let envoy = Envoy::with_filter(filter, config)
                .access_log(&format(state))
                .hcm("generate_request_id: true")
                .start();
            let url = envoy.url("/admin/x?secret=1");
            // The first request uses up the limit of rate-limit.
            let statuses: Vec<u16> = (0..2)
                .map(|_| Client::http1().get(&url).host(host).send().status)
                .collect();
            assert_eq!(statuses.last() == Some(&200), mode == "report", "{filter}");
            envoy.wait_for_access_log(state, 10 * SECOND);
            let what = match mode {
                "report" => "would be refused",
                _ => "refused",
            };
            let log = envoy.wait_for_log(&format!("{filter}: {what}: {line}"), 10 * SECOND);
            assert!(!log.contains("secret="), "{log}");
        }
    }
}

#[test]
fn a_request_that_passes_has_no_filter_state_and_no_line() {
    let (_, _, _, state, _) = CASES.last().unwrap();
    let config =
        serde_json::json!({"providers": {"corp": {"keys": {"jwks": jwks_for_any_algorithm()}}}});
    let envoy = Envoy::with_filter("jwt-auth", config.to_string())
        .access_log(&format(state))
        .start();
    let token = Token::new("ES256").bearer();
    let request = envoy.get("/").header("authorization", token);
    assert_eq!(request.send().status, 200);
    envoy.wait_for_access_log(
        "200 wasm.jwt_auth.reason=- wasm.jwt_auth.provider=-",
        10 * SECOND,
    );
    assert!(!envoy.log().contains("refused"), "{}", envoy.log());
}

#[test]
fn a_worker_writes_ten_lines_a_second_and_counts_the_others() {
    let (filter, config, ..) = CASES.last().unwrap();
    let envoy = Envoy::with_filter(filter, *config).concurrency(1).start();
    let get = || envoy.get("/").send().status;
    let started = std::time::Instant::now();
    (0..200).for_each(|_| assert_eq!(get(), 401));
    let seconds = usize::try_from(started.elapsed().as_secs()).unwrap() + 2;
    let lines = |log: &str| log.matches("jwt-auth: refused: ").count();
    assert!((10..=10 * seconds).contains(&lines(&envoy.log())));
    std::thread::sleep(SECOND);
    assert_eq!(get(), 401);
    envoy.wait_for_log(" suppressed=", 10 * SECOND);
}

#[test]
fn a_module_states_its_name_and_version_and_at_debug_each_decision() {
    let envoy = Envoy::with_filter("cors", "{}").start();
    envoy.wait_for_log("cors 0.", 10 * SECOND);
    assert_eq!(envoy.get("/quiet").send().status, 200);
    assert!(!envoy.log().contains("/quiet"));
    let envoy = Envoy::with_filter("cors", "{}")
        .args(&["--component-log-level", "wasm:debug"])
        .start();
    assert_eq!(envoy.get("/told").send().status, 200);
    envoy.wait_for_log("cors: passed: method=GET", 10 * SECOND);
}
