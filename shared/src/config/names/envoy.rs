//! Keys of Envoy's own filters and their equivalents here, for configurations that are migrated by
//! hand.

use super::snake_case;

/// Returns what to write instead of a key of Envoy's own filters or of Istio's resources, if that
/// is accepted at this position.
pub(in crate::config) fn ours(key: &str, accepted: &[&str]) -> Option<&'static str> {
    let key = snake_case(key);
    let (_, ours) = ENVOYS.iter().find(|(theirs, _)| *theirs == key)?;
    let mut words = ours.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_here = match key.as_str() {
        // These names occur in many places. The suggestion applies only if our name for it is
        // accepted.
        "prefix" | "exact" | "regex" | "header" | "domain" | "pattern" => {
            words.next().is_some_and(|word| accepted.contains(&word))
        }
        "filter_enabled" => words.any(|word| accepted.contains(&word)),
        _ if ours.starts_with("rules: [{re") => ["rules", "request", "set"]
            .iter()
            .any(|name| accepted.contains(name)),
        _ => true,
    };
    is_here.then_some(*ours)
}

/// Keys of Envoy's `jwt_authn`, `local_ratelimit`, `ratelimit`, `cors` and `header_mutation`, of
/// its routes and matchers, and of Istio's `RequestAuthentication`.
const ENVOYS: &[(&str, &str)] = &[
    // jwt_authn
    (
        "from_headers",
        "token_sources: [{header: {name: authorization, prefix: \"Bearer \"}}]",
    ),
    (
        "from_params",
        "token_sources: [{query: {name: access_token}}]",
    ),
    ("from_cookies", "token_sources: [{cookie: {name: session}}]"),
    (
        "remote_jwks",
        "keys: {remote: {cluster: NAME, uri: \"https://HOST/PATH\"}}",
    ),
    ("local_jwks", "keys: {jwks: {keys: […]}}"),
    ("inline_string", "keys: {jwks: \"…\"}"),
    (
        "jwks_uri",
        "keys: {remote: {cluster: NAME, uri: \"https://HOST/PATH\"}}",
    ),
    ("http_uri", "{cluster: NAME, uri: \"https://HOST/PATH\"}"),
    ("cache_duration", "refresh: 10m"),
    ("async_fetch", "omit it: keys are always fetched in advance"),
    ("forward", "forward_token: true"),
    ("forward_original_token", "forward_token: true"),
    ("forward_payload_header", "payload_header: x-jwt-payload"),
    ("output_payload_to_header", "payload_header: x-jwt-payload"),
    (
        "claim_to_headers",
        "claims_to_headers: [{claim: sub, header: x-jwt-sub}]",
    ),
    (
        "output_claim_to_headers",
        "claims_to_headers: [{claim: sub, header: x-jwt-sub}]",
    ),
    ("clock_skew_seconds", "clock_skew: 60s"),
    (
        "jwt_cache_config",
        "cache: {max_tokens: 1000}, beside providers",
    ),
    ("requires", "require: {provider: {name: NAME}}"),
    ("provider_name", "provider: {name: NAME}"),
    (
        "provider_and_audiences",
        "provider: {name: NAME, audiences: […]}",
    ),
    ("requires_any", "any: [{provider: {name: NAME}}]"),
    ("requires_all", "all: [{provider: {name: NAME}}]"),
    ("allow_missing", "optional: {provider: {name: NAME}}"),
    (
        "allow_missing_or_failed",
        "ignore_failure: {provider: {name: NAME}}",
    ),
    ("jwt_rules", "providers: {NAME: {issuer: …, keys: …}}"),
    // local_ratelimit and ratelimit
    (
        "token_bucket",
        "requests: 100, per: 1m and burst: 20, in an item of limits",
    ),
    ("max_tokens", "burst: 20"),
    ("tokens_per_fill", "requests: 100"),
    ("fill_interval", "per: 1m"),
    ("requests_per_unit", "requests: 100"),
    ("unit", "per: 1m"),
    (
        "descriptors",
        "key: [{client_ip: {}}], in an item of limits",
    ),
    ("actions", "key: [{client_ip: {}}], in an item of limits"),
    (
        "rate_limits",
        "limits: [{name: NAME, requests: 100, per: 1m}]",
    ),
    ("remote_address", "client_ip: {}"),
    ("request_headers", "header: NAME"),
    ("header_name", "name: NAME"),
    (
        "descriptor_key",
        "omit it: an entry has the name of its key part",
    ),
    ("generic_key", "value: TEXT"),
    (
        "filter_enabled",
        "match: {…}, in items of limits or policies",
    ),
    ("filter_enforced", "mode: report, to count without refusing"),
    ("failure_mode_deny", "on_error: refuse, under service"),
    (
        "rate_limit_service",
        "service: {cluster: NAME, domain: NAME, on_error: refuse}",
    ),
    ("cluster_name", "cluster: NAME"),
    ("envoy_grpc", "cluster: NAME"),
    ("grpc_service", "cluster: NAME"),
    ("google_grpc", "cluster: NAME, one of Envoy's clusters"),
    (
        "domain",
        "service: {cluster: NAME, domain: NAME, on_error: refuse}",
    ),
    (
        "local_rate_limit_per_downstream_connection",
        "omit it: a limit counts for the whole process",
    ),
    ("rate_limited_status", "response: {status: 429}"),
    ("enable_x_ratelimit_headers", "headers: legacy"),
    ("stat_prefix", "omit it: the counters have fixed names"),
    // cors
    (
        "allow_origin_string_match",
        "allow_origins: [\"https://app.example.com\"], or allow_origin_regexes",
    ),
    (
        "allow_origin",
        "allow_origins: [\"https://app.example.com\"]",
    ),
    (
        "allow_private_network_access",
        "allow_private_network: true",
    ),
    (
        "forward_not_matching_preflights",
        "preflight: {unmatched: forward}",
    ),
    ("shadow_enabled", "mode: report, beside policies"),
    (
        "cors_policy",
        "policies: [{allow_origins: [\"https://app.example.com\"]}]",
    ),
    // header_mutation and routes
    (
        "request_headers_to_add",
        "rules: [{request: [{add: {name: NAME, value: TEXT}}]}]",
    ),
    (
        "request_headers_to_remove",
        "rules: [{request: [{remove: {name: NAME}}]}]",
    ),
    (
        "response_headers_to_add",
        "rules: [{response: [{add: {name: NAME, value: TEXT}}]}]",
    ),
    (
        "response_headers_to_remove",
        "rules: [{response: [{remove: {name: NAME}}]}]",
    ),
    ("mutations", "rules: [{request: […], response: […]}]"),
    ("request_mutations", "rules: [{request: […]}]"),
    ("response_mutations", "rules: [{response: […]}]"),
    ("append", "add: {name: NAME, value: TEXT}"),
    ("append_action", "{add: …}, {set: …} or {default: …}"),
    ("prefix_rewrite", "path: {prefix: /api, with: /}"),
    (
        "regex_rewrite",
        "path: {regex: \"^/api/(.*)$\", with: \"/${1}\"}",
    ),
    ("host_rewrite_literal", "host: {value: HOST}"),
    ("pattern", "regex: \"…\""),
    ("substitution", "with: \"/${1}\""),
    ("header", "set: {name: NAME, value: TEXT}"),
    ("direct_response", "respond: {status: 503, body: TEXT}"),
    ("response_code", "status: 308"),
    ("path_redirect", "location: /PATH"),
    (
        "host_redirect",
        "location: \"https://HOST${request.target}\"",
    ),
    (
        "https_redirect",
        "location: \"https://${request.hostname}${request.target}\"",
    ),
    (
        "scheme_redirect",
        "location: \"https://${request.hostname}${request.target}\"",
    ),
    ("key", "name: NAME"),
    // matchers
    ("prefix", "paths: [{prefix: /api}]"),
    ("exact", "paths: [{exact: /healthz}]"),
    ("regex", "paths: [{regex: \"/v[0-9]+/items\"}]"),
    ("safe_regex", "regex: \"…\""),
    ("string_match", "{name: NAME, exact: TEXT}"),
    ("exact_match", "exact: TEXT"),
    ("prefix_match", "prefix: TEXT"),
    ("suffix_match", "suffix: TEXT"),
    ("contains_match", "contains: TEXT"),
    ("present_match", "present: true"),
    (
        "path_separated_prefix",
        "prefix: /api, which covers whole segments",
    ),
    ("query_parameters", "query: [{name: NAME, exact: TEXT}]"),
    ("case_sensitive", "ignore_case: true"),
    ("domains", "hosts: [api.example.com]"),
    ("authority", "hosts: [api.example.com]"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_envoy_has_ours() {
        let providers: &[&str] = &["issuer", "keys", "token_sources"];
        let limits: &[&str] = &["mode", "limits", "response", "service"];
        for (key, accepted, begins) in [
            ("fromHeaders", providers, Some("token_sources")),
            ("fill_interval", &["name", "per"], Some("per: 1m")),
            ("rules", &["name"], None),
            ("prefix", &["paths", "hosts"], Some("paths: [{prefix")),
            ("prefix", &["ipv4_prefix"], None),
            ("exact", &["prefix", "regex", "with"], None),
            ("domain", limits, Some("service: {")),
            ("domain", &["cluster_name"], None),
            ("filter_enabled", limits, Some("match: {…}")),
            ("filter_enabled", &["policies"], Some("match: {…}")),
            ("filter_enabled", &["rules"], None),
            ("response_headers_to_add", &["rules"], Some("rules: [{")),
            ("response_headers_to_add", limits, None),
            (
                "request_headers_to_remove",
                &["match", "request"],
                Some("rules: [{"),
            ),
            ("header", &["set", "add"], Some("set: {")),
            ("header", &["name", "value"], None),
            ("pattern", &["regex", "with"], Some("regex: ")),
        ] {
            let hint = ours(key, accepted);
            let is_so = match (hint, begins) {
                (Some(hint), Some(begins)) => hint.starts_with(begins),
                (hint, begins) => hint == begins,
            };
            assert!(is_so, "{key} where {accepted:?}: {hint:?}");
        }
        assert!(ENVOYS.len() >= 30);
    }
}
