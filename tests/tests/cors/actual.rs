use crate::common::*;

#[test]
fn no_policy_matches_then_nothing_is_touched() {
    let envoy = with(POLICY);
    let answer = envoy
        .get("/")
        .host("other.example.com")
        .header("origin", APP)
        .header("x-echo-set", "access-control-allow-origin: *")
        .send();
    assert_eq!(cors(&answer), [("access-control-allow-origin", "*")]);
}

#[test]
fn no_origin_then_only_vary_is_added() {
    let envoy = with(POLICY);
    let ask = |vary: &[&str]| {
        let request = envoy.get("/").host("api.example.com");
        vary.iter()
            .fold(request, |request, field| {
                request.header("x-echo-set", field)
            })
            .send()
    };
    for (upstream, expected) in [
        (&[][..], "Origin"),
        (&["vary: accept-encoding"], "accept-encoding, Origin"),
        (&["vary: origin, accept"], "origin, accept"),
        (&["vary: *"], "*"),
    ] {
        assert_eq!(cors(&ask(upstream)), [("vary", expected)]);
    }
    let twice = ask(&["vary: accept", "vary: origin"]);
    assert_eq!(
        twice
            .headers_all("vary")
            .join(", ")
            .matches("rigin")
            .count(),
        1
    );
    let kept = ask(&["access-control-allow-origin: *"]);
    assert_eq!(kept.header("access-control-allow-origin"), Some("*"));
    // An empty origin counts as missing, in a preflight too.
    let empty = get(&envoy, "", &["access-control-allow-origin: *"]);
    assert_eq!(
        cors(&empty),
        [("access-control-allow-origin", "*"), ("vary", "Origin")]
    );
    let no_preflight = preflight(&envoy, "", "GET", "");
    assert_eq!(no_preflight.echo().method, "OPTIONS");
    assert_eq!(cors(&no_preflight), [("vary", "Origin")]);
    // Without a requested method, it is not a preflight.
    let plain = preflight(&envoy, APP, "", "");
    assert_eq!(plain.echo().method, "OPTIONS");
}

#[test]
fn an_allowed_origin_gets_permission_in_place_of_the_upstreams() {
    let envoy = with(POLICY);
    let upstream = [
        "access-control-allow-origin: *",
        "access-control-allow-methods: PURGE",
        "access-control-expose-headers: x-secret",
        "vary: accept",
    ];
    let answer = get(&envoy, APP, &upstream);
    assert_eq!(
        cors(&answer),
        [
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-origin", APP),
            ("access-control-expose-headers", "x-request-id"),
            ("vary", "accept, Origin"),
        ]
    );
    assert_eq!(envoy.stat("wasmcustom.cors.request.allowed_total"), 1);
}

#[test]
fn an_origin_that_is_not_allowed_passes_without_permission() {
    let envoy = with(POLICY);
    let upstream = [
        "access-control-allow-origin: *",
        "access-control-allow-credentials: true",
    ];
    let answer = get(&envoy, "https://evil.example", &upstream);
    assert_eq!(answer.status, 200);
    assert_eq!(cors(&answer), [("vary", "Origin")]);
    assert_eq!(envoy.stat("wasmcustom.cors.request.passed.origin_total"), 1);
}

#[test]
fn an_origin_that_is_not_allowed_is_refused_where_the_policy_says_so() {
    let envoy = Envoy::with_filter(
        "cors",
        r#"{"policies": [{"allow_origins": ["https://app.example.com"], "unmatched_origin": "refuse"}]}"#,
    )
    .access_log("%RESPONSE_CODE_DETAILS%\n")
    .start();
    let answer = get(&envoy, "https://evil.example", &[]);
    assert_eq!(answer.status, 403);
    assert_eq!(cors(&answer), [("vary", "Origin")]);
    envoy.wait_for_access_log("cors_origin_refused", Duration::from_secs(10));
    let own = get(&envoy, "https://api.example.com", &[]);
    assert_eq!((own.status, cors(&own)), (200, vec![("vary", "Origin")]));
}

#[test]
fn envoys_own_answers_carry_the_headers() {
    let mut envoy = Envoy::with_filter("cors", POLICY)
        .virtual_host(r#"{name: only, domains: [api.example.com], routes: [
            {match: {path: /known}, route: {cluster: upstream}}, {match: {path: /direct}, direct_response: {status: 204}},
            {match: {path: /moved}, redirect: {path_redirect: /x}}]}"#)
        .start();
    envoy.upstream_mut().stop();
    for (path, status) in [
        ("/none", 404),
        ("/direct", 204),
        ("/moved", 301),
        ("/known", 503),
    ] {
        let answer = envoy
            .get(path)
            .host("api.example.com")
            .header("origin", APP)
            .send();
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some(APP),
            "{path}"
        );
        assert_eq!(answer.header("vary"), Some("Origin"), "{path}");
    }
}

#[test]
fn the_list_of_methods_is_asked_of_preflights_only() {
    let config = r#"{"policies": [{"allow_origins": ["https://app.example.com"], "allow_methods": ["PUT"]}]}"#;
    everywhere("cors", config, |envoy, client| {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE"] {
            let request = client.request(method, envoy.url("/"));
            let answer = request.header("origin", APP).send();
            assert_eq!(
                answer.header("access-control-allow-origin"),
                Some(APP),
                "{method}"
            );
        }
    });
}
