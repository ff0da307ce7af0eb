//! Requests, and the tokens in them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::token::{self, Token};
use e2e::{Envoy, Response};
use serde_json::{Value, json};

/// The token is refused.
pub(crate) const INVALID: &str = "401 invalid_token";

/// The token is valid, but not sufficient.
pub(crate) const SCOPE: &str = "403 insufficient_scope";

/// A request to both.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
}

pub(crate) fn ask(path: &str) -> Ask {
    Ask {
        method: "GET",
        path: path.to_owned(),
        headers: Vec::new(),
    }
}

/// A request with this token.
pub(crate) fn at(path: &str, token: Token) -> Ask {
    ask(path).bearer(&token.sign())
}

impl Ask {
    /// Adds a header. `SIDE-` is the prefix of names that the filter of each side writes.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub(crate) fn preflight(self) -> Self {
        let ask = Self {
            method: "OPTIONS",
            ..self
        };
        ask.header("origin", "https://a.example")
            .header("access-control-request-method", "GET")
    }

    pub(crate) fn send(&self, envoy: &Envoy, side: &str) -> Response {
        let request = envoy
            .request(self.method, &self.path)
            .host(&format!("{side}.example.com"));
        let own = &side[..1];
        self.headers
            .iter()
            .fold(request, |request, (name, value)| {
                request.header(&name.replace("SIDE", own), value)
            })
            .send()
    }
}

/// One row: a request, and its result.
pub(crate) struct Case {
    pub(crate) what: &'static str,
    pub(crate) ask: Ask,
    pub(crate) native: &'static str,
    pub(crate) ours: &'static str,
    /// The result at `native` before Envoy 1.40, if that differs.
    pub(crate) native_before_1_40: Option<&'static str>,
    /// The rows of the README's table that explain the difference.
    pub(crate) differences: &'static [&'static str],
}

/// Both decide alike.
pub(crate) fn same(what: &'static str, ask: Ask, seen: &'static str) -> Case {
    Case {
        what,
        ask,
        native: seen,
        ours: seen,
        native_before_1_40: None,
        differences: &[],
    }
}

/// Both decide alike since Envoy 1.40.
pub(crate) fn same_since_1_40(
    what: &'static str,
    ask: Ask,
    seen: &'static str,
    native_before: &'static str,
    differences: &'static [&'static str],
) -> Case {
    Case {
        native_before_1_40: Some(native_before),
        differences,
        ..same(what, ask, seen)
    }
}

/// They differ, for these reasons.
pub(crate) fn differ(
    what: &'static str,
    ask: Ask,
    native: &'static str,
    ours: &'static str,
    differences: &'static [&'static str],
) -> Case {
    Case {
        ours,
        differences,
        ..same(what, ask, native)
    }
}

/// Signs a token.
pub(crate) fn es(token: Token) -> String {
    token.sign()
}

/// Returns a valid token except for this claim.
pub(crate) fn claim(name: &str, value: Value) -> Token {
    good().claim(name, value)
}

/// Returns a token with this subject.
pub(crate) fn sub(name: &str) -> Token {
    claim("sub", json!(name))
}

/// Returns a token of the second issuer.
pub(crate) fn partner() -> Token {
    claim("iss", json!("https://partner.example"))
}

/// Returns a valid token.
pub(crate) fn good() -> Token {
    Token::new("ES256")
}

/// Returns its claims and its signature with another header.
pub(crate) fn with_header(header: &str) -> String {
    let token = good().sign();
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
}

/// Returns a token that is the same for each call.
pub(crate) fn fixed() -> Token {
    good()
        .claim("iat", Value::Null)
        .claim("exp", json!(4_102_444_800_u64))
}

/// Returns a token with a duplicate claim.
pub(crate) fn twice() -> String {
    of_text(r#""role":"guest","role":"root""#)
}

/// Returns a token with these claims as written.
pub(crate) fn of_text(more: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"test-es256"}"#);
    let claims = format!(
        r#"{{"iss":"{}","aud":"api","exp":4102444800,{more}}}"#,
        token::ISSUER
    );
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    let es256 = "ES256".parse().unwrap();
    let signature = token::sign(es256, &token::key(es256).unwrap(), message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
