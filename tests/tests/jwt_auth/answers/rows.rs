//! A row for each reason.

use super::*;

/// A refused request: reason, path, token, status, gRPC status, `error`, sentence.
pub(super) struct Row {
    pub(super) reason: &'static str,
    pub(super) path: &'static str,
    pub(super) token: Option<String>,
    pub(super) status: u16,
    pub(super) grpc: u32,
    pub(super) error: Option<&'static str>,
    pub(super) message: &'static str,
}

pub(super) fn rows() -> Vec<Row> {
    let t = || Token::new("ES256");
    let row = |reason, path, token, status, grpc, error, message| Row {
        reason,
        path,
        token,
        status,
        grpc,
        error,
        message,
    };
    let bad = |reason, token: String, message| {
        row(
            reason,
            "/",
            Some(token),
            401,
            16,
            Some("invalid_token"),
            message,
        )
    };
    let no = |reason, path, message| {
        row(
            reason,
            path,
            Some(t().sign()),
            403,
            7,
            Some("insufficient_scope"),
            message,
        )
    };
    vec![
        row(
            "jwt_missing",
            "/",
            None,
            401,
            16,
            None,
            "A token is needed.",
        ),
        row(
            "jwt_repeated",
            "/?jwt=a&jwt=b",
            None,
            400,
            3,
            Some("invalid_request"),
            "More than one token is given.",
        ),
        bad(
            "jwt_malformed",
            "nonsense".to_owned(),
            "The token is malformed.",
        ),
        bad(
            "jwt_padded",
            format!("{}=", t().sign()),
            "The token is padded, as those of x-amzn-oidc-data are; send one without padding, as that of x-amzn-oidc-accesstoken.",
        ),
        bad(
            "jwt_too_large",
            t().claim("pad", json!("x".repeat(3000))).sign(),
            "The token is too large.",
        ),
        bad(
            "jwt_unsupported",
            t().header("crit", json!(["exp"])).sign(),
            "The token needs an extension that is not supported.",
        ),
        bad(
            "jwt_algorithm",
            Token::new("RS256").sign(),
            "The algorithm of the token is not accepted.",
        ),
        bad(
            "jwt_type",
            t().header("typ", json!("logout+jwt")).sign(),
            "The type of the token is not accepted.",
        ),
        bad(
            "jwt_issuer",
            t().claim("iss", json!("x")).sign(),
            "The issuer of the token is not accepted.",
        ),
        bad(
            "jwt_expired",
            t().claim("exp", json!(now() - 20)).sign(),
            "The token is expired.",
        ),
        bad(
            "jwt_not_yet_valid",
            t().claim("nbf", json!(now() + 60)).sign(),
            "The token is not yet valid.",
        ),
        row(
            "jwt_no_expiration",
            "/never",
            Some(t().claim("exp", Value::Null).sign()),
            401,
            16,
            Some("invalid_token"),
            "The token does not expire.",
        ),
        bad(
            "jwt_lifetime",
            t().claim("exp", json!(now() + 8000)).sign(),
            "The lifetime of the token is too long.",
        ),
        bad(
            "jwt_unknown_key",
            t().header("kid", json!("other")).sign(),
            "The key of the token is not known.",
        ),
        bad(
            "jwt_signature",
            forged(&t().sign()),
            "The signature of the token is not valid.",
        ),
        bad(
            "jwt_denied",
            t().claim("jti", json!("revoked")).sign(),
            "The token is revoked.",
        ),
        row(
            "jwt_audience",
            "/",
            Some(t().claim("aud", json!("x")).sign()),
            403,
            7,
            Some("insufficient_scope"),
            "The token is for another audience.",
        ),
        no("jwt_scope", "/all", "The token lacks a scope."),
        no("jwt_claim", "/claim", "The token lacks a claim."),
        row(
            "jwt_overloaded",
            "/",
            Some(Token::new("EdDSA").sign()),
            503,
            14,
            None,
            "Too many tokens are being checked.",
        ),
    ]
}
