//! The samples of cors: no page of another origin gets permission, and no path gets the policy of
//! another one.

use super::{
    attempt::{Attempt, get, request},
    play::{Closed, Promise},
    start,
};

/// Origins that are not allowed.
const ORIGINS: &[&str] = &[
    "https://evil.example",
    "null",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com.",
    "https://app.example.com.evil.example",
    "https://evil.example/https://app.example.com",
    "https://app.example.com@evil.example",
    "https://app.example.com https://evil.example",
    "https://evil.example, https://app.example.com",
    "https://example.org",
    "https://xexample.org",
    "https://shop.example.org.evil.example",
    "https://evil.example#.example.org",
    "https://pr-1.preview.example.dev.evil.example",
    "https://pr-1xpreview.example.dev",
];

/// No header gives a page permission.
const NOTHING: &[(&str, Option<&str>)] = &[
    ("access-control-allow-origin", None),
    ("access-control-allow-credentials", None),
];

/// Paths that are not public, although they may look so.
const PRIVATE: &[&str] = &[
    "/items",
    "/public/../items",
    "/public/%2e%2e/items",
    "/public/..%2fitems",
    "/public/..;/items",
    "/public/%252e%252e/items",
    "/x/../PUBLIC/items",
    "/publicitems",
];

fn preflight(path: &str, origin: &str, method: &str, headers: &str) -> Attempt {
    let request = request("OPTIONS", path)
        .with("origin", origin)
        .with("access-control-request-method", method)
        .with("access-control-request-headers", headers);
    request.carries(NOTHING)
}

/// What a page of another origin tries with any of the samples.
pub(crate) fn attempts() -> Vec<Attempt> {
    let mut attempts = Vec::new();
    for origin in ORIGINS {
        attempts.push(get("/items").with("origin", *origin).carries(NOTHING));
        attempts.push(preflight("/items", origin, "GET", "content-type"));
    }
    for path in PRIVATE {
        attempts.push(
            get(*path)
                .with("origin", "https://evil.example")
                .carries(NOTHING),
        );
    }
    let app = "https://app.example.com";
    attempts.extend([
        get("/items")
            .with("origin", app)
            .with("origin", "https://evil.example")
            .carries(NOTHING),
        preflight("/items", app, "PATCH", ""),
        preflight("/items", app, "put", ""),
        preflight("/items", app, "PUT, PATCH", ""),
        preflight("/items", app, "PUT", "content-type, x-internal-user"),
        preflight("/items", app, "PUT", "content-type x-internal-user"),
    ]);
    attempts
}

pub(crate) fn samples() -> Vec<Closed> {
    let closed = |sample, start| Closed {
        sample,
        start,
        promises: vec![Promise {
            says: "a page of another origin reads nothing but what is public",
            attempts: attempts(),
        }],
    };
    vec![
        closed("cors", start::bootstrap),
        closed("istio/cors.yaml", start::at_istio_gateway),
        closed("envoy-gateway/cors.yaml", start::at_envoy_gateway),
    ]
}
