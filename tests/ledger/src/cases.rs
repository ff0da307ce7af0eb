//! The cases of the ledger, by filter, and the requests that they share.

mod chain;
mod cors;
mod header_rewrite;
mod jwt_auth;
mod rate_limit;

use crate::host::{Cost, Exchange, Pairs};
use anyhow::{Result, ensure};

/// A filter, its configuration, and requests of which the last one is measured.
pub struct Case {
    /// The filter.
    pub filter: &'static str,
    /// What is measured.
    pub name: &'static str,
    pub(crate) configuration: fn() -> String,
    pub(crate) exchanges: fn() -> Vec<Exchange>,
    pub(crate) check: fn(&Cost) -> Result<()>,
}

/// Returns all cases, filter by filter.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    let all = [
        chain::CASES,
        cors::CASES,
        header_rewrite::CASES,
        rate_limit::CASES,
        jwt_auth::CASES,
    ];
    all.into_iter().flatten()
}

const fn case(
    filter: &'static str,
    name: &'static str,
    configuration: fn() -> String,
    exchanges: fn() -> Vec<Exchange>,
    check: fn(&Cost) -> Result<()>,
) -> Case {
    Case {
        filter,
        name,
        configuration,
        exchanges,
        check,
    }
}

/// Creates a request with ten headers, including pseudo-headers, as Envoy passes it.
fn request(more: &[(&str, &str)]) -> Exchange {
    let mut headers = vec![
        (":authority", "api.example.com"),
        (":path", "/api/v1/items?page=2"),
        (":method", "GET"),
        (":scheme", "https"),
        ("user-agent", "curl/8.5.0"),
        ("accept", "*/*"),
        ("x-forwarded-proto", "https"),
        ("x-request-id", "5c9a3a3c-9a31-4a4b-8f6d-2f8a3c0f4b10"),
        ("x-envoy-internal", "true"),
        ("x-tenant", "acme"),
    ];
    headers.extend(more);
    Exchange {
        request: owned(&headers),
        response: owned(&[
            (":status", "200"),
            ("content-type", "application/json"),
            ("content-length", "1234"),
            ("date", "Thu, 26 Nov 2026 08:00:00 GMT"),
            ("server", "envoy"),
            ("x-envoy-upstream-service-time", "3"),
        ]),
        properties: vec![("source\0address", "203.0.113.7:4711")],
    }
}

fn owned(headers: &[(&str, &str)]) -> Pairs {
    let owned =
        |(name, value): &(&str, &str)| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    headers.iter().map(owned).collect()
}

fn one(more: &[(&str, &str)]) -> Vec<Exchange> {
    vec![request(more), request(more)]
}

fn plain() -> Vec<Exchange> {
    one(&[])
}

fn sixty_headers() -> Vec<Exchange> {
    let names: Vec<String> = (0..50).map(|n| format!("x-header-{n}")).collect();
    let more: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "value")).collect();
    one(&more)
}

fn any(_: &Cost) -> Result<()> {
    Ok(())
}

fn idle(cost: &Cost) -> Result<()> {
    ensure!(cost.calls.is_empty(), "an idle filter calls the host");
    Ok(())
}

fn has(headers: &Pairs, name: &str, value: &str) -> bool {
    headers.contains(&(name.into(), value.into()))
}

fn refused(cost: &Cost) -> Result<()> {
    ensure!(cost.reply.is_some(), "not refused");
    Ok(())
}
