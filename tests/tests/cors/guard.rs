//! `unsafe_methods`: requests that another site makes a browser send are refused.

use crate::common::*;

const GUARD: &str = r#"{"policies": [{"allow_origins": ["https://app.example.com"],
    "unsafe_methods": {"unmatched": "refuse", "fetch_site": true}}]}"#;

const CASES: &[(&[(&str, &str)], bool)] = &[
    (&[("origin", "https://evil.example")], true),
    (&[("origin", "null")], true),
    (&[("origin", "https://app.example.com")], false),
    (&[("origin", "https://api.example.com")], false),
    (
        &[("origin", "null"), ("sec-fetch-site", "same-origin")],
        false,
    ),
    (&[("sec-fetch-site", "cross-site")], true),
    (&[("sec-fetch-site", "same-site")], false),
    (&[], false),
];

#[test]
fn an_unsafe_method_is_refused_to_other_sites() {
    everywhere("cors", GUARD, |envoy, client| {
        for (headers, is_refused) in CASES {
            for method in ["POST", "PUT", "PATCH", "DELETE", "GET", "HEAD"] {
                let before = envoy.upstream().count();
                let request = client
                    .request(method, envoy.url("/"))
                    .host("api.example.com");
                let answer = request.headers(headers.iter().copied()).send();
                let is_refused = *is_refused && !["GET", "HEAD"].contains(&method);
                let status = if is_refused { 403 } else { 200 };
                assert_eq!(answer.status, status, "{method} {headers:?}");
                let reached: u64 = envoy.upstream().count() - before;
                assert_eq!(reached, u64::from(!is_refused), "{method} {headers:?}");
                assert_eq!(answer.header("vary"), Some("Origin"));
            }
        }
    });
}

#[test]
fn a_refusal_names_its_reason_and_is_counted() {
    let envoy = Envoy::with_filter("cors", GUARD)
        .access_log("%RESPONSE_CODE_DETAILS%")
        .start();
    for (headers, details, counter) in [
        (
            ("origin", "https://evil.example"),
            "origin",
            "unsafe_origin",
        ),
        (
            ("sec-fetch-site", "cross-site"),
            "fetch_site",
            "unsafe_fetch_site",
        ),
    ] {
        let request = envoy.request("POST", "/");
        let answer = request.headers([headers]).send();
        assert_eq!(answer.status, 403);
        envoy.wait_for_access_log(
            &format!("cors_unsafe_method_refused{{{details}}}"),
            Duration::from_secs(10),
        );
        let counter = format!("wasmcustom.cors.request.refused.{counter}_total");
        assert_eq!(envoy.stat(&counter), 1);
    }
}

#[test]
fn report_mode_says_what_the_guard_would_refuse() {
    let envoy = with(&GUARD.replacen('{', r#"{"mode": "report", "#, 1));
    for client in [Client::http1(), Client::http2()] {
        let request = client.request("POST", envoy.url("/"));
        let answer = request.header("origin", "https://evil.example").send();
        assert_eq!(answer.echo().method, "POST");
    }
    assert_eq!(
        envoy.stat("wasmcustom.cors.reported.request_refused_unsafe_origin_total"),
        2
    );
    envoy.wait_for_log(
        "cors: would be refused: reason=cors_unsafe_method_refused{origin} method=POST",
        Duration::from_secs(10),
    );
}

#[test]
fn the_configuration_of_the_readme_guards() {
    let readme = e2e::paths::workspace().join("filters/cors/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, after) = readme
        .split_once("## A guard against forged requests")
        .unwrap();
    let (_, block) = after.split_once("```yaml\n").unwrap();
    let (yaml, _) = block.split_once("```").unwrap();
    let envoy = with(&e2e::yaml::parse(yaml).unwrap().to_string());
    for (origin, status) in [("https://evil.example", 403), (APP, 200)] {
        let request = envoy.request("POST", "/");
        assert_eq!(request.header("origin", origin).send().status, status);
    }
}
