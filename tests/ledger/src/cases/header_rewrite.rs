//! header-rewrite: operations on headers, and many rules.

use super::{Case, any, case, has, idle, plain, sixty_headers};
use crate::host::Cost;
use anyhow::{Result, ensure};
use serde_json::json;

pub(super) const CASES: &[Case] = &[
    case(
        "header-rewrite",
        "idle: empty configuration",
        || "{}".to_owned(),
        plain,
        idle,
    ),
    case(
        "header-rewrite",
        "set and remove a request header, set a response header",
        || REWRITE.to_owned(),
        plain,
        rewritten,
    ),
    case(
        "header-rewrite",
        "the same, 60 headers",
        || REWRITE.to_owned(),
        sixty_headers,
        rewritten,
    ),
    case(
        "header-rewrite",
        "set a request header by path, 1 rule",
        || rewrite_rules(1),
        plain,
        any,
    ),
    case(
        "header-rewrite",
        "the same, the last of 100 rules",
        || rewrite_rules(100),
        plain,
        any,
    ),
    case(
        "header-rewrite",
        "the same, the last of 1,000 rules",
        || rewrite_rules(1000),
        plain,
        any,
    ),
    case(
        "header-rewrite",
        "rewrite the path by a regular expression with two groups",
        || REGEX.to_owned(),
        plain,
        moved,
    ),
];

pub(super) const REWRITE: &str = r#"{"rules": [{"request": [{"set": {"name": "x-env", "value": "prod"}}, {"remove": {"name": "x-tenant"}}],
    "response": [{"set": {"name": "x-frame-options", "value": "DENY"}}]}]}"#;

const REGEX: &str = r#"{"rules": [{"request": [{"path": {"regex": "^/api/(v[0-9]+)/(.*)$", "with": "/${1}/svc/${2}"}}]}]}"#;

fn moved(cost: &Cost) -> Result<()> {
    ensure!(
        has(&cost.request, ":path", "/v1/svc/items?page=2"),
        "not rewritten"
    );
    Ok(())
}

pub(super) fn rewritten(cost: &Cost) -> Result<()> {
    ensure!(has(&cost.request, "x-env", "prod"), "no x-env");
    ensure!(
        !cost.request.iter().any(|(n, _)| n == b"x-tenant"),
        "x-tenant stays"
    );
    ensure!(
        has(&cost.response, "x-frame-options", "DENY"),
        "no x-frame-options"
    );
    Ok(())
}

/// Rules by path, of which the last one matches.
fn rewrite_rules(count: usize) -> String {
    let rules: Vec<_> = (0..count)
        .map(|n| {
            let path = if n + 1 == count { "/api".to_owned() } else { format!("/path-{n}") };
            json!({"match": {"paths": [{"prefix": path}]}, "request": [{"set": {"name": "x-env", "value": "prod"}}]})
        })
        .collect();
    json!({ "rules": rules }).to_string()
}
