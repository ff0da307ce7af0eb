//! The sources of tokens, and the forms of a token there.

use e2e::Envoy;
use e2e::token::{self, Token, forged};
use serde_json::{Value, json};

fn jwks() -> Value {
    serde_json::from_str(token::JWKS).unwrap()
}

/// A provider with these token sources and options.
fn envoy(sources: Value, options: Value) -> Envoy {
    let mut corp =
        json!({"issuer": token::ISSUER, "keys": {"jwks": jwks()}, "token_sources": sources});
    e2e::yaml::merge(&mut corp, options);
    let config = json!({"providers": {"corp": corp}, "rules": [
        {"match": {"paths": [{"prefix": "/optional"}]}, "require": {"optional": {"provider": {"name": "corp"}}}},
        {"require": {"provider": {"name": "corp"}}},
    ]});
    Envoy::with_filter("jwt-auth", config.to_string()).start()
}

/// Returns the status, and what the upstream got in a header.
fn sent(envoy: &Envoy, path: &str, header: &str, values: &[String]) -> (u16, Vec<String>) {
    let request = envoy.get(path);
    let request = values
        .iter()
        .fold(request, |r, value| r.header(header, value));
    let answer = request.send();
    if answer.status != 200 {
        return (answer.status, Vec::new());
    }
    let echo = answer.echo();
    let got = echo
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(header));
    (200, got.map(|(_, value)| value.to_owned()).collect())
}

#[test]
fn a_websocket_protocol_carries_the_token_and_the_others_stay() {
    let t = Token::new("ES256").sign();
    let bad = forged(&t);
    for (source, values, expected) in [
        (
            json!({"prefix": "bearer."}),
            vec![format!("chat, bearer.{t}, v2")],
            (200, vec!["chat, v2"]),
        ),
        (
            json!({"prefix": "bearer."}),
            vec![format!("bearer.{t}")],
            (200, vec![]),
        ),
        (
            json!({"prefix": "bearer."}),
            vec![format!("bearer.{t}, bearer.{t}")],
            (400, vec![]),
        ),
        (
            json!({"prefix": "bearer."}),
            vec![format!("chat, bearer.{bad}")],
            (401, vec![]),
        ),
        (
            json!({"prefix": "bearer."}),
            vec!["chat".to_owned()],
            (401, vec![]),
        ),
        (
            json!({"after": "access_token"}),
            vec![format!("access_token, {t}, chat")],
            (200, vec!["access_token, chat"]),
        ),
        (
            json!({"after": "access_token"}),
            vec![format!("access_token, {bad}")],
            (401, vec![]),
        ),
    ] {
        let envoy = envoy(json!([{"websocket_protocol": source}]), json!({}));
        let (status, got) = sent(&envoy, "/", "sec-websocket-protocol", &values);
        assert_eq!(
            (status, got.iter().map(String::as_str).collect::<Vec<_>>()),
            expected,
            "{values:?}"
        );
    }
}

#[test]
fn an_upgrade_to_a_websocket_passes_by_its_protocol() {
    let config = json!({"providers": {"corp": {"keys": {"jwks": jwks()}, "token_sources": [{"websocket_protocol": {"prefix": "bearer."}}]}}});
    let envoy = Envoy::with_filter("jwt-auth", config.to_string())
        .hcm("upgrade_configs: [{upgrade_type: websocket}]")
        .start();
    for (token, expected) in [(Token::new("ES256").sign(), 101), ("x".to_owned(), 401)] {
        let mut connection = e2e::raw::Connection::open(envoy.address());
        connection.send(format!(
            "GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: chat, bearer.{token}\r\n\r\n"
        ));
        assert_eq!(connection.answer_to_head().status(), Some(expected));
    }
}

#[test]
fn a_cookie_is_decoded_once_and_may_have_a_prefix() {
    let envoy = envoy(
        json!([{"cookie": {"name": "session", "prefix": "Bearer "}}]),
        json!({}),
    );
    let t = Token::new("ES256").sign();
    for (cookies, expected) in [
        (format!("a=1; session=Bearer%20{t}"), (200, vec!["a=1"])),
        (format!("session=Bearer%2520{t}"), (401, vec![])),
        (format!("session={t}"), (401, vec![])),
        (format!("session=Bearer%20{}", forged(&t)), (401, vec![])),
    ] {
        let (status, got) = sent(&envoy, "/", "cookie", std::slice::from_ref(&cookies));
        assert_eq!(
            (status, got.iter().map(String::as_str).collect::<Vec<_>>()),
            expected,
            "{cookies}"
        );
    }
}

#[test]
fn of_several_prefixes_of_one_header_the_longest_that_fits_decides() {
    let header = |prefix: &str| json!({"header": {"name": "authorization", "prefix": prefix}});
    let envoy = envoy(json!([header(""), header("Bearer ")]), json!({}));
    let t = Token::new("ES256").sign();
    for (value, expected) in [
        (format!("Bearer {t}"), 200),
        (t.clone(), 200),
        (forged(&t), 401),
        (format!("Bearer {}", forged(&t)), 401),
        ("Basic YTpi".to_owned(), 401),
        (format!("Bearer {t}, Bearer {t}"), 400),
    ] {
        let (status, got) = sent(
            &envoy,
            "/optional",
            "authorization",
            std::slice::from_ref(&value),
        );
        assert_eq!((status, got.len()), (expected, 0), "{value}");
    }
}

#[test]
fn a_token_may_be_as_long_as_its_provider_allows() {
    let bearer = json!([{"header": {"name": "authorization", "prefix": "Bearer "}}]);
    let of_size = |pad: usize| {
        Token::new("ES256")
            .claim("pad", json!("x".repeat(pad)))
            .sign()
    };
    let (short, long) = (of_size(11_000), of_size(21_000));
    assert!(short.len() < 16_384 && long.len() > 16_384 && long.len() < 30_000);
    for (options, token, expected) in [
        (json!({}), &short, 200),
        (json!({}), &long, 401),
        (json!({"max_token_bytes": 30_000}), &long, 200),
        (json!({"max_token_bytes": short.len()}), &short, 200),
        (json!({"max_token_bytes": short.len() - 1}), &short, 401),
    ] {
        let envoy = envoy(bearer.clone(), options.clone());
        let (status, _) = sent(&envoy, "/", "authorization", &[format!("Bearer {token}")]);
        assert_eq!(status, expected, "{options}");
        if expected == 401 {
            assert_eq!(envoy.stat("wasmcustom.jwt_auth.denied.too_large_total"), 1);
        }
    }
}
