//! Which requests need which tokens: rules, requirements, conditions on claims, preflights.

mod claims;
mod combined;

use e2e::token::{self, Token, forged};
use e2e::{Client, Envoy};
use serde_json::{Value, json};

fn jwks() -> Value {
    serde_json::from_str(token::JWKS).unwrap()
}

/// Two issuers with the same keys, rules by path, and the rest of the configuration.
fn envoy(rules: &[(&str, Value)], rest: Value) -> Envoy {
    let provider = |issuer: &str| json!({"issuer": issuer, "keys": {"jwks": jwks()}, "provider_header": "x-provider"});
    let rules: Vec<Value> = rules
        .iter()
        .map(|(path, require)| json!({"match": {"paths": [{"prefix": path}]}, "require": require}))
        .collect();
    let mut config = json!({
        "providers": {"corp": provider(token::ISSUER), "partner": provider("https://partner.example")},
        "rules": rules,
    });
    e2e::yaml::merge(&mut config, rest);
    Envoy::with_filter("jwt-auth", config.to_string()).start()
}

fn status(envoy: &Envoy, path: &str, token: Option<&str>) -> u16 {
    let request = envoy.get(path);
    match token {
        Some(token) => {
            request
                .header("authorization", format!("Bearer {token}"))
                .send()
                .status
        }
        None => request.send().status,
    }
}

fn corp() -> Token {
    Token::new("ES256")
}

fn partner() -> Token {
    corp().claim("iss", json!("https://partner.example"))
}

fn of(provider: &str) -> Value {
    json!({"provider": {"name": provider}})
}

#[test]
fn the_first_rule_that_matches_decides_and_without_one_any_provider_will_do() {
    let config = json!({
        "rules": [
            {"match": {"paths": [{"prefix": "/api/open"}]}, "require": "nothing"},
            {"match": {"paths": [{"prefix": "/api"}], "methods": ["POST"]}, "require": of("partner")},
            {"match": {"paths": [{"prefix": "/api"}]}, "require": of("corp")},
            {"match": {"paths": [{"prefix": "/api/never"}]}, "require": "nothing"},
        ],
    });
    let envoy = envoy(&[], config);
    let (corp, partner) = (corp().sign(), partner().sign());
    let stranger = Token::new("ES256")
        .claim("iss", json!("https://stranger.example"))
        .sign();
    for (path, none, with_corp, with_partner) in [
        ("/api/open/x", 200, 200, 200),
        ("/api/x", 401, 200, 401),
        ("/api/never", 401, 200, 401),
        ("/apis", 401, 200, 200),
        ("/", 401, 200, 200),
    ] {
        assert_eq!(status(&envoy, path, None), none, "{path}");
        assert_eq!(status(&envoy, path, Some(&corp)), with_corp, "{path}");
        assert_eq!(status(&envoy, path, Some(&partner)), with_partner, "{path}");
        let of_stranger = if none == 200 { 200 } else { 401 };
        assert_eq!(status(&envoy, path, Some(&stranger)), of_stranger, "{path}");
    }
    for (token, expected) in [(&corp, 401), (&partner, 200)] {
        let request = Client::http1().post(envoy.url("/api/x"));
        let answer = request
            .header("authorization", format!("Bearer {token}"))
            .send();
        assert_eq!(answer.status, expected);
    }
}

#[test]
fn a_preflight_passes_and_nothing_that_only_looks_like_one() {
    let origin = ("origin", "https://a.example");
    let method = ("access-control-request-method", "PUT");
    for (bypass, preflight) in [
        (json!({}), 401),
        (json!({"bypass_cors_preflight": true}), 200),
    ] {
        let envoy = envoy(&[], bypass);
        for (verb, headers, expected) in [
            ("OPTIONS", vec![origin, method], preflight),
            ("OPTIONS", vec![origin], 401),
            ("OPTIONS", vec![method], 401),
            (
                "OPTIONS",
                vec![origin, ("access-control-request-method", "")],
                401,
            ),
            ("OPTIONS", vec![("origin", ""), method], 401),
            (
                "OPTIONS",
                vec![origin, ("access-control-request-method", "PUT, DELETE")],
                401,
            ),
            (
                "OPTIONS",
                vec![origin, method, ("access-control-request-method", "GET")],
                401,
            ),
            (
                "OPTIONS",
                vec![origin, ("access-control-request-method", "a/b")],
                401,
            ),
            ("GET", vec![origin, method], 401),
        ] {
            let answer = envoy
                .request(verb, "/")
                .headers(headers.iter().copied())
                .send();
            assert_eq!(answer.status, expected, "{verb} {headers:?}");
        }
        // With a body it is a disguised call.
        for client in [Client::http1(), Client::http2()] {
            let request = client.request("OPTIONS", envoy.url("/")).body("{}");
            let request = request.headers([origin, method, ("x-http-method-override", "DELETE")]);
            assert_eq!(request.send().status, 401);
        }
        let chunked = "OPTIONS / HTTP/1.1\r\nhost: a\r\norigin: https://a.example\r\naccess-control-request-method: PUT\r\n\
            transfer-encoding: chunked\r\n\r\n0\r\n\r\n";
        let answer = e2e::raw::send(envoy.address(), chunked).response();
        assert_eq!(answer.status, 401);
        let allowed = envoy.stat("wasmcustom.jwt_auth.allowed.preflight_total");
        assert_eq!(allowed, u64::from(preflight == 200));
    }
}

#[test]
fn what_passed_is_counted_by_how_it_passed() {
    let rules = [
        ("/open", json!("nothing")),
        ("/optional", json!({"optional": of("corp")})),
        ("/needed", of("corp")),
    ];
    let envoy = envoy(&rules, json!({}));
    let token = corp().sign();
    for path in ["/open", "/optional", "/needed"] {
        assert_eq!(status(&envoy, path, Some(&token)), 200);
    }
    assert_eq!(status(&envoy, "/optional", None), 200);
    for (counter, expected) in [
        ("allowed.nothing_required_total", 1),
        ("allowed.token_total", 2),
        ("allowed.without_token_total", 1),
        ("provider.corp.allowed_total", 2),
        ("provider.partner.allowed_total", 0),
    ] {
        assert_eq!(
            envoy.stat(&format!("wasmcustom.jwt_auth.{counter}")),
            expected,
            "{counter}"
        );
    }
}
