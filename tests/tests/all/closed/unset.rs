//! What happens without each of Envoy's settings: the table of SECURITY.md, whose other column is
//! tested with the samples.

use e2e::{Client, Envoy, Response, raw};

use super::settings::{removed, settings};

const ADMIN: &str = "{name: admin, domains: [admin.example.com], routes: [{match: {prefix: /}, direct_response: {status: 204}}]}";

/// Starts one filter, with the settings of the samples or with none.
fn envoy(filter: &str, config: &str, are_set: bool) -> Envoy {
    let mut builder = Envoy::with_filter(filter, config).virtual_host(ADMIN);
    if are_set {
        builder = builder.hcm(settings().to_string());
        builder = builder.hcm(format!(
            "{{route_config: {{request_headers_to_remove: {}}}}}",
            removed()
        ));
    }
    builder.start()
}

fn get(envoy: &Envoy, host: &str, fields: &[(&str, &str)]) -> Response {
    let request = envoy.get("/x").host(host);
    request.headers(fields.iter().copied()).send()
}

#[test]
fn another_spelling_of_a_host_misses_its_virtual_host() {
    for are_set in [true, false] {
        let envoy = envoy("cors", "policies: []", are_set);
        let all = if are_set { 204 } else { 200 };
        for (host, status) in [
            ("admin.example.com", 204),
            ("ADMIN.example.com", 204),
            ("admin.example.com:80", all),
            ("admin.example.com:65000", all),
            ("admin.example.com.", all),
            ("admin.example.com.:80", all),
        ] {
            assert_eq!(get(&envoy, host, &[]).status, status, "{host} {are_set}");
        }
    }
}

#[test]
fn underscores_reach_the_upstream_or_are_refused_by_each_protocol_in_its_way() {
    for are_set in [true, false] {
        let envoy = envoy("cors", "policies: []", are_set);
        let fields = [("x_jwt_sub", "root")];
        let http2 = Client::http2()
            .get(envoy.url("/"))
            .headers(fields)
            .try_send();
        let http1 = get(&envoy, "a", &fields);
        if are_set {
            assert_eq!(http1.status, 400);
            assert!(http2.is_err_and(|error| error.is::<hyper::Error>()));
            for protocol in ["http1", "http2"] {
                let counter = format!("{protocol}.requests_rejected_with_underscores_in_headers");
                assert_eq!(envoy.stat(&counter), 1, "{counter}");
            }
        } else {
            assert_eq!(http1.echo().header("x_jwt_sub"), Some("root"));
            assert_eq!(http2.unwrap().echo().header("x_jwt_sub"), Some("root"));
        }
    }
}

#[test]
fn a_client_makes_up_an_address_for_each_request() {
    let config = "limits: [{name: client, key: [{client_ip: {}}], requests: 2, per: 1h}]";
    for are_set in [true, false] {
        let envoy = envoy("rate-limit", config, are_set);
        let statuses = ["198.51.100.1", "198.51.100.2", "198.51.100.3"]
            .map(|address| get(&envoy, "a", &[("x-forwarded-for", address)]).status);
        let third = if are_set { 429 } else { 200 };
        assert_eq!(statuses, [200, 200, third]);
    }
}

#[test]
fn the_upstream_is_told_of_another_path_or_method() {
    for are_set in [true, false] {
        let envoy = envoy("cors", "policies: []", are_set);
        let echo = get(&envoy, "a", &[("x-original-url", "/admin")]).echo();
        let seen = (!are_set).then_some("/admin");
        assert_eq!(echo.header("x-original-url"), seen);
    }
}

#[test]
fn what_envoy_answers_by_itself_no_filter_sees() {
    let config = "rules: [{response: [{preset: security_headers}]}]";
    let envoy = envoy("header-rewrite", config, true);
    let hardened = |request: &str| {
        let answer = raw::send(envoy.address(), request).response();
        (answer.status, answer.header("x-frame-options").is_some())
    };
    for (request, expected) in [
        ("GET / HTTP/1.1\r\nhost: a\r\n\r\n", (200, true)),
        ("GET /a%2Fb HTTP/1.1\r\nhost: a\r\n\r\n", (307, false)),
        ("GET /a%00 HTTP/1.1\r\nhost: a\r\n\r\n", (400, false)),
        ("GET / HTTP/1.1\r\nhost: a\r\nx_a: b\r\n\r\n", (400, false)),
    ] {
        assert_eq!(hardened(request), expected, "{request}");
    }
}

#[test]
fn a_redirect_lacks_the_port_that_the_client_used() {
    let route = "{match: {path: /x}, redirect: {path_redirect: /y}}";
    let with_port = "{match: {path: /x}, redirect: {path_redirect: /y, port_redirect: 8443}}";
    for (route, location) in [
        (route, "http://a.example/y"),
        (with_port, "http://a.example:8443/y"),
    ] {
        let envoy = Envoy::with_filter("cors", "policies: []")
            .route(route)
            .hcm(settings().to_string())
            .start();
        let answer = get(&envoy, "a.example:8443", &[]);
        assert_eq!(answer.header("location"), Some(location));
    }
}

#[test]
fn cors_does_not_know_the_port_that_was_taken_off() {
    let config =
        "policies: [{allow_origins: [\"https://app.example.com\"], unmatched_origin: refuse}]";
    let own = "http://shop.example:8443";
    let default = "http://shop.example";
    for (are_set, origin, status) in [
        (true, own, 403),
        (true, default, 200),
        (false, own, 200),
        (false, default, 403),
    ] {
        let envoy = envoy("cors", config, are_set);
        let answer = get(&envoy, "shop.example:8443", &[("origin", origin)]);
        assert_eq!(answer.status, status, "{origin} {are_set}");
    }
}

#[test]
fn a_filter_that_a_route_switches_on_is_missed_by_a_rewrite_to_that_route() {
    let secret = format!(
        "providers: {{corp: {{keys: {{secret: {{value: \"{}\", algorithm: HS256}}}}}}}}",
        e2e::token::SECRET
    );
    let modules = e2e::paths::filters().display().to_string();
    let switched_off = serde_json::json!({
        "name": "jwt-auth",
        "disabled": true,
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": "jwt-auth",
                "vm_config": {
                    "vm_id": "jwt-auth",
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"filename": format!("{modules}/jwt-auth.wasm")}},
                },
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.Struct",
                    "value": e2e::yaml::parse(&secret).unwrap(),
                },
            },
        },
    });
    let admin = "{match: {prefix: /admin}, route: {cluster: upstream}, typed_per_filter_config: {jwt-auth: \
                 {\"@type\": type.googleapis.com/envoy.config.route.v3.FilterConfig, config: {}}}}";
    let rewrite =
        "rules: [{match: {paths: [{prefix: /x}]}, request: [{path: {prefix: /x, with: /admin}}]}]";
    let envoy = Envoy::with_filter("header-rewrite", rewrite)
        .native(switched_off.to_string())
        .route(admin)
        .start();
    let admin = envoy.get("/admin").send();
    assert_eq!(admin.status, 401);
    let rewritten = get(&envoy, "a", &[]);
    assert_eq!((rewritten.status, &*rewritten.echo().path), (200, "/admin"));
}
