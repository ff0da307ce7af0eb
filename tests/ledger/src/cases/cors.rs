//! cors: requests with and without an origin, preflights, many origins and policies.

use super::{Case, any, case, has, idle, one, owned, plain, refused, sixty_headers};
use crate::host::{Cost, Exchange};
use anyhow::{Result, ensure};
use serde_json::json;

pub(super) const CASES: &[Case] = &[
    case(
        "cors",
        "idle: empty configuration",
        || "{}".to_owned(),
        plain,
        idle,
    ),
    case("cors", "no origin", || cors(true), plain, any),
    case(
        "cors",
        "simple request of an allowed origin",
        || cors(true),
        from_app,
        allowed,
    ),
    case(
        "cors",
        "the same, 60 headers",
        || cors(true),
        || {
            let mut exchanges = sixty_headers();
            for exchange in &mut exchanges {
                exchange
                    .request
                    .extend(owned(&[("origin", "https://app.example.com")]));
            }
            exchanges
        },
        allowed,
    ),
    case("cors", "preflight", || cors(true), preflight, refused),
    case(
        "cors",
        "simple request, one of 1,000 origins",
        cors_origins,
        from_app,
        allowed,
    ),
    case(
        "cors",
        "simple request, 1 policy by path",
        || cors_policies(1),
        from_app,
        allowed,
    ),
    case(
        "cors",
        "simple request, the last of 1,000 policies by path",
        || cors_policies(1000),
        from_app,
        allowed,
    ),
    case(
        "cors",
        "simple request, the last of 100 policies by path",
        || cors_policies(100),
        from_app,
        allowed,
    ),
];

pub(super) fn cors(credentials: bool) -> String {
    json!({"policies": [{
        "allow_origins": ["https://app.example.com", "https://*.example.org"], "allow_methods": ["GET", "POST", "PUT", "DELETE"],
        "allow_headers": ["content-type", "authorization"], "expose_headers": ["x-request-id"], "allow_credentials": credentials, "max_age": "10m",
    }]})
    .to_string()
}

fn cors_policies(count: usize) -> String {
    let policies: Vec<_> = (0..count)
        .map(|n| {
            let path = if n + 1 == count { "/api".to_owned() } else { format!("/path-{n}") };
            json!({"match": {"paths": [{"prefix": path}]}, "allow_origins": ["https://app.example.com"]})
        })
        .collect();
    json!({ "policies": policies }).to_string()
}

/// A thousand origins, including the app's.
fn cors_origins() -> String {
    let mut origins: Vec<String> = (1..1000)
        .map(|n| format!("https://tenant-{n}.example.com"))
        .collect();
    origins.insert(500, "https://app.example.com".to_owned());
    json!({"policies": [{"allow_origins": origins}]}).to_string()
}

fn from_app() -> Vec<Exchange> {
    one(&[("origin", "https://app.example.com")])
}

fn preflight() -> Vec<Exchange> {
    let mut exchanges = one(&[
        ("origin", "https://app.example.com"),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "content-type"),
    ]);
    for exchange in &mut exchanges {
        exchange.request[2].1 = b"OPTIONS".to_vec();
    }
    exchanges
}

pub(super) fn allowed(cost: &Cost) -> Result<()> {
    let name = "access-control-allow-origin";
    ensure!(
        has(&cost.response, name, "https://app.example.com"),
        "not allowed"
    );
    Ok(())
}
