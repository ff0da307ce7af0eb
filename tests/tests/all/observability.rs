//! What operators see: metrics with labels, and the access log with the filters' reasons.

use std::{collections::BTreeSet, time::Duration};

use e2e::{
    Client, Envoy,
    prometheus::Page,
    token::{Token, forged},
};
use serde_json::{Value, json};

fn sample() -> Envoy {
    Envoy::from_sample("all-filters").start()
}

/// Sends a request of each kind that the filters treat differently.
fn traffic(envoy: &Envoy) {
    let get = |path: &str| envoy.get(path);
    let token = Token::new("ES256");
    let bearer = |token: &str| format!("Bearer {token}");
    for _ in 0..5 {
        Client::http1().post(envoy.url("/login")).send();
    }
    get("/account").send();
    get("/account")
        .header("authorization", bearer(&forged(&token.sign())))
        .send();
    get("/admin")
        .header("authorization", bearer(&token.sign()))
        .send();
    get("/admin")
        .header("authorization", bearer(&token.sign()))
        .send();
    get("/account")
        .header("authorization", bearer(&token.sign()))
        .send();
    get("/").send();
    get("/").header("origin", "https://evil.example").send();
    for (origin, method) in [
        ("https://app.example.com", "PUT"),
        ("https://app.example.com", "PATCH"),
        ("https://evil.example", "PUT"),
    ] {
        Client::http1()
            .options(envoy.url("/api/v1/items"))
            .header("origin", origin)
            .header("access-control-request-method", method)
            .send();
    }
}

#[test]
fn reasons_and_providers_are_labels_of_the_metrics() {
    let envoy = sample();
    traffic(&envoy);
    type Expected<'a> = (&'a str, &'a [(&'a str, &'a str)], f64);
    let expected: &[Expected<'_>] = &[
        ("jwt_auth_denied_total", &[("reason", "missing")], 1.0),
        ("jwt_auth_denied_total", &[("reason", "signature")], 1.0),
        ("jwt_auth_denied_total", &[("reason", "scope")], 2.0),
        ("jwt_auth_denied_total", &[("reason", "expired")], 0.0),
        ("jwt_auth_allowed_total", &[("reason", "token")], 1.0),
        (
            "jwt_auth_allowed_total",
            &[("reason", "without_token")],
            5.0,
        ),
        (
            "jwt_auth_provider_denied_total",
            &[("provider", "corp")],
            4.0,
        ),
        (
            "jwt_auth_provider_allowed_total",
            &[("provider", "corp")],
            1.0,
        ),
        ("jwt_auth_reported_total", &[("reason", "expired")], 0.0),
        ("cors_preflight_allowed_total", &[], 1.0),
        ("cors_preflight_refused_total", &[("reason", "method")], 1.0),
        ("cors_preflight_refused_total", &[("reason", "origin")], 1.0),
        ("cors_preflight_forwarded_total", &[], 0.0),
        ("cors_request_passed_total", &[("reason", "origin")], 1.0),
        // None of these requests has an ambiguous path or a malformed host.
        (
            "cors_preflight_refused_total",
            &[("reason", "ambiguous_path")],
            0.0,
        ),
        (
            "cors_request_passed_total",
            &[("reason", "ambiguous_path")],
            0.0,
        ),
        ("cors_refused_total", &[("reason", "malformed_host")], 0.0),
        (
            "cors_reported_total",
            &[("reason", "preflight_refused_origin")],
            0.0,
        ),
        ("header_rewrite_request_changed_total", &[], 6.0),
        (
            "header_rewrite_skipped_total",
            &[("reason", "too_long")],
            0.0,
        ),
        (
            "header_rewrite_refused_total",
            &[("reason", "ambiguous_path")],
            0.0,
        ),
        ("rate_limit_passed_total", &[("limit", "login")], 3.0),
        ("rate_limit_refused_total", &[("limit", "login")], 2.0),
        ("rate_limit_refused_total", &[("limit", "client")], 0.0),
        ("rate_limit_reported_total", &[("limit", "login")], 0.0),
        (
            "envoy_wasm_vm_reload_success",
            &[("filter", "jwt-auth")],
            0.0,
        ),
    ];
    let page = Page::of(&envoy).unwrap();
    for (name, labels, value) in expected {
        assert_eq!(page.value(name, labels), Some(*value), "{name} {labels:?}");
    }
}

/// No reason is left in a name: a rule that missed one would create a separate metric.
#[test]
fn the_names_of_the_metrics_are_few_and_known() {
    let page = Page::of(&sample()).unwrap();
    let filters = ["cors_", "header_rewrite_", "jwt_auth_", "rate_limit_"];
    let ours = |name: &&str| filters.iter().any(|filter| name.starts_with(filter));
    let names = page.samples().iter().map(|sample| sample.name.as_str());
    let names: BTreeSet<_> = names.filter(ours).collect();
    let expected = [
        "cors_preflight_allowed_total",
        "cors_preflight_forwarded_total",
        "cors_preflight_refused_total",
        "cors_refused_total",
        "cors_reported_total",
        "cors_request_allowed_total",
        "cors_request_passed_total",
        "cors_request_refused_total",
        "header_rewrite_refused_total",
        "header_rewrite_removed_total",
        "header_rewrite_reported_total",
        "header_rewrite_request_answered_total",
        "header_rewrite_request_changed_total",
        "header_rewrite_request_redirected_total",
        "header_rewrite_response_changed_total",
        "header_rewrite_skipped_total",
        "jwt_auth_allowed_total",
        "jwt_auth_cache_hit_total",
        "jwt_auth_cache_miss_total",
        "jwt_auth_denied_total",
        "jwt_auth_fetch_begun_total",
        "jwt_auth_fetch_failed_total",
        "jwt_auth_fetch_succeeded_total",
        "jwt_auth_provider_allowed_total",
        "jwt_auth_provider_denied_total",
        "jwt_auth_reported_total",
        "jwt_auth_waiting_begun_total",
        "jwt_auth_waiting_full_total",
        "rate_limit_contended_total",
        "rate_limit_crowded_total",
        "rate_limit_evicted_total",
        "rate_limit_exempt_total",
        "rate_limit_missing_key_total",
        "rate_limit_passed_total",
        "rate_limit_refused_total",
        "rate_limit_reported_total",
        "rate_limit_service_error_total",
        "rate_limit_service_ok_total",
        "rate_limit_service_over_limit_total",
    ];
    assert_eq!(names, expected.into());
}

#[test]
fn the_access_log_names_the_reason_of_a_filter_and_no_query() {
    let envoy = sample();
    let get = |path: &str| envoy.get(path);
    get("/account?access_token=not-for-the-log").send();
    get("/hello?a=b").send();
    Client::http1()
        .options(envoy.url("/api"))
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "PUT")
        .send();
    let line = |path: &str| -> Value {
        let line = envoy.wait_for_log(&format!("\"path\":\"{path}\""), Duration::from_secs(15));
        serde_json::from_str(&line).unwrap()
    };
    let expected = [
        ("/account", json!(["GET", 401, "jwt_missing"])),
        ("/hello", json!(["GET", 200, "via_upstream"])),
        (
            "/api",
            json!(["OPTIONS", 403, "cors_preflight_refused{origin}"]),
        ),
    ];
    for (path, expected) in expected {
        let line = line(path);
        let shown = json!([line["method"], line["status"], line["details"]]);
        assert_eq!(shown, expected, "{line}");
        assert_eq!(line["client"], "127.0.0.1");
        assert!(line["id"].is_string() && line["time"].is_string());
    }
    assert!(!envoy.log().contains("not-for-the-log"));
}
