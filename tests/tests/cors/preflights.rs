use crate::common::*;

#[test]
fn a_preflight_is_answered_before_later_filters_and_without_a_route() {
    let mut envoy = Envoy::with_filter("cors", POLICY)
        .native("{name: envoy.filters.http.rbac, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC, rules: {action: ALLOW, policies: {}}}}")
        .start();
    let answer = preflight(&envoy, APP, "PUT", "x-token");
    assert_eq!(answer.status, 204);
    assert_eq!(
        cors(&answer),
        [
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-headers", "x-token"),
            ("access-control-allow-methods", "GET, PUT"),
            ("access-control-allow-origin", APP),
            ("access-control-max-age", "600"),
            PREFLIGHT_VARY,
        ]
    );
    // The page can read the refusal of a later filter.
    let refused = get(&envoy, APP, &[]);
    assert_eq!(refused.status, 403);
    assert_eq!(refused.header("access-control-allow-origin"), Some(APP));
    assert_eq!(envoy.upstream().count(), 0);
    envoy.upstream_mut().stop();
    assert_eq!(preflight(&envoy, APP, "GET", "").status, 204);
}

#[test]
fn a_preflight_that_is_not_allowed_is_refused_and_tells_nothing() {
    let envoy = with(POLICY);
    for (origin, method, headers, counter) in [
        ("https://evil.example", "GET", "", "origin"),
        (APP, "DELETE", "", "method"),
        (APP, "GET", "x-other", "header"),
    ] {
        let answer = preflight(&envoy, origin, method, headers);
        assert_eq!(answer.status, 403, "{counter}");
        assert_eq!(cors(&answer), [PREFLIGHT_VARY], "{counter}");
        assert_eq!(
            envoy.stat(&format!(
                "wasmcustom.cors.preflight.refused.{counter}_total"
            )),
            1
        );
    }
    assert_eq!(envoy.upstream().count(), 0);
}

#[test]
fn a_preflight_that_is_not_allowed_is_forwarded_where_the_policy_says_so() {
    let envoy = with(
        r#"{"policies": [{"allow_origins": ["https://app.example.com"], "preflight": {"status": 200, "unmatched": "forward"}}]}"#,
    );
    let answer = Client::http1()
        .options(envoy.url("/"))
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "GET")
        .header(
            "x-echo-set",
            "access-control-allow-origin: https://evil.example",
        )
        .send();
    assert_eq!(answer.echo().method, "OPTIONS");
    assert_eq!(
        cors(&answer),
        [
            ("access-control-allow-origin", "https://evil.example"),
            PREFLIGHT_VARY
        ]
    );
    assert_eq!(preflight(&envoy, APP, "GET", "").status, 200);
}

#[test]
fn what_a_policy_adds_is_sent_where_it_is_asked_for() {
    let envoy = with(
        r#"{"policies": [{"allow_origins": ["null", "https://app.example.com"], "allow_methods": ["*"], "allow_headers": ["*"],
            "allow_private_network": true, "timing_allow_origin": true}]}"#,
    );
    let answer = Client::http1()
        .options(envoy.url("/"))
        .header("origin", "null")
        .header("access-control-request-method", "PURGE")
        .header("access-control-request-headers", "authorization, x-a")
        .header("access-control-request-headers", "x-b")
        .header("access-control-request-private-network", "true")
        .send();
    assert_eq!(
        cors(&answer),
        [
            // Envoy itself has joined the two headers.
            ("access-control-allow-headers", "authorization, x-a,x-b"),
            ("access-control-allow-methods", "PURGE"),
            ("access-control-allow-origin", "null"),
            ("access-control-allow-private-network", "true"),
            (
                "vary",
                "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network",
            ),
        ]
    );
    let not_asked = preflight(&envoy, APP, "GET", "");
    assert_eq!(
        not_asked.header("access-control-allow-private-network"),
        None
    );
    let answer = get(&envoy, "null", &["timing-allow-origin: *"]);
    assert_eq!(
        cors(&answer),
        [
            ("access-control-allow-origin", "null"),
            ("timing-allow-origin", "null"),
            ("vary", "Origin"),
        ]
    );
}

#[test]
fn the_policy_of_a_preflight_is_that_of_the_method_it_asks_for() {
    let config = r#"{"policies": [
        {"match": {"methods": ["PUT"]}, "allow_origins": ["https://put.example"], "allow_methods": ["PUT"]},
        {"match": {"methods": ["GET", "POST"]}, "allow_origins": ["https://get.example"]}]}"#;
    everywhere("cors", config, |envoy, client| {
        for (origin, asks_for, status) in [
            ("https://put.example", "PUT", 204),
            ("https://get.example", "PUT", 403),
            ("https://get.example", "POST", 204),
            ("https://put.example", "GET", 403),
            // No policy applies to it, so it continues.
            ("https://put.example", "DELETE", 200),
        ] {
            let answer = client
                .options(envoy.url("/"))
                .header("origin", origin)
                .header("access-control-request-method", asks_for)
                .send();
            assert_eq!(answer.status, status, "{origin} {asks_for}");
        }
    });
}
