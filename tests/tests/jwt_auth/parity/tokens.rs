//! Valid and invalid tokens.

use super::ask::{
    Case, INVALID, SCOPE, ask, at, claim, differ, es, fixed, good, partner, same, sub, twice,
    with_header,
};
use e2e::token::{self, Token, forged, now};
use serde_json::{Value, json};

const CRIT: &str = "`crit`, `b64`";
const FORBIDDEN: &str = "403 for an audience";
const AUDIENCE: &str = "audiences";
const SUBJECT: &str = "`subjects`";
const EXPIRATION: &str = "a token that never expires";
const LIFETIME: &str = "`max_lifetime`";
const BEHIND: &str = "characters behind a token";
const LONG: &str = "tokens over 16 KiB";

/// Form, algorithms, keys.
pub(crate) fn tokens() -> Vec<Case> {
    let short = |header: &str, value: Value| good().header(header, value);
    vec![
        same("good", at("/basic", good()), "200"),
        same("RS256", at("/basic", Token::new("RS256")), "200"),
        same("PS384", at("/basic", Token::new("PS384")), "200"),
        same("ES384", at("/basic", Token::new("ES384")), "200"),
        same("ES512", at("/basic", Token::new("ES512")), "200"),
        same("EdDSA", at("/basic", Token::new("EdDSA")), "200"),
        same("none", ask("/basic"), "401 -"),
        same(
            "forged",
            ask("/basic").bearer(&forged(&es(good()))),
            INVALID,
        ),
        same("nonsense", ask("/basic").bearer("nonsense"), INVALID),
        same(
            "alg none",
            ask("/basic").bearer(&with_header(r#"{"alg":"none"}"#)),
            INVALID,
        ),
        same(
            "unknown kid",
            at("/basic", short("kid", json!("other"))),
            INVALID,
        ),
        same("no kid", at("/basic", short("kid", Value::Null)), "200"),
        differ(
            "crit",
            at("/basic", short("crit", json!(["exp"]))),
            "200",
            INVALID,
            &[CRIT],
        ),
        differ(
            "b64: false",
            at("/basic", short("b64", json!(false))),
            "200",
            INVALID,
            &[CRIT],
        ),
        same(
            "another typ",
            at("/basic", short("typ", json!("logout+jwt"))),
            "200",
        ),
        same("a claim twice", ask("/basic").bearer(&twice()), INVALID),
        differ(
            "padded",
            ask("/basic").bearer(&format!("{}==", es(fixed()))),
            "200",
            INVALID,
            &[BEHIND],
        ),
        differ(
            "17 KiB",
            at("/basic", claim("pad", json!("x".repeat(17_000)))),
            "200",
            INVALID,
            &[LONG],
        ),
    ]
}

/// Issuer, audience, subject.
pub(crate) fn claims() -> Vec<Case> {
    vec![
        same("another iss", at("/basic", partner()), INVALID),
        same("no iss", at("/basic", claim("iss", Value::Null)), INVALID),
        same(
            "iss a list",
            at("/basic", claim("iss", json!([token::ISSUER]))),
            INVALID,
        ),
        same(
            "sub a number",
            at("/basic", claim("sub", json!(7))),
            INVALID,
        ),
        differ(
            "another aud",
            at("/basic", claim("aud", json!("x"))),
            "403 invalid_token",
            SCOPE,
            &[FORBIDDEN],
        ),
        differ(
            "no aud",
            at("/basic", claim("aud", Value::Null)),
            "403 invalid_token",
            SCOPE,
            &[FORBIDDEN],
        ),
        same(
            "aud a list",
            at("/basic", claim("aud", json!(["x", "api"]))),
            "200",
        ),
        same(
            "aud an object",
            at("/basic", claim("aud", json!({}))),
            INVALID,
        ),
        same(
            "aud a URL",
            at("/url", claim("aud", json!("https://api.example/"))),
            "200",
        ),
        differ(
            "aud without its scheme",
            at("/url", claim("aud", json!("api.example"))),
            "200",
            SCOPE,
            &[AUDIENCE],
        ),
        differ(
            "aud with another scheme",
            at("/url", claim("aud", json!("http://api.example"))),
            "200",
            SCOPE,
            &[AUDIENCE],
        ),
        same(
            "aud of the rule",
            at("/audience", claim("aud", json!("admin"))),
            "200",
        ),
        differ(
            "aud of the provider",
            at("/audience", good()),
            "403 invalid_token",
            SCOPE,
            &[FORBIDDEN],
        ),
        same("sub as required", at("/subject", sub("spiffe://a")), "200"),
        differ(
            "another sub",
            at("/subject", sub("alice")),
            INVALID,
            SCOPE,
            &[SUBJECT],
        ),
    ]
}

/// Time.
pub(crate) fn time() -> Vec<Case> {
    let later = |seconds: u64| json!(now() + seconds);
    let ago = |seconds: u64| json!(now() - seconds);
    vec![
        same(
            "expired within the skew",
            at("/basic", claim("exp", ago(50))),
            "200",
        ),
        same("expired", at("/basic", claim("exp", ago(70))), INVALID),
        same(
            "expired within a larger skew",
            at("/strict", claim("exp", ago(50))),
            INVALID,
        ),
        same(
            "from the future, within the skew",
            at("/basic", claim("nbf", later(50))),
            "200",
        ),
        same(
            "from the future",
            at("/basic", claim("nbf", later(70))),
            INVALID,
        ),
        differ(
            "no exp",
            at("/basic", claim("exp", Value::Null)),
            "200",
            INVALID,
            &[EXPIRATION],
        ),
        same(
            "no exp, required",
            at("/strict", claim("exp", Value::Null)),
            INVALID,
        ),
        differ(
            "exp 0",
            at("/basic", claim("exp", json!(0))),
            "200",
            INVALID,
            &[EXPIRATION],
        ),
        same(
            "exp a text",
            at("/basic", claim("exp", json!("1"))),
            INVALID,
        ),
        same("exp -1", at("/basic", claim("exp", json!(-1))), INVALID),
        same(
            "lives two hours",
            at("/strict", claim("exp", later(7190))),
            "200",
        ),
        same(
            "lives longer",
            at("/strict", claim("exp", later(8000))),
            INVALID,
        ),
        differ(
            "issued an hour ago for longer",
            at(
                "/strict",
                good().claim("iat", ago(3600)).claim("exp", later(5000)),
            ),
            "200",
            INVALID,
            &[LIFETIME],
        ),
    ]
}
