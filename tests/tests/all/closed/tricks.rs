//! What clients try with any sample: other spellings, overriding headers, forged headers, requests
//! without a valid token.

use e2e::token::{self, Token, forged};
use serde_json::json;

use super::{
    attempt::{Attempt, Request, get, request},
    tokens::admin,
};

/// Spellings of `/NAME` that some server serves as `/NAME`.
pub(crate) fn spellings(name: &str) -> Vec<Request> {
    let (first, rest) = name.split_at(1);
    let code = format!("{:02x}", first.as_bytes()[0]);
    let upper = name.to_uppercase();
    let mut requests: Vec<_> = [
        format!("/{name}"),
        format!("/{name}/"),
        format!("/{name}/users"),
        format!("/{name}?x=1"),
        format!("/{upper}"),
        format!("/{upper}/users"),
        format!("//{name}"),
        format!("/./{name}"),
        format!("/x/../{name}"),
        format!("/x/%2e%2e/{name}"),
        format!("/x/..%2f{name}"),
        format!("/x/..%5c{name}"),
        format!("/%{code}{rest}"),
        format!("/%25{code}{rest}"),
        format!("/;/{name}"),
        format!("/{name};a=b"),
        format!("/x/..;/{name}"),
        format!("/x/%252e%252e/{name}"),
        format!("/healthz/../{name}"),
        format!("/healthz/%2e%2e/{name}"),
        format!("/public/../{name}"),
        format!("/public/..;/{name}"),
        format!("/public/..%2f{name}"),
        format!("/public/%2e%2e%2f{name}"),
        format!("/shop/../{name}"),
    ]
    .map(get)
    .into();
    requests.extend([
        get(format!("/x\\..\\{name}")).http1(),
        get(format!("http://x@other.example/{name}")).http1(),
    ]);
    requests
}

/// Headers that make some servers use a path or method other than the one that was checked.
pub(crate) fn overrides(path: &'static str) -> Vec<Attempt> {
    let names = [
        "x-original-url",
        "x-rewrite-url",
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
    ];
    names
        .into_iter()
        .map(|name| get("/other").with(name, path).reaches(&[(name, None)]))
        .collect()
}

/// Headers with these names, from an unauthenticated client.
pub(crate) fn forgeries(path: &'static str, names: &[&'static str]) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    for &name in names {
        let underscores = name.replace('-', "_");
        let mixed = name.replacen('-', "_", 1);
        attempts.extend([
            get(path).with(name, "root").reaches(&[(name, None)]),
            get(path)
                .with(&name.to_uppercase(), "root")
                .with(name, "again")
                .reaches(&[(name, None)]),
            get(path)
                .with(name, "root")
                .with("connection", name)
                .http1()
                .reaches(&[(name, None)]),
            get(path).with(&underscores, "root").refused(),
            get(path).with(&mixed, "root").refused(),
        ]);
    }
    attempts
}

/// Requests without a token, whatever the method.
pub(crate) fn without_token(path: &'static str) -> Vec<Attempt> {
    let methods = [
        "HEAD", "POST", "PUT", "DELETE", "PROPFIND", "TRACE", "PURGE",
    ];
    let mut attempts: Vec<_> = methods
        .map(|method| request(method, path).answered(401))
        .into();
    attempts.extend([
        request("OPTIONS", path).answered(401),
        request("get", path).http2().answered(401),
        request("OPTIONS", path)
            .with("origin", "https://evil.example")
            .with("access-control-request-method", "GET")
            .refused(),
        get(format!("http://shop.example.com{path}"))
            .http1()
            .answered(401),
        get(format!("{path}?access_token={}", admin().sign())).answered(401),
        get(format!("{path}?session={}", admin().sign())).answered(401),
        get(path).with("token", admin().sign()).answered(401),
    ]);
    attempts
}

/// Tokens that were not issued by any issuer of the sample.
pub(crate) fn bad_tokens(path: &'static str) -> Vec<Attempt> {
    let unsigned = Token::new("ES256").header("alg", json!("none"));
    let parts = unsigned.sign();
    let unsigned = parts
        .rsplit_once('.')
        .map(|(signed, _)| format!("{signed}."));
    let confused = Token::new("HS256").header("kid", json!("test-es256"));
    let tokens = [
        forged(&admin().sign()),
        unsigned.unwrap_or_default(),
        confused.sign(),
        admin().claim("iss", json!("https://evil.example")).sign(),
        admin().claim("exp", json!(token::now() - 3600)).sign(),
        "x".into(),
    ];
    tokens
        .into_iter()
        .map(|token| {
            get(path)
                .with("authorization", format!("Bearer {token}"))
                .answered(401)
        })
        .collect()
}
