//! Refusals as received by gRPC-Web clients, and by clients behind another Envoy.

use super::{filter, get};
use e2e::{Client, Envoy, Protocol};

const GRPC_WEB: &str = r#"{name: envoy.filters.http.grpc_web, typed_config: {
    "@type": type.googleapis.com/envoy.extensions.filters.http.grpc_web.v3.GrpcWeb}}"#;

// A gRPC-Web call gets HTTP 200 in its own content type, with `grpc-status` and `grpc-message` in
// the headers and a trailer frame as the body. Envoy's filter `grpc_web` would turn
// a 429 into status 14.
#[test]
fn a_grpc_web_client_gets_the_status_of_each_filter_with_and_without_envoys_own_filter_before_it() {
    let malformed = "a.example:x";
    for (filter, config, status) in [
        (
            "rate-limit",
            "limits: [{name: none, requests: 1, per: 1h, burst: 1, cost: {header: x-cost, default: 1}}]",
            "8",
        ),
        (
            "jwt-auth",
            "providers: {a: {keys: {secret: {value: 0123456789abcdef0123456789abcdef, algorithm: HS256}}}}",
            "16",
        ),
        (
            "cors",
            "policies: [{allow_origins: ['https://app.example'], unmatched_origin: refuse}]",
            "7",
        ),
        (
            "header-rewrite",
            "rules: [{match: {hosts: [a.example]}, request: [{set: {name: x-a, value: b}}]}]",
            "3",
        ),
    ] {
        for has_envoys_own in [true, false] {
            let mut chain = Envoy::with_no_filter();
            if has_envoys_own {
                chain = chain.native(GRPC_WEB);
            }
            let envoy = chain.filter(filter, config).start();
            for (content_type, form) in [
                ("application/grpc-web+proto", "application/grpc-web+proto"),
                (
                    "application/grpc-web-text",
                    "application/grpc-web-text+proto",
                ),
            ] {
                let what = format!("{filter} {content_type} {has_envoys_own}");
                let call = Client::http1().post(envoy.url("/a.B/C"));
                let answer = call
                    .host(if filter == "header-rewrite" {
                        malformed
                    } else {
                        "a.example"
                    })
                    .headers([("content-type", content_type), ("accept", content_type)])
                    .headers([("origin", "https://other.example"), ("x-cost", "2")])
                    .body(*b"\0\0\0\0\x01x")
                    .send();
                assert_eq!(answer.status, 200, "{what} {answer:?}");
                assert_eq!(
                    answer.header("grpc-status"),
                    Some(status),
                    "{what} {answer:?}"
                );
                assert!(answer.header("grpc-message").is_some(), "{what}");
                let own = answer.header("content-type").unwrap();
                assert!(own.starts_with("application/grpc-web"), "{what}: {own}");
                if !has_envoys_own {
                    assert_eq!(own, form, "{what}");
                    assert!(!answer.body.is_empty(), "{what}: the trailers");
                }
            }
        }
    }
}

// A 429 carries `x-envoy-ratelimited`, as one of Envoy's own filter does.
#[test]
fn an_envoy_in_front_does_not_retry_a_refusal() {
    for (response, status) in [("", 429), (", response: {status: 503}", 503)] {
        let back = filter(&format!(
            "{{limits: [{{name: a, requests: 1, per: 1h}}]{response}}}"
        ));
        let front = Envoy::with_no_filter()
            .cluster_at("back", back.address().port(), Protocol::Http1)
            .route(
                "{match: {prefix: /}, route: {cluster: back, retry_policy: {retry_on: '5xx,retriable-4xx,retriable-status-codes',
                    retriable_status_codes: [429, 503], num_retries: 3, retry_back_off: {base_interval: 0.001s}}}}",
            )
            .start();
        assert_eq!(get(&front, "/", &[]).status, 200);
        let refused = get(&front, "/", &[]);
        assert_eq!(refused.status, status);
        assert_eq!(refused.header("x-envoy-ratelimited"), Some("true"));
        let stat = |name: &str| back.stat(&format!("wasmcustom.rate_limit.{name}_total"));
        assert_eq!((stat("passed.a"), stat("refused.a")), (1, 1), "no retry");
        assert_eq!(get(&front, "/", &[("x-echo-status", "200")]).status, status);
    }
}
