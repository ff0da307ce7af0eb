//! The settings of both filters, each in its own configuration.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::{Envoy, token};
use serde_json::{Value, json};

/// The settings of both filters, each in its own configuration: fields of the provider with this
/// name, and what is required under its path.
struct Scenario {
    name: &'static str,
    native: Value,
    ours: Value,
    native_requires: Option<Value>,
    ours_require: Option<Value>,
}

fn scenario(name: &'static str, native: Value, ours: Value) -> Scenario {
    Scenario {
        name,
        native,
        ours,
        native_requires: None,
        ours_require: None,
    }
}

impl Scenario {
    fn requires(self, native: Value, ours: Value) -> Self {
        Self {
            native_requires: Some(native),
            ours_require: Some(ours),
            ..self
        }
    }
}

fn scenarios() -> Vec<Scenario> {
    let claims = [
        "text",
        "number",
        "fraction",
        "yes",
        "nothing",
        "list",
        "object",
        "nested.inner",
        "mixed",
        "comma",
        "crlf",
        "absent",
    ];
    let header = |claim: &str| claim.replace('.', "-");
    let enc = {
        let mut key: Value = token::jwks_for_any_algorithm()["keys"][0].clone();
        key["use"] = json!("enc");
        key["kid"] = json!("enc");
        let oct = json!({"kty": "oct", "kid": "oct", "k": URL_SAFE_NO_PAD.encode(token::SECRET)});
        let ed = token::jwks_for_any_algorithm()["keys"]
            .as_array()
            .unwrap()
            .iter()
            .find(|k| k["kty"] == "OKP")
            .unwrap()
            .clone();
        json!({"keys": [key, oct, ed]})
    };
    let any = |field: &str| {
        (
            json!({field: {"requirements": [{"provider_name": "basic"}, {"provider_name": "partner"}]}}),
            json!({field.trim_start_matches("requires_"): [{"provider": {"name": "basic"}}, {"provider": {"name": "partner"}}]}),
        )
    };
    let (any_native, any_ours) = any("requires_any");
    let (all_native, all_ours) = any("requires_all");
    vec![
        scenario("basic", json!({"audiences": ["api"]}), json!({"audiences": ["api"]})),
        scenario(
            "url",
            json!({"audiences": ["https://api.example/"]}),
            json!({"audiences": ["https://api.example/"]}),
        ),
        scenario(
            "strict",
            json!({"require_expiration": true, "max_lifetime": "7200s", "clock_skew_seconds": 10}),
            json!({"require_expiration": true, "max_lifetime": "7200s", "clock_skew": "10s"}),
        ),
        scenario(
            "places",
            json!({"from_headers": [{"name": "x-token", "value_prefix": "Token "}], "from_params": ["jwt"], "from_cookies": ["session"]}),
            json!({"token_sources": [{"header": {"name": "x-token", "prefix": "Token "}}, {"query": {"name": "jwt"}}, {"cookie": {"name": "session"}}]}),
        ),
        scenario(
            "kept",
            json!({"forward": true, "from_headers": [{"name": "authorization", "value_prefix": "Bearer "}], "from_params": ["jwt"]}),
            json!({"forward_token": true, "token_sources": [{"header": {"name": "authorization", "prefix": "Bearer "}}, {"query": {"name": "jwt"}}]}),
        ),
        scenario(
            "socket",
            json!({"from_headers": [{"name": "sec-websocket-protocol", "value_prefix": "bearer."}]}),
            json!({"token_sources": [{"websocket_protocol": {"prefix": "bearer."}}]}),
        ),
        scenario(
            "claims",
            json!({
                "forward_payload_header": "n-payload",
                "claim_to_headers": claims.map(|c| json!({"header_name": format!("n-{}", header(c)), "claim_name": c})),
            }),
            json!({
                "payload_header": "o-payload",
                "claims_to_headers": claims.map(|c| json!({"header": format!("o-{}", header(c)), "claim": c.split('.').collect::<Vec<_>>()})),
            }),
        ),
        scenario("keys", json!({"local_jwks": {"inline_string": enc.to_string()}}), json!({"keys": {"jwks": enc}})),
        scenario("partner", json!({"issuer": "https://partner.example"}), json!({"issuer": "https://partner.example"})),
        scenario("any", json!({}), json!({})).requires(any_native, any_ours),
        scenario("all", json!({}), json!({})).requires(all_native, all_ours),
        scenario("both", json!({}), json!({})).requires(
            json!({"requires_all": {"requirements": [{"provider_name": "basic"}, {"provider_name": "strict"}]}}),
            json!({"all": [{"provider": {"name": "basic"}}, {"provider": {"name": "strict"}}]}),
        ),
        scenario("optional", json!({}), json!({})).requires(
            json!({"requires_any": {"requirements": [{"provider_name": "basic"}, {"allow_missing": {}}]}}),
            json!({"optional": {"provider": {"name": "basic"}}}),
        ),
        scenario("ignored", json!({}), json!({})).requires(
            json!({"requires_any": {"requirements": [{"provider_name": "basic"}, {"allow_missing_or_failed": {}}]}}),
            json!({"ignore_failure": {"provider": {"name": "basic"}}}),
        ),
        scenario("audience", json!({}), json!({})).requires(
            json!({"provider_and_audiences": {"provider_name": "basic", "audiences": ["admin"]}}),
            json!({"provider": {"name": "basic", "audiences": ["admin"]}}),
        ),
        scenario("subject", json!({"subjects": {"prefix": "spiffe://"}}), json!({})).requires(
            json!({"provider_name": "subject"}),
            json!({"provider": {"name": "subject", "claims": [{"claim": "sub", "prefix": "spiffe://"}]}}),
        ),
        scenario("open", json!({}), json!({})).requires(json!({}), json!("nothing")),
    ]
}

/// `native.example.com` uses the one, `ours.example.com` the other.
pub(crate) fn both() -> Envoy {
    let mut native = json!({"providers": {}, "rules": [], "bypass_cors_preflight": true});
    let mut ours = json!({"providers": {}, "bypass_cors_preflight": true,
        "rules": [{"match": {"hosts": ["native.example.com"]}, "require": "nothing"}]});
    for scenario in scenarios() {
        let name = scenario.name;
        let mut fields = json!({"issuer": token::ISSUER, "local_jwks": {"inline_string": token::jwks_for_any_algorithm().to_string()}});
        e2e::yaml::merge(&mut fields, scenario.native);
        native["providers"][name] = fields;
        let mut fields = json!({"issuer": token::ISSUER});
        e2e::yaml::merge(&mut fields, scenario.ours);
        if fields.get("keys").is_none() {
            fields["keys"] = json!({"jwks": token::jwks_for_any_algorithm()});
        }
        ours["providers"][name] = fields;
        let mut rule = json!({
            "match": {"prefix": format!("/{name}"), "headers": [{"name": ":authority", "string_match": {"exact": "native.example.com"}}]},
        });
        let requires = scenario
            .native_requires
            .unwrap_or(json!({"provider_name": name}));
        if requires != json!({}) {
            rule["requires"] = requires;
        }
        native["rules"].as_array_mut().unwrap().push(rule);
        ours["rules"].as_array_mut().unwrap().push(json!({
            "match": {"hosts": ["ours.example.com"], "paths": [{"prefix": format!("/{name}")}]},
            "require": scenario.ours_require.unwrap_or(json!({"provider": {"name": name}})),
        }));
    }
    native["@type"] =
        json!("type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication");
    Envoy::with_no_filter()
        .native(json!({"name": "envoy.filters.http.jwt_authn", "typed_config": native}).to_string())
        .filter("jwt-auth", ours.to_string())
        .start()
}
