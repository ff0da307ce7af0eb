//! Several filters in one module.

use super::cors::{allowed, cors};
use super::header_rewrite::{REWRITE, rewritten};
use super::jwt_auth::{bearer, jwt, verified};
use super::rate_limit::{limited, rate_limit};
use super::{Case, case, owned, plain};
use crate::host::{Cost, Exchange};
use anyhow::Result;
use jsonwebtoken::Algorithm;
use serde_json::json;

pub(super) const CASES: &[Case] = &[
    case(
        "chain",
        "cors, rate-limit, jwt-auth (RS256, cached) and header-rewrite",
        chain,
        from_app_with_token,
        passed_all,
    ),
    case(
        "chain",
        "header-rewrite alone: set and remove a request header, set a response header",
        || format!(r#"{{"chain": [{{"header-rewrite": {REWRITE}}}]}}"#),
        plain,
        rewritten,
    ),
];

/// The work of the four filters' cases, in one module.
fn chain() -> String {
    let items = [
        ("cors", cors(true)),
        ("rate-limit", rate_limit("both")),
        ("jwt-auth", jwt(0)),
        ("header-rewrite", REWRITE.to_owned()),
    ];
    let items: Vec<_> = items
        .map(|(name, configuration)| {
            let value: serde_json::Value = serde_json::from_str(&configuration).expect("JSON");
            json!({ name: value })
        })
        .into();
    json!({ "chain": items }).to_string()
}

fn from_app_with_token() -> Vec<Exchange> {
    let mut exchanges = bearer(Algorithm::RS256, &[1, 1]);
    for exchange in &mut exchanges {
        let origin = owned(&[("origin", "https://app.example.com")]);
        exchange.request.extend(origin);
    }
    exchanges
}

fn passed_all(cost: &Cost) -> Result<()> {
    allowed(cost)?;
    limited(cost)?;
    verified(cost)?;
    rewritten(cost)
}
