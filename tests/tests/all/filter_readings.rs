//! One rule, four filters, and requests that can be read in several ways: encoded paths,
//! authorities that are not `host[:port]`, `host` as a header. In an Envoy that normalizes nothing,
//! each filter applies its rule or refuses, and what only looks odd is served.

use e2e::token;
use e2e::{Envoy, raw};
use serde_json::{Value, json};

mod cost;
mod hosts;
mod paths;

/// The filters of the catalog that decide on requests.
const FILTERS: [Filter; 4] = [
    Filter::JwtAuth,
    Filter::RateLimit,
    Filter::HeaderRewrite,
    Filter::Cors,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    JwtAuth,
    RateLimit,
    HeaderRewrite,
    Cors,
}

/// What a filter did with a request.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// Its rule applied: a token is required, the request is counted, headers are set on the
    /// request and its response, or permission is withheld.
    Applied,
    /// Its rule did not apply, and the request was served as sent.
    Served,
    /// It was refused with 400.
    Refused,
}

impl Filter {
    fn name(self) -> &'static str {
        match self {
            Self::JwtAuth => "jwt-auth",
            Self::RateLimit => "rate-limit",
            Self::HeaderRewrite => "header-rewrite",
            Self::Cors => "cors",
        }
    }

    /// Returns the counter of requests that were refused for this reason.
    fn refusals(self, reason: &str) -> String {
        let name = match self {
            Self::JwtAuth => "jwt_auth.denied",
            Self::RateLimit => "rate_limit.refused",
            Self::HeaderRewrite => "header_rewrite.refused",
            Self::Cors => "cors.refused",
        };
        format!("wasmcustom.{name}.{reason}_total")
    }

    /// Returns a configuration with a rule for each of these matches; all other requests are open.
    fn config(self, matches: &[Value]) -> String {
        let jwks: Value = serde_json::from_str(token::JWKS).unwrap();
        let rules = |rule: fn(usize, &Value) -> Value| -> Vec<Value> {
            matches
                .iter()
                .enumerate()
                .map(|(n, m)| rule(n, m))
                .collect()
        };
        let last = |mut rules: Vec<Value>, rule: Value| {
            rules.push(rule);
            rules
        };
        match self {
            Self::JwtAuth => json!({
                "providers": {"corp": {"keys": {"jwks": jwks}}},
                "rules": last(
                    rules(|_, m| json!({"match": m, "require": {"provider": {"name": "corp"}}})),
                    json!({"require": "nothing"}),
                ),
            }),
            Self::RateLimit => json!({
                "limits": rules(|n, m| json!({"name": format!("limit-{n}"), "match": m, "requests": 1_000_000, "per": "1h"})),
            }),
            Self::HeaderRewrite => json!({
                "rules": rules(|_, m| {
                    let set = json!([{"set": {"name": "x-rule", "value": "applied"}}]);
                    json!({"match": m, "request": set, "response": set})
                }),
            }),
            Self::Cors => json!({
                "policies": last(
                    rules(|_, m| json!({"match": m, "allow_origins": ["https://app.example.com"]})),
                    json!({"allow_origins": ["*"]}),
                ),
            }),
        }
        .to_string()
    }

    /// Starts an Envoy with this filter and a rule for this match, which does not change paths.
    fn start(self, matches: &Value) -> Envoy {
        Envoy::with_filter(self.name(), self.config(std::slice::from_ref(matches)))
            .hcm("{normalize_path: false, merge_slashes: false, path_with_escaped_slashes_action: KEEP_UNCHANGED}")
            .start()
    }

    /// Returns what the filter did with a request to this target and host, sent unchanged, from a
    /// page of another origin and without a token.
    fn seen(self, envoy: &Envoy, target: &str, host: &str) -> Seen {
        let request = format!(
            "GET {target} HTTP/1.1\r\nhost: {host}\r\norigin: https://evil.example\r\nx-rule: forged\r\n\r\n"
        );
        let answer = raw::send(envoy.address(), request).response();
        let what = format!("{self:?}: {target} at {host}");
        if answer.status == 400 {
            return Seen::Refused;
        }
        if self == Self::JwtAuth && answer.status == 401 {
            return Seen::Applied;
        }
        assert_eq!(answer.status, 200, "{what}");
        let echo = answer.echo();
        assert_eq!(echo.path, target, "{what}: as it was sent");
        let is_applied = match self {
            Self::JwtAuth => false,
            Self::RateLimit => answer.header("ratelimit-policy").is_some(),
            Self::HeaderRewrite => {
                let is_set = echo.headers_all("x-rule") == ["applied"];
                assert_eq!(is_set, answer.header("x-rule").is_some(), "{what}");
                is_set
            }
            Self::Cors => {
                let allowed = answer.header("access-control-allow-origin");
                assert!(matches!(allowed, None | Some("*")), "{what}: {allowed:?}");
                allowed.is_none()
            }
        };
        if is_applied {
            Seen::Applied
        } else {
            Seen::Served
        }
    }
}
