//! What Envoy knows about a request besides its headers, in the `match` of every filter: the
//! client's address, the route and its metadata.

use e2e::{Client, Envoy};

/// Routes with different names and metadata, all with direct responses.
fn chain(filter: &str, config: &str) -> Envoy {
    let route = |path: &str, name: &str, metadata: &str| {
        format!(
            "{{name: {name}, match: {{prefix: {path}}}, metadata: {{filter_metadata: {{{filter}: {metadata}, other: {{tier: gold, off: true}}}}}}, \
             direct_response: {{status: 200}}}}"
        )
    };
    Envoy::with_filter(filter, config)
        .concurrency(2)
        .route(route("/gold", "gold", "{tier: gold, level: 5, beta: true}"))
        .route(route(
            "/silver",
            "silver",
            "{tier: silver, level: 5.5, beta: false}",
        ))
        .route("{name: plain, match: {prefix: /plain}, direct_response: {status: 200}}")
        .hcm("{use_remote_address: false, xff_num_trusted_hops: 0}")
        .start()
}

/// Whether header-rewrite marks the response for this path, for a client with this address.
fn is_marked(matches: &str, path: &str, address: &str) -> bool {
    let config = format!(
        r#"{{"rules": [{{"match": {matches}, "response": [{{"set": {{"name": "x-marked", "value": "1"}}}}]}}]}}"#
    );
    let envoy = chain("header-rewrite", &config);
    let mut marks = [Client::http1(), Client::http2()].map(|client| {
        let answer = client
            .get(envoy.url(path))
            .header("x-forwarded-for", address)
            .send();
        assert_eq!(answer.status, 200);
        answer.header("x-marked").is_some()
    });
    marks.sort_unstable();
    assert_eq!(marks[0], marks[1], "the same over HTTP/1.1 and HTTP/2");
    marks[0]
}

#[test]
fn a_match_looks_at_the_route_and_its_metadata() {
    for (matches, gold, silver, plain) in [
        (r#"{"routes": ["gold", "x"]}"#, true, false, false),
        (
            r#"{"route_metadata": [{"key": "tier", "exact": "gold"}]}"#,
            true,
            false,
            false,
        ),
        (
            r#"{"route_metadata": [{"key": "level", "exact": "5"}]}"#,
            true,
            false,
            false,
        ),
        (
            r#"{"route_metadata": [{"key": "level", "exact": "5.5"}]}"#,
            false,
            true,
            false,
        ),
        (
            r#"{"route_metadata": [{"key": "beta", "exact": "true"}]}"#,
            true,
            false,
            false,
        ),
        (
            r#"{"route_metadata": [{"key": "tier", "present": true}]}"#,
            true,
            true,
            false,
        ),
        (
            r#"{"route_metadata": [{"key": "off", "present": false}]}"#,
            true,
            true,
            true,
        ),
        (r#"{"not": {"routes": ["gold"]}}"#, false, true, true),
    ] {
        for (path, marked) in [("/gold", gold), ("/silver", silver), ("/plain", plain)] {
            assert_eq!(
                is_marked(matches, path, "10.0.0.1"),
                marked,
                "{matches} {path}"
            );
        }
    }
}

#[test]
fn a_match_looks_at_the_address_that_envoy_trusts() {
    for (matches, address, marked) in [
        (r#"{"client_ip": ["10.0.0.0/8"]}"#, "10.1.2.3", true),
        (r#"{"client_ip": ["10.0.0.0/8"]}"#, "11.1.2.3", false),
        (r#"{"client_ip": ["10.0.0.0/8"]}"#, "::ffff:10.1.2.3", true),
        (r#"{"client_ip": ["2001:db8::/32"]}"#, "2001:db8::7", true),
        (r#"{"client_ip": ["2001:db8::/32"]}"#, "2001:db9::7", false),
        (
            r#"{"not": {"client_ip": ["10.0.0.0/8"]}}"#,
            "11.1.2.3",
            true,
        ),
        (
            r#"{"not": {"client_ip": ["10.0.0.0/8"]}}"#,
            "10.1.2.3",
            false,
        ),
    ] {
        assert_eq!(
            is_marked(matches, "/plain", address),
            marked,
            "{matches} {address}"
        );
    }
}

#[test]
fn every_filter_has_these_parts() {
    let status = |filter: &str, config: &str, path: &str, headers: &[(&str, &str)]| {
        let envoy = chain(filter, config);
        let send = || {
            let request = envoy.get(path);
            let request = headers.iter().fold(request, |r, (n, v)| r.header(n, *v));
            request.send().status
        };
        let statuses = [send(), send()];
        statuses[1]
    };
    let jwt = r#"{"providers": {"corp": {"keys": {"secret": {"value": "0123456789abcdef0123456789abcdef", "algorithm": "HS256"}}}},
        "rules": [{"match": {"route_metadata": [{"key": "tier", "exact": "gold"}]}, "require": "nothing"}]}"#;
    assert_eq!(status("jwt-auth", jwt, "/gold", &[]), 200);
    assert_eq!(status("jwt-auth", jwt, "/silver", &[]), 401);
    let limits = r#"{"limits": [{"name": "a", "requests": 1, "per": "1h", "match": {"not": {"routes": ["gold"]}}}],
        "exempt": [{"client_ip": ["10.0.0.0/8"]}]}"#;
    let (inside, outside) = (
        [("x-forwarded-for", "10.0.0.1")],
        [("x-forwarded-for", "192.0.2.1")],
    );
    assert_eq!(status("rate-limit", limits, "/silver", &outside), 429);
    assert_eq!(status("rate-limit", limits, "/gold", &outside), 200);
    assert_eq!(status("rate-limit", limits, "/silver", &inside), 200);
    let cors = r#"{"policies": [{"match": {"routes": ["gold"]}, "allow_origins": [], "unmatched_origin": "refuse"}]}"#;
    let origin = [("origin", "https://evil.example")];
    assert_eq!(status("cors", cors, "/gold", &origin), 403);
    assert_eq!(status("cors", cors, "/silver", &origin), 200);
}
