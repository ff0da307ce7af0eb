//! The tour: what each filter demonstrates.
//!
//! A filter contributes one function here and one row in [`chapters`]. Its steps run against
//! `envoy-configs/all-filters.yaml`.

use e2e::token::Token;
use serde_json::json;

use super::step::{Step, Want};

/// The steps of one filter.
pub(super) struct Chapter {
    /// The filter.
    pub(super) filter: &'static str,
    /// Its steps, in order.
    pub(super) steps: Vec<Step>,
}

/// Returns all chapters, in the order in which a request passes the filters.
pub(super) fn chapters() -> Vec<Chapter> {
    vec![
        Chapter {
            filter: "cors",
            steps: cors(),
        },
        Chapter {
            filter: "header-rewrite",
            steps: header_rewrite(),
        },
        Chapter {
            filter: "jwt-auth",
            steps: jwt_auth(),
        },
        Chapter {
            filter: "rate-limit",
            steps: rate_limit(),
        },
    ]
}

fn cors() -> Vec<Step> {
    vec![
        Step::request(
            "a browser asks whether a page of the application may send a PUT: it may",
            "OPTIONS",
            "/api/v1/items",
        )
        .with("origin", "https://app.example.com")
        .with("access-control-request-method", "PUT")
        .with("access-control-request-headers", "content-type")
        .status(204)
        .answers(
            "access-control-allow-origin",
            Want::Is("https://app.example.com"),
        )
        .answers(
            "access-control-allow-methods",
            Want::Is("GET, HEAD, POST, PUT, DELETE"),
        )
        .answers("access-control-max-age", Want::Is("600")),
        Step::request(
            "a page of somebody else may not",
            "OPTIONS",
            "/api/v1/items",
        )
        .with("origin", "https://app.example.com.evil.example")
        .with("access-control-request-method", "PUT")
        .status(403)
        .answers("access-control-allow-origin", Want::Absent),
    ]
}

fn jwt_auth() -> Vec<Step> {
    let token = Token::new("ES256");
    let admin = token.clone().claim("scope", json!("admin"));
    vec![
        Step::get("without a token no one is let in", "/account")
            .status(401)
            .answers("www-authenticate", Want::Present),
        Step::get(
            "a good token passes; the upstream gets its subject, not the token, and no forged header",
            "/account",
        )
        .with("authorization", token.bearer())
        .with("x-jwt-sub", "root")
        .reaches_upstream("x-jwt-sub", Want::Is("alice"))
        .reaches_upstream("authorization", Want::Absent),
        Step::get("without the scope, the door to /admin stays shut", "/admin")
            .with("authorization", token.bearer())
            .status(403)
            .answers("www-authenticate", Want::Present),
        Step::get("with it, it opens", "/admin").with("authorization", admin.bearer()),
    ]
}

fn rate_limit() -> Vec<Step> {
    let log_in = |title| Step::request(title, "POST", "/login");
    vec![
        log_in("a client may try to log in, and is told how often it may try again")
            .answers("ratelimit", Want::Present)
            .answers("x-ratelimit-remaining", Want::Is("2")),
        log_in("a second time").answers("x-ratelimit-remaining", Want::Is("1")),
        log_in("a third time").answers("x-ratelimit-remaining", Want::Is("0")),
        log_in("but no more: it is refused, and told when to come back; a page can read that too")
            .with("origin", "https://app.example.com")
            .status(429)
            .answers("retry-after", Want::Present)
            .answers(
                "access-control-allow-origin",
                Want::Is("https://app.example.com"),
            ),
    ]
}

fn header_rewrite() -> Vec<Step> {
    vec![
        Step::get(
            "an API request reaches the upstream under its inner path",
            "/api/v1/items?debug=1&page=2",
        )
        .reaches_upstream_at("/v1/svc/items?page=2")
        .answers("x-api-path", Want::Is("/api/v1/items")),
        Step::get(
            "headers that only the proxy may set are removed, others are set",
            "/",
        )
        .with("x-internal-user", "root")
        .with("x-env", "forged")
        .with("cookie", "theme=dark; tracking=me")
        .reaches_upstream("x-internal-user", Want::Absent)
        .reaches_upstream("x-env", Want::Present)
        .reaches_upstream("accept-language", Want::Is("en"))
        .reaches_upstream("cookie", Want::Is("theme=dark; tracking=off")),
        Step::get("every answer is hardened", "/")
            .with("x-echo-set", "x-powered-by: echo")
            .answers("x-powered-by", Want::Absent)
            .answers("strict-transport-security", Want::Absent) // over http
            .answers("x-content-type-options", Want::Is("nosniff"))
            .answers("x-frame-options", Want::Is("DENY")),
        Step::get("a server error is not cached", "/")
            .with("x-echo-status", "503")
            .status(503)
            .answers("cache-control", Want::Is("no-store")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_of_the_chain_has_its_chapter() {
        let sample = std::fs::read_to_string(e2e::paths::sample("all-filters").unwrap()).unwrap();
        for filter in e2e::paths::all_filters().unwrap() {
            let chapters = chapters();
            let mut chapters = chapters.iter().filter(|c| c.filter == filter);
            let shown = chapters.any(|chapter| !chapter.steps.is_empty());
            let module = format!("/{filter}.wasm");
            assert_eq!(shown, sample.contains(&module), "{filter}");
        }
    }
}
