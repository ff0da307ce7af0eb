//! Envoy's own filters, configured to do the same as the catalog's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::filter;
use e2e::token;

/// Sets and removes a request header, sets a response header.
pub(crate) fn header_mutation(copy: usize) -> Value {
    let set = |name: &str, value: &str| json!({"append": {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}});
    filter(
        &format!("header-mutation-{copy}"),
        "header_mutation.v3.HeaderMutation",
        json!({"mutations": {
            "request_mutations": [set("x-env", "prod"), {"remove": format!("x-internal-{copy}")}],
            "response_mutations": [set("x-frame-options", "DENY")],
        }}),
    )
}

/// CORS, with the policy in the route.
pub(crate) fn cors(copy: usize) -> Value {
    filter(&format!("native-cors-{copy}"), "cors.v3.Cors", json!({}))
}

/// Returns the policy of a copy for the route: its name and content.
pub(crate) fn cors_policy(copy: usize) -> (String, Value) {
    let policy = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy",
        "allow_origin_string_match": [
            {"exact": "https://app.example.com"},
            {"safe_regex": {"regex": "https://[a-z0-9.-]+\\.example\\.org"}},
        ],
        "allow_methods": "GET, POST, PUT, DELETE",
        "allow_headers": "content-type, authorization",
        "expose_headers": "x-request-id",
        "allow_credentials": true,
        "max_age": "600",
    });
    (format!("native-cors-{copy}"), policy)
}

/// A limit for each value of `x-tenant`. With `fields`, responses say how much is left.
pub(crate) fn local_ratelimit(copy: usize, fields: bool) -> Value {
    let bucket =
        json!({"max_tokens": 1_000_000, "tokens_per_fill": 1_000_000, "fill_interval": "60s"});
    let always = json!({"default_value": {"numerator": 100, "denominator": "HUNDRED"}});
    filter(
        &format!("local-ratelimit-{copy}"),
        "local_ratelimit.v3.LocalRateLimit",
        json!({
            "stat_prefix": "bench",
            "token_bucket": bucket,
            "filter_enabled": always,
            "filter_enforced": always,
            "always_consume_default_token_bucket": false,
            "rate_limits": [{"actions": [{"request_headers": {"header_name": "x-tenant", "descriptor_key": "tenant"}}]}],
            "descriptors": [{"entries": [{"key": "tenant"}], "token_bucket": bucket}],
            "max_dynamic_descriptors": 2000,
            "enable_x_ratelimit_headers": if fields { "DRAFT_VERSION_03" } else { "OFF" },
        }),
    )
}

/// Tokens of the test keys. HMAC tokens have their own provider.
pub(crate) fn jwt_authn(copy: usize, cached: bool) -> Value {
    let provider = |keys: String| {
        let mut provider = json!({
            "issuer": token::ISSUER, "audiences": ["api"], "forward": true,
            "local_jwks": {"inline_string": keys},
            "claim_to_headers": [{"header_name": "x-jwt-sub", "claim_name": "sub"}],
        });
        if cached {
            provider["jwt_cache_config"] = json!({"jwt_cache_size": 1000});
        }
        provider
    };
    filter(
        &format!("jwt-authn-{copy}"),
        "jwt_authn.v3.JwtAuthentication",
        json!({
            "providers": {"corp": provider(token::JWKS.to_owned()), "secret": provider(secret())},
            "rules": [
                {"match": {"prefix": "/secret"}, "requires": {"provider_name": "secret"}},
                {"match": {"prefix": "/"}, "requires": {"provider_name": "corp"}},
            ],
        }),
    )
}

/// Returns the secret of HMAC tokens as a key set.
fn secret() -> String {
    let key = json!({"kty": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(token::SECRET)});
    json!({ "keys": [key] }).to_string()
}
