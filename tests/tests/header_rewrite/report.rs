//! Report mode.

use crate::common::*;

#[test]
fn report_mode_changes_nothing_but_counters_and_logs() {
    let envoy = with(
        r#"{"mode": "report", "rules": [{"match": {"paths": [{"prefix": "/admin"}]}, "request": [{"remove": {"name": "x-secret"}}]},
            {"response": [{"preset": "security_headers"}]}]}"#,
    );
    let client = Client::http1();
    let answer = client
        .get(envoy.url("/admin"))
        .header("x-secret", "s3cret")
        .send();
    assert_eq!(answer.echo().header("x-secret"), Some("s3cret"));
    assert_eq!(answer.header("x-frame-options"), None);
    // In enforce mode this request is refused, because its readings differ in which request
    // operations apply.
    assert_eq!(client.get(envoy.url("//admin")).send().status, 200);
    assert_eq!(
        envoy.stat("wasmcustom.header_rewrite.reported.request_changed_total"),
        1
    );
    assert_eq!(
        envoy.stat("wasmcustom.header_rewrite.reported.response_changed_total"),
        2
    );
    assert_eq!(
        envoy.stat("wasmcustom.header_rewrite.reported.ambiguous_path_total"),
        1
    );
    assert_eq!(
        envoy.stat("wasmcustom.header_rewrite.request.changed_total"),
        0
    );
    let log = envoy.wait_for_log(
        "report: the request would change in: x-secret",
        Duration::from_secs(5),
    );
    assert!(!log.contains("s3cret"), "values are never logged");
}
