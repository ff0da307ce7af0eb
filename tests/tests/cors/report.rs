use crate::common::*;

#[test]
fn report_mode_counts_and_changes_nothing() {
    let envoy = with(&POLICY.replacen('{', r#"{"mode": "report", "#, 1));
    let answer = preflight(&envoy, "https://evil.example", "GET", "");
    assert_eq!(answer.echo().method, "OPTIONS");
    let answer = get(&envoy, APP, &["access-control-allow-origin: *"]);
    assert_eq!(cors(&answer), [("access-control-allow-origin", "*")]);
    for counter in ["preflight_refused_origin", "request_allowed"] {
        assert_eq!(
            envoy.stat(&format!("wasmcustom.cors.reported.{counter}_total")),
            1
        );
    }
    assert_eq!(envoy.stat("wasmcustom.cors.request.allowed_total"), 0);
}

#[test]
fn report_mode_writes_one_line_and_only_where_something_would_change() {
    let config =
        r#"{"mode": "report", "policies": [{"allow_origins": ["https://app.example.com"]}]}"#;
    let envoy = with(config);
    let upstream = [
        "access-control-allow-origin: https://app.example.com",
        "vary: origin",
    ];
    // The upstream already sends what the filter would set.
    let _ = get(&envoy, APP, &upstream);
    let _ = get(&envoy, "https://evil.example", &["vary: origin"]);
    assert_eq!(
        envoy.stat("wasmcustom.cors.reported.request_allowed_total"),
        1
    );
    let _ = get(&envoy, APP, &[]);
    let _ = preflight(&envoy, "https://evil.example", "GET", "");
    let _ = preflight(&envoy, APP, "GET", "");
    let last = "report: the request would be answered: cors_preflight";
    envoy.wait_for_log(last, Duration::from_secs(10));
    let log = envoy.log();
    let reported: Vec<&str> = log
        .lines()
        .filter_map(|line| line.split_once(": cors: ")?.1.split(" method=").next())
        .collect();
    assert_eq!(
        reported,
        [
            "report: the response would change in: access-control-allow-origin, vary",
            "would be refused: reason=cors_preflight_refused{origin}",
            "report: the request would be answered: cors_preflight",
        ],
        "{log}"
    );
}
