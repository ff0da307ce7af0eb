//! The promises of `jwt-auth.yaml`.

use serde_json::json;

use crate::{Client, Response, Target, token::Token};

fn get(target: &dyn Target, path: &str, token: Option<&str>) -> Response {
    let request = Client::http1().get(target.url(path));
    match token {
        Some(token) => request
            .header("authorization", format!("Bearer {token}"))
            .send(),
        None => request.send(),
    }
}

/// Checks every rule, both providers and both sources of a token.
///
/// # Panics
/// If the sample does not do what its comments say.
pub fn check(target: &dyn Target) {
    let none = get(target, "/api/items", None);
    assert_eq!(none.status, 401);
    assert_eq!(
        none.header("www-authenticate"),
        Some("Bearer realm=\"127.0.0.1\"")
    );
    let token = Token::new("ES256").claim("realm_access", json!({"roles": ["dev", "ops"]}));
    let good = get(target, "/api/items", Some(&token.sign()));
    let echo = good.echo();
    assert_eq!(echo.header("x-jwt-sub"), Some("alice"));
    assert_eq!(echo.header("x-jwt-roles"), Some("dev,ops"));
    assert_eq!(echo.header("x-jwt-provider"), Some("corp"));
    assert!(echo.header("x-jwt-payload").is_some());
    assert_eq!(
        echo.header("authorization"),
        None,
        "the token does not reach the upstream"
    );
    let wrong_scope = get(target, "/admin", Some(&token.sign()));
    assert_eq!(wrong_scope.status, 403);
    assert_eq!(
        wrong_scope.header("www-authenticate"),
        Some(
            "Bearer realm=\"127.0.0.1\", error=\"insufficient_scope\", \
             error_description=\"The token lacks a scope.\", scope=\"admin\""
        )
    );
    let admin = token.clone().claim("scope", json!("read admin")).sign();
    assert_eq!(get(target, "/admin", Some(&admin)).status, 200);
    assert_eq!(get(target, "/healthz", None).status, 200);
    assert_eq!(get(target, "/shop", None).status, 200);
    assert_eq!(get(target, "/shop", Some("bad")).status, 401);
    let partner = Token::new("EdDSA")
        .claim("iss", json!("https://partner.example"))
        .sign();
    let answer = get(target, "/api/items", Some(&partner));
    assert_eq!(answer.echo().header("x-jwt-provider"), Some("partner"));
    assert_eq!(
        get(target, "/other", None).status,
        401,
        "what no rule matches needs a token"
    );
    assert_eq!(get(target, "/other", Some(&partner)).status, 200);
    let cookie = Client::http1()
        .get(target.url("/api/items"))
        .header("cookie", format!("a=1; session={}; b=2", token.sign()))
        .send();
    assert_eq!(cookie.echo().header("cookie"), Some("a=1; b=2"));
    target.assert_vm_alive();
}
