//! `filter-catalog token`: prints a token signed with the public test keys, which the samples
//! trust.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use test_tokens::{ISSUER, Token, now};

/// Arguments of the command.
#[derive(clap::Args)]
pub struct Args {
    /// Signature algorithm, such as RS256, PS256, ES256, ES384, ES512, EdDSA or HS256
    #[arg(long, default_value = "ES256")]
    algorithm: String,
    /// `iss`
    #[arg(long, default_value = ISSUER)]
    issuer: String,
    /// `sub`
    #[arg(long, default_value = "alice")]
    subject: String,
    /// `aud`; may be repeated
    #[arg(long, default_value = "api")]
    audience: Vec<String>,
    /// `scope`: words separated by spaces
    #[arg(long)]
    scope: Option<String>,
    /// Another claim; a value that is not JSON is taken as a string; may be repeated
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    claims: Vec<String>,
    /// Seconds until the token expires; a negative number makes an expired token
    #[arg(long, default_value_t = 3600, allow_negative_numbers = true)]
    expires_in: i64,
}

/// Returns the token for these arguments, not yet signed.
///
/// # Errors
/// If there is no such algorithm, or a claim is not `NAME=VALUE`.
pub fn token(args: &Args) -> Result<Token> {
    let audience = match args.audience.as_slice() {
        [one] => json!(one),
        several => json!(several),
    };
    let expires = now().saturating_add_signed(args.expires_in);
    let mut token = Token::try_new(&args.algorithm)?
        .claim("iss", json!(args.issuer))
        .claim("sub", json!(args.subject))
        .claim("aud", audience)
        .claim("exp", json!(expires));
    if let Some(scope) = &args.scope {
        token = token.claim("scope", json!(scope));
    }
    for claim in &args.claims {
        let (name, value) = claim
            .split_once('=')
            .with_context(|| format!("\"{claim}\" is not NAME=VALUE"))?;
        let value: Value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        token = token.claim(name, value);
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn claims_are_json_or_text() {
        let line = [
            "token",
            "--scope",
            "admin",
            "--claim",
            "org={\"id\":7}",
            "--claim",
            "name=x y",
            "--expires-in",
            "-5",
        ];
        let token = token(&Line::parse_from(line).args).unwrap();
        assert_eq!(token.claims["org"], json!({"id": 7}));
        assert_eq!(token.claims["name"], json!("x y"));
        assert_eq!(token.claims["scope"], json!("admin"));
        assert_eq!(token.claims["aud"], json!("api"));
        assert!(token.claims["exp"].as_u64().unwrap() < now());
    }
}
