//! The requests of the jobs.

use std::rc::Rc;

use e2e::token::Token;
use serde_json::json;

use super::{COPIES, Requests};

/// Creates a request with the same ten headers as in the ledger, and these.
pub(super) fn request(path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    with_method("GET", path, more)
}

pub(super) fn with_method(method: &str, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut text = format!(
        "{method} {path} HTTP/1.1\r\nhost: api.example.com\r\nuser-agent: curl/8.5.0\r\naccept: */*\r\nx-forwarded-proto: https\r\n"
    );
    for (name, value) in more {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

pub(super) const PATH: &str = "/api/v1/items?page=2";
pub(super) const ORIGIN: (&str, &str) = ("origin", "https://app.example.com");

/// One request, with a header for each copy to remove.
pub(super) fn with_internals(more: &[(&str, &str)]) -> Requests {
    let names: Vec<String> = (0..COPIES)
        .map(|copy| format!("x-internal-{copy}"))
        .collect();
    let mut headers: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    headers.extend(more);
    Rc::new(vec![request(PATH, &headers)])
}

pub(super) fn tenants(count: usize) -> Requests {
    let tenant = |n: usize| request(PATH, &[("x-tenant", &format!("tenant-{n}"))]);
    Rc::new((0..count).map(tenant).collect())
}

/// Creates a token of about 600 bytes, like those of identity providers.
pub(super) fn bearer(algorithm: &str, number: usize) -> String {
    Token::new(algorithm)
        .claim("jti", json!(format!("{number:08}")))
        .claim("scope", json!("read write"))
        .claim("realm_access", json!({"roles": ["user", "editor"]}))
        .bearer()
}

pub(super) fn with_tokens(algorithm: &str, path: &str, count: usize) -> Requests {
    let with = |n: usize| request(path, &[("authorization", &bearer(algorithm, n))]);
    Rc::new((0..count).map(with).collect())
}
