//! Operations on responses: local replies, conditions, presets.

use crate::common::*;

#[test]
fn routes_match_on_what_the_filter_made() {
    let envoy = Envoy::from_sample("header-rewrite").start();
    let answer = envoy.get("/api/v0/gone").send();
    assert_eq!(answer.status, 410);
    assert_eq!(
        answer.header("x-frame-options"),
        Some("DENY"),
        "direct responses are edited too"
    );
}

#[test]
fn local_replies_and_404s_are_rewritten_too() {
    let config = r#"{"rules": [{"response": [{"set": {"name": "x-status", "value": "${response.status}"}}]}]}"#;
    let mut envoy = Envoy::with_filter("header-rewrite", config)
        .virtual_host(r#"{name: only, domains: [only.example.com], routes: [{match: {path: /known}, direct_response: {status: 204}}]}"#)
        .start();
    let client = Client::http1();
    let no_route = client
        .get(envoy.url("/other"))
        .host("only.example.com")
        .send();
    assert_eq!(
        (no_route.status, no_route.header("x-status")),
        (404, Some("404"))
    );
    let direct = client
        .get(envoy.url("/known"))
        .host("only.example.com")
        .send();
    assert_eq!(
        (direct.status, direct.header("x-status")),
        (204, Some("204"))
    );
    envoy.upstream_mut().stop();
    let down = client.get(envoy.url("/")).send();
    assert_eq!((down.status, down.header("x-status")), (503, Some("503")));
}

#[test]
fn an_operation_may_ask_for_headers_of_the_response() {
    let config = r#"{"rules": [{"response": [
        {"set": {"name": "x-kind", "value": "page"}},
        {"when": {"headers": [{"name": "x-type", "prefix": "text/html"}]}, "set": {"name": "x-html", "value": "yes"}},
        {"when": {"status": [404], "headers": [{"name": "x-kind", "exact": "page"}]}, "set": {"name": "x-both", "value": "yes"}},
        {"when": {"headers": [{"name": "x-none", "present": false}, {"name": "x-many", "regex": "b+"}]}, "set": {"name": "x-all", "value": "yes"}}]}]}"#;
    everywhere("header-rewrite", config, |envoy, client| {
        for (upstream, status, expected) in [
            (
                &["x-type: text/html; charset=utf-8"][..],
                "200",
                &["x-html"][..],
            ),
            (&["x-type: text/plain"], "200", &[]),
            (&["x-type: text/plain"], "404", &["x-both"]),
            (&["x-type: text/html"], "404", &["x-html", "x-both"]),
            (&["x-many: a", "x-many: bb"], "200", &["x-all"]),
            (&["x-many: bb", "x-none: "], "200", &[]),
        ] {
            let request = client.get(envoy.url("/")).header("x-echo-status", status);
            let request = upstream.iter().fold(request, |request, field| {
                request.header("x-echo-set", field)
            });
            let answer = request.send();
            for name in ["x-html", "x-both", "x-all"] {
                let set = answer.header(name).is_some();
                assert_eq!(
                    set,
                    expected.contains(&name),
                    "{upstream:?} {status} {name}"
                );
            }
        }
    });
}

#[test]
fn strict_transport_security_is_sent_over_https_only() {
    // Without use_remote_address Envoy trusts the previous proxy.
    everywhere(
        "header-rewrite",
        r#"{"rules": [{"response": [{"preset": "security_headers"}]}]}"#,
        |envoy, client| {
            for (proto, expected) in [
                (Some("https"), Some("max-age=31536000; includeSubDomains")),
                (Some("http"), None),
                (None, None),
            ] {
                let request = client.get(envoy.url("/"));
                let request = match proto {
                    Some(proto) => request.header("x-forwarded-proto", proto),
                    None => request,
                };
                let answer = request.send();
                assert_eq!(
                    answer.header("strict-transport-security"),
                    expected,
                    "{proto:?}"
                );
                assert_eq!(answer.header("x-frame-options"), Some("DENY"));
            }
        },
    );
}

#[test]
fn a_policy_holds_a_nonce_of_each_request_that_the_upstream_gets() {
    let config = r#"{"rules": [{"response": [{"preset": {"security_headers": {
        "content_security_policy": "script-src 'nonce-${nonce}' 'strict-dynamic'; report-uri ${request.path}"}}}]}]}"#;
    everywhere("header-rewrite", config, |envoy, client| {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..20 {
            let answer = client
                .get(envoy.url("/page"))
                .header("x-csp-nonce", "forged")
                .header("x_csp_nonce", "forged")
                .header("x-echo-set", "content-security-policy: default-src *")
                .send();
            let echo = answer.echo();
            let [nonce] = echo.headers_all("x-csp-nonce")[..] else {
                panic!("{echo:?}");
            };
            assert_eq!(echo.header("x_csp_nonce"), None);
            assert_eq!(nonce.len(), 22, "128 bits in base64");
            let policy = format!("script-src 'nonce-{nonce}' 'strict-dynamic'; report-uri /page");
            assert_eq!(
                answer.headers_all("content-security-policy"),
                [policy.as_str()]
            );
            assert_eq!(answer.header("x-frame-options"), Some("DENY"));
            seen.insert(nonce.to_owned());
        }
        assert_eq!(seen.len(), 20, "another one for each request");
    });
}

#[test]
fn a_policy_of_eleven_kilobytes_is_sent() {
    let policy = format!("default-src {}", "https://a.example ".repeat(620));
    let policy = policy.trim();
    assert!(policy.len() > 11_000);
    let envoy = with(&format!(
        r#"{{"rules": [{{"response": [{{"set": {{"name": "content-security-policy", "value": "{policy}"}}}}]}}]}}"#
    ));
    let answer = envoy.get("/").send();
    assert_eq!(answer.header("content-security-policy"), Some(policy));
}

#[test]
fn what_changes_nothing_is_not_counted_as_a_change() {
    let envoy = with(
        r#"{"rules": [{"response": [{"remove": {"name": "x-none"}}, {"when": {"status": [500]}, "set": {"name": "x-a", "value": "1"}},
            {"dedupe": {"name": "x-list"}}]}]}"#,
    );
    let get = |field: &str, status: &str| {
        let request = envoy.get("/").header("x-echo-set", field);
        request.header("x-echo-status", status).send();
        stat(&envoy, "response.changed_total")
    };
    assert_eq!(get("x-list: a, b", "200"), 0);
    assert_eq!(get("x-none: a", "200"), 1);
    assert_eq!(get("x-list: a, a", "200"), 2);
    assert_eq!(get("x-list: a", "500"), 3);
    assert_eq!(get("x-list: a", "200"), 3);
}
