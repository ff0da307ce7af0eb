//! What the tests of cors share.

pub(crate) use e2e::cases::cors::{PREFLIGHT_VARY, headers as cors};
pub(crate) use e2e::{Client, Envoy, Response, everywhere, raw};
pub(crate) use std::time::Duration;

pub(crate) const APP: &str = "https://app.example.com";

pub(crate) const POLICY: &str = r#"{"policies": [{"match": {"hosts": ["api.example.com"]},
    "allow_origins": ["https://app.example.com", "https://example.org", "https://*.example.org"],
    "allow_methods": ["GET", "PUT"], "allow_headers": ["x-token"], "expose_headers": ["x-request-id"],
    "allow_credentials": true, "max_age": "10m"}]}"#;

pub(crate) fn with(config: &str) -> Envoy {
    Envoy::with_filter("cors", config).start()
}

/// Sends a GET request from this origin to the policy's host, and makes the upstream set these
/// headers.
pub(crate) fn get(envoy: &Envoy, origin: &str, upstream: &[&str]) -> Response {
    let request = envoy
        .get("/")
        .host("api.example.com")
        .header("origin", origin);
    upstream
        .iter()
        .fold(request, |request, field| {
            request.header("x-echo-set", field)
        })
        .send()
}

pub(crate) fn preflight(envoy: &Envoy, origin: &str, method: &str, headers: &str) -> Response {
    Client::http1()
        .options(envoy.url("/"))
        .host("api.example.com")
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", headers)
        .send()
}
