//! Tokens that are good, and those that are not.

use super::ask::{Case, ask, differ, es, fixed, good, partner, same, sub, twice, with_header};
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
        same("good", ask("/basic").bearer(&es(good())), "200"),
        same(
            "RS256",
            ask("/basic").bearer(&es(Token::new("RS256"))),
            "200",
        ),
        same(
            "PS384",
            ask("/basic").bearer(&es(Token::new("PS384"))),
            "200",
        ),
        same(
            "ES384",
            ask("/basic").bearer(&es(Token::new("ES384"))),
            "200",
        ),
        same(
            "ES512",
            ask("/basic").bearer(&es(Token::new("ES512"))),
            "200",
        ),
        same(
            "EdDSA",
            ask("/basic").bearer(&es(Token::new("EdDSA"))),
            "200",
        ),
        same("none", ask("/basic"), "401 -"),
        same(
            "forged",
            ask("/basic").bearer(&forged(&es(good()))),
            "401 invalid_token",
        ),
        same(
            "nonsense",
            ask("/basic").bearer("nonsense"),
            "401 invalid_token",
        ),
        same(
            "alg none",
            ask("/basic").bearer(&with_header(r#"{"alg":"none"}"#)),
            "401 invalid_token",
        ),
        same(
            "unknown kid",
            ask("/basic").bearer(&es(short("kid", json!("other")))),
            "401 invalid_token",
        ),
        same(
            "no kid",
            ask("/basic").bearer(&es(short("kid", Value::Null))),
            "200",
        ),
        differ(
            "crit",
            ask("/basic").bearer(&es(short("crit", json!(["exp"])))),
            "200",
            "401 invalid_token",
            &[CRIT],
        ),
        differ(
            "b64: false",
            ask("/basic").bearer(&es(short("b64", json!(false)))),
            "200",
            "401 invalid_token",
            &[CRIT],
        ),
        same(
            "another typ",
            ask("/basic").bearer(&es(short("typ", json!("logout+jwt")))),
            "200",
        ),
        same(
            "a claim twice",
            ask("/basic").bearer(&twice()),
            "401 invalid_token",
        ),
        differ(
            "padded",
            ask("/basic").bearer(&format!("{}==", es(fixed()))),
            "200",
            "401 invalid_token",
            &[BEHIND],
        ),
        differ(
            "17 KiB",
            ask("/basic").bearer(&es(good().claim("pad", json!("x".repeat(17_000))))),
            "200",
            "401 invalid_token",
            &[LONG],
        ),
    ]
}

/// Issuer, audience, subject.
pub(crate) fn claims() -> Vec<Case> {
    vec![
        same(
            "another iss",
            ask("/basic").bearer(&es(partner())),
            "401 invalid_token",
        ),
        same(
            "no iss",
            ask("/basic").bearer(&es(good().claim("iss", Value::Null))),
            "401 invalid_token",
        ),
        same(
            "iss a list",
            ask("/basic").bearer(&es(good().claim("iss", json!([token::ISSUER])))),
            "401 invalid_token",
        ),
        same(
            "sub a number",
            ask("/basic").bearer(&es(good().claim("sub", json!(7)))),
            "401 invalid_token",
        ),
        differ(
            "another aud",
            ask("/basic").bearer(&es(good().claim("aud", json!("x")))),
            "403 invalid_token",
            "403 insufficient_scope",
            &[FORBIDDEN],
        ),
        differ(
            "no aud",
            ask("/basic").bearer(&es(good().claim("aud", Value::Null))),
            "403 invalid_token",
            "403 insufficient_scope",
            &[FORBIDDEN],
        ),
        same(
            "aud a list",
            ask("/basic").bearer(&es(good().claim("aud", json!(["x", "api"])))),
            "200",
        ),
        same(
            "aud an object",
            ask("/basic").bearer(&es(good().claim("aud", json!({})))),
            "401 invalid_token",
        ),
        same(
            "aud a URL",
            ask("/url").bearer(&es(good().claim("aud", json!("https://api.example/")))),
            "200",
        ),
        differ(
            "aud without its scheme",
            ask("/url").bearer(&es(good().claim("aud", json!("api.example")))),
            "200",
            "403 insufficient_scope",
            &[AUDIENCE],
        ),
        differ(
            "aud with another scheme",
            ask("/url").bearer(&es(good().claim("aud", json!("http://api.example")))),
            "200",
            "403 insufficient_scope",
            &[AUDIENCE],
        ),
        same(
            "aud of the rule",
            ask("/audience").bearer(&es(good().claim("aud", json!("admin")))),
            "200",
        ),
        differ(
            "aud of the provider",
            ask("/audience").bearer(&es(good())),
            "403 invalid_token",
            "403 insufficient_scope",
            &[FORBIDDEN],
        ),
        same(
            "sub as required",
            ask("/subject").bearer(&es(sub("spiffe://a"))),
            "200",
        ),
        differ(
            "another sub",
            ask("/subject").bearer(&es(sub("alice"))),
            "401 invalid_token",
            "403 insufficient_scope",
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
            ask("/basic").bearer(&es(good().claim("exp", ago(50)))),
            "200",
        ),
        same(
            "expired",
            ask("/basic").bearer(&es(good().claim("exp", ago(70)))),
            "401 invalid_token",
        ),
        same(
            "expired within a larger skew",
            ask("/strict").bearer(&es(good().claim("exp", ago(50)))),
            "401 invalid_token",
        ),
        same(
            "from the future, within the skew",
            ask("/basic").bearer(&es(good().claim("nbf", later(50)))),
            "200",
        ),
        same(
            "from the future",
            ask("/basic").bearer(&es(good().claim("nbf", later(70)))),
            "401 invalid_token",
        ),
        differ(
            "no exp",
            ask("/basic").bearer(&es(good().claim("exp", Value::Null))),
            "200",
            "401 invalid_token",
            &[EXPIRATION],
        ),
        same(
            "no exp, required",
            ask("/strict").bearer(&es(good().claim("exp", Value::Null))),
            "401 invalid_token",
        ),
        differ(
            "exp 0",
            ask("/basic").bearer(&es(good().claim("exp", json!(0)))),
            "200",
            "401 invalid_token",
            &[EXPIRATION],
        ),
        same(
            "exp a text",
            ask("/basic").bearer(&es(good().claim("exp", json!("1")))),
            "401 invalid_token",
        ),
        same(
            "exp -1",
            ask("/basic").bearer(&es(good().claim("exp", json!(-1)))),
            "401 invalid_token",
        ),
        same(
            "lives two hours",
            ask("/strict").bearer(&es(good().claim("exp", later(7190)))),
            "200",
        ),
        same(
            "lives longer",
            ask("/strict").bearer(&es(good().claim("exp", later(8000)))),
            "401 invalid_token",
        ),
        differ(
            "issued an hour ago for longer",
            ask("/strict").bearer(&es(good()
                .claim("iat", ago(3600))
                .claim("exp", later(5000)))),
            "200",
            "401 invalid_token",
            &[LIFETIME],
        ),
    ]
}
