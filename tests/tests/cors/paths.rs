use crate::common::*;

/// One policy for `/public`, another for every other path.
const BY_PATH: &str = r#"{"policies": [{"match": {"paths": [{"prefix": "/public"}]}, "allow_origins": ["*"]},
    {"allow_origins": ["https://app.example.com"]}]}"#;

/// Sends a request with this target unchanged, an origin that only one policy allows, and an
/// upstream that allows every origin.
fn ask_by_path(envoy: &Envoy, method: &str, target: &str, more: &str) -> raw::RawResponse {
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: a\r\nx-echo-set: access-control-allow-origin: *\r\n{more}\r\n"
    );
    raw::send(envoy.address(), request).response()
}

#[test]
fn a_path_whose_spelling_decides_on_the_policy_gets_no_permission_and_goes_on() {
    const EVIL: &str = "origin: https://evil.example\r\n";
    const PREFLIGHT: &str =
        "origin: https://evil.example\r\naccess-control-request-method: GET\r\n";
    let envoy = Envoy::with_filter("cors", BY_PATH)
        .access_log("%RESPONSE_CODE_DETAILS%")
        .start();
    // Too many readings are treated like differing ones (cors: no permission).
    let many = "/a%2F%252F%25252F%2525252F%255C/;%3B%253B/..%2e/%252e.//x\\".repeat(4);
    let spellings = [
        "//public",
        "/x/../public",
        "/public/..;/admin",
        "/public;x",
        many.as_str(),
    ];
    for (n, target) in (1..).zip(spellings) {
        let answer = ask_by_path(&envoy, "GET", target, EVIL);
        assert_eq!(answer.status, 200, "{target}");
        assert_eq!(answer.echo().path, target);
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("vary"), Some("Origin"), "{target}");
        let passed = envoy.stat("wasmcustom.cors.request.passed.ambiguous_path_total");
        assert_eq!(passed, n, "{target}");

        let answer = ask_by_path(&envoy, "OPTIONS", target, PREFLIGHT);
        assert_eq!(answer.status, 403, "{target}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        let (name, value) = PREFLIGHT_VARY;
        assert_eq!(answer.header(name), Some(value), "{target}");
        let refused = envoy.stat("wasmcustom.cors.preflight.refused.ambiguous_path_total");
        assert_eq!(refused, n, "{target}");

        // A legitimate path, and not a page's request: the upstream's headers are kept.
        let answer = ask_by_path(&envoy, "GET", target, "");
        assert_eq!(answer.status, 200, "{target}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("vary"), Some("Origin"), "{target}");
    }
    envoy.wait_for_access_log(
        "cors_preflight_refused{ambiguous_path}",
        Duration::from_secs(10),
    );
}

#[test]
fn a_path_with_one_reading_falls_under_its_policy_however_it_is_encoded() {
    let envoy = with(BY_PATH);
    for target in ["/public", "/%70ublic", "/public/caf%c3%A9", "/public/a%3Ab"] {
        let answer = ask_by_path(&envoy, "GET", target, "origin: https://evil.example\r\n");
        assert_eq!(answer.status, 200, "{target}");
        assert_eq!(
            answer.headers.all("access-control-allow-origin"),
            ["*"],
            "{target}"
        );
        assert_eq!(answer.header("vary"), None, "{target}");
    }
    assert_eq!(envoy.stat("wasmcustom.cors.request.allowed_total"), 4);
    assert_eq!(
        envoy.stat("wasmcustom.cors.request.passed.ambiguous_path_total"),
        0
    );
    // If one policy applies to all paths, the spelling makes no difference.
    let envoy = with(POLICY);
    let request = envoy.get("//x/..;/y");
    let answer = request.host("api.example.com").header("origin", APP).send();
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
}

#[test]
fn in_report_mode_a_path_that_is_ambiguous_is_counted_and_changes_nothing() {
    let envoy = with(&BY_PATH.replacen('{', r#"{"mode": "report", "#, 1));
    let origin = "origin: https://evil.example\r\n";
    let answer = ask_by_path(&envoy, "GET", "//public", origin);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("vary"), None);
    assert_eq!(
        envoy.stat("wasmcustom.cors.reported.request_passed_ambiguous_path_total"),
        1
    );
    let preflight = format!("{origin}access-control-request-method: GET\r\n");
    let answer = ask_by_path(&envoy, "OPTIONS", "//public", &preflight);
    assert_eq!(answer.echo().method, "OPTIONS");
    assert_eq!(
        envoy.stat("wasmcustom.cors.reported.preflight_refused_ambiguous_path_total"),
        1
    );
    assert_eq!(
        envoy.stat("wasmcustom.cors.request.passed.ambiguous_path_total"),
        0
    );
    envoy.wait_for_log(
        "report: the response would change in: ",
        Duration::from_secs(10),
    );
}
