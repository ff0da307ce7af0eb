//! The cases of the ledger.

use crate::host::{Cost, Exchange, Pairs};
use crate::token::{self, JWKS, SECRET};
use anyhow::{Result, ensure};
use jsonwebtoken::Algorithm;
use serde_json::json;

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

/// A request of ten headers, pseudo-headers among them, as Envoy hands it on.
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

const REWRITE: &str = r#"{"rules": [{"request": [{"set": {"name": "x-env", "value": "prod"}}, {"remove": {"name": "x-tenant"}}],
    "response": [{"set": {"name": "x-frame-options", "value": "DENY"}}]}]}"#;

fn rewritten(cost: &Cost) -> Result<()> {
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

/// Rules by path of which the last one matches.
fn rewrite_rules(count: usize) -> String {
    let rules: Vec<_> = (0..count)
        .map(|n| {
            let path = if n + 1 == count { "/api".to_owned() } else { format!("/path-{n}") };
            json!({"match": {"paths": [{"prefix": path}]}, "request": [{"set": {"name": "x-env", "value": "prod"}}]})
        })
        .collect();
    json!({ "rules": rules }).to_string()
}

fn cors(credentials: bool) -> String {
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

/// A thousand origins, the app's among them.
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

fn allowed(cost: &Cost) -> Result<()> {
    let name = "access-control-allow-origin";
    ensure!(
        has(&cost.response, name, "https://app.example.com"),
        "not allowed"
    );
    Ok(())
}

fn rate_limit(fields: &str) -> String {
    json!({"limits": [{"name": "per-tenant", "key": [{"header": "x-tenant"}], "requests": 1_000_000, "per": "1m"}], "headers": fields})
        .to_string()
}

fn rate_limits(count: usize) -> String {
    let limits: Vec<_> = (0..count)
        .map(|n| {
            let path = if n + 1 == count { "/api".to_owned() } else { format!("/path-{n}") };
            json!({"name": format!("limit-{n}"), "match": {"paths": [{"prefix": path}]}, "key": [{"header": "x-tenant"}],
                "requests": 1_000_000, "per": "1m"})
        })
        .collect();
    json!({ "limits": limits }).to_string()
}

/// As many keys as fill all slots of a table, and one of them again.
fn many_tenants() -> Vec<Exchange> {
    let tenants = (0..40).chain([39]);
    tenants
        .map(|n| {
            let mut exchange = request(&[]);
            exchange.request[9].1 = format!("tenant-{n}").into_bytes();
            exchange
        })
        .collect()
}

fn by_address() -> String {
    json!({"limits": [{"name": "per-client", "key": [{"client_ip": {}}], "requests": 1_000_000, "per": "1m"}]}).to_string()
}

fn limited(cost: &Cost) -> Result<()> {
    ensure!(cost.reply.is_none(), "refused");
    ensure!(
        cost.response.iter().any(|(n, _)| n == b"ratelimit"),
        "no ratelimit"
    );
    Ok(())
}

fn jwt(rules: usize) -> String {
    let rules: Vec<_> = (0..rules)
        .map(|n| {
            let path = if n + 1 == rules { "/api".to_owned() } else { format!("/path-{n}") };
            json!({"match": {"paths": [{"prefix": path}]}, "require": {"provider": {"name": "corp"}}})
        })
        .collect();
    let jwks: serde_json::Value = serde_json::from_str(JWKS).expect("JSON");
    json!({"providers": {"corp": {"issuer": "https://issuer.example", "audiences": ["api"], "keys": {"jwks": jwks},
        "claims_to_headers": [{"claim": "sub", "header": "x-jwt-sub"}]}}, "rules": rules})
    .to_string()
}

fn jwt_secret() -> String {
    json!({"providers": {"corp": {"issuer": "https://issuer.example", "audiences": ["api"],
        "keys": {"secret": {"value": SECRET, "algorithm": "HS256"}}, "claims_to_headers": [{"claim": "sub", "header": "x-jwt-sub"}]}}})
    .to_string()
}

fn bearer(algorithm: Algorithm, ids: &[u32]) -> Vec<Exchange> {
    let with = |id: &u32| {
        let token = format!("Bearer {}", token::sign(algorithm, *id));
        request(&[("authorization", &token)])
    };
    ids.iter().map(with).collect()
}

fn verified(cost: &Cost) -> Result<()> {
    ensure!(has(&cost.request, "x-jwt-sub", "alice"), "not verified");
    Ok(())
}

fn refused(cost: &Cost) -> Result<()> {
    ensure!(cost.reply.is_some(), "not refused");
    Ok(())
}

/// What the cases of the four filters do, in one module.
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

macro_rules! case {
    ($filter:literal, $name:literal, $configuration:expr, $exchanges:expr, $check:expr) => {
        Case {
            filter: $filter,
            name: $name,
            configuration: $configuration,
            exchanges: $exchanges,
            check: $check,
        }
    };
}

/// All cases.
pub const CASES: &[Case] = &[
    case!(
        "chain",
        "cors, rate-limit, jwt-auth (RS256, cached) and header-rewrite",
        chain,
        from_app_with_token,
        passed_all
    ),
    case!(
        "chain",
        "header-rewrite alone: set and remove a request header, set a response header",
        || format!(r#"{{"chain": [{{"header-rewrite": {REWRITE}}}]}}"#),
        plain,
        rewritten
    ),
    case!(
        "cors",
        "idle: empty configuration",
        || "{}".to_owned(),
        plain,
        idle
    ),
    case!("cors", "no origin", || cors(true), plain, any),
    case!(
        "cors",
        "simple request of an allowed origin",
        || cors(true),
        from_app,
        allowed
    ),
    case!(
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
        allowed
    ),
    case!("cors", "preflight", || cors(true), preflight, refused),
    case!(
        "cors",
        "simple request, one of 1,000 origins",
        cors_origins,
        from_app,
        allowed
    ),
    case!(
        "cors",
        "simple request, 1 policy by path",
        || cors_policies(1),
        from_app,
        allowed
    ),
    case!(
        "cors",
        "simple request, the last of 1,000 policies by path",
        || cors_policies(1000),
        from_app,
        allowed
    ),
    case!(
        "cors",
        "simple request, the last of 100 policies by path",
        || cors_policies(100),
        from_app,
        allowed
    ),
    case!(
        "header-rewrite",
        "idle: empty configuration",
        || "{}".to_owned(),
        plain,
        idle
    ),
    case!(
        "header-rewrite",
        "set and remove a request header, set a response header",
        || REWRITE.to_owned(),
        plain,
        rewritten
    ),
    case!(
        "header-rewrite",
        "the same, 60 headers",
        || REWRITE.to_owned(),
        sixty_headers,
        rewritten
    ),
    case!(
        "header-rewrite",
        "set a request header by path, 1 rule",
        || rewrite_rules(1),
        plain,
        any
    ),
    case!(
        "header-rewrite",
        "the same, the last of 100 rules",
        || rewrite_rules(100),
        plain,
        any
    ),
    case!(
        "header-rewrite",
        "the same, the last of 1,000 rules",
        || rewrite_rules(1000),
        plain,
        any
    ),
    case!(
        "rate-limit",
        "idle: empty configuration",
        || "{}".to_owned(),
        plain,
        idle
    ),
    case!(
        "rate-limit",
        "a header as key, headers: both",
        || rate_limit("both"),
        plain,
        limited
    ),
    case!(
        "rate-limit",
        "a header as key, headers: none",
        || rate_limit("none"),
        plain,
        any
    ),
    case!(
        "rate-limit",
        "a header as key, 60 headers",
        || rate_limit("both"),
        sixty_headers,
        limited
    ),
    case!(
        "rate-limit",
        "the client's address as key",
        by_address,
        plain,
        limited
    ),
    case!(
        "rate-limit",
        "a header as key, all slots of its table taken",
        || rate_limit("both").replacen('{', r#"{"max_keys": 16,"#, 1),
        many_tenants,
        limited
    ),
    case!(
        "rate-limit",
        "1 limit by path",
        || rate_limits(1),
        plain,
        limited
    ),
    case!(
        "rate-limit",
        "the last of 100 limits by path",
        || rate_limits(100),
        plain,
        limited
    ),
    case!(
        "rate-limit",
        "the last of 1,000 limits by path",
        || rate_limits(1000),
        plain,
        limited
    ),
    case!(
        "jwt-auth",
        "RS256, cached",
        || jwt(0),
        || bearer(Algorithm::RS256, &[1, 1]),
        verified
    ),
    case!(
        "jwt-auth",
        "RS256, cached, the last of 100 rules by path",
        || jwt(100),
        || bearer(Algorithm::RS256, &[1, 1]),
        verified
    ),
    case!(
        "jwt-auth",
        "RS256, cached, 60 headers",
        || jwt(0),
        || {
            let mut exchanges = bearer(Algorithm::RS256, &[1, 1]);
            let more = sixty_headers().remove(0).request;
            for exchange in &mut exchanges {
                exchange.request.extend(more.iter().skip(9).cloned());
            }
            exchanges
        },
        verified
    ),
    case!(
        "jwt-auth",
        "RS256, fresh, without the signature",
        || jwt(0),
        || bearer(Algorithm::RS256, &[1, 2]),
        verified
    ),
    case!(
        "jwt-auth",
        "ES256, fresh, without the signature",
        || jwt(0),
        || bearer(Algorithm::ES256, &[1, 2]),
        verified
    ),
    case!(
        "jwt-auth",
        "HS256, fresh",
        jwt_secret,
        || bearer(Algorithm::HS256, &[1, 2]),
        verified
    ),
    case!("jwt-auth", "no token", || jwt(0), plain, refused),
];
