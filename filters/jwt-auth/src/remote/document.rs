//! The meaning of a key server's answer. It is accepted only if the status is 200, the size is
//! within the limit, and it is JSON with a usable key.

use super::uri::Uri;
use crate::json::{self, Json};
use crate::keys::{KeySet, NoUsableKey};
use filter_kit::host::{CallFailure, HttpAnswer};

/// Maximum size of an answer, in bytes.
pub(crate) const MAX_BYTES: usize = 256 * 1024;

/// Why a fetch returned no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There is no readable answer.
    #[error("{0}")]
    Call(#[from] CallFailure),
    /// The status is not 200. Redirects are not followed, because they could lead somewhere that is
    /// not configured.
    #[error("the answer is {0}, not 200")]
    Status(u16),
    /// The answer is not JSON, or has a duplicate key.
    #[error("the answer is not JSON, or has a duplicate key")]
    Malformed,
    /// The answer is a JWK Set without a usable key.
    #[error("{0}")]
    NoUsableKey(#[from] NoUsableKey),
    /// The answer is a discovery document of another issuer.
    #[error("the document's issuer is {0:?}, not the provider's")]
    Issuer(String),
    /// The answer is a discovery document whose keys cannot be fetched.
    #[error("the document's jwks_uri {0}")]
    KeysUri(&'static str),
}

/// Returns the keys of an answer, and why others are ignored.
///
/// # Errors
/// [`Failure`].
pub(crate) fn keys(answer: &HttpAnswer) -> Result<(KeySet, Vec<String>), Failure> {
    Ok(KeySet::from_jwks(&json(answer)?)?)
}

/// Returns the URI of the keys from a discovery document (OpenID Connect Discovery 1.0, sections 3
/// and 4.3).
///
/// The connection always goes to the provider's cluster, whatever host the document names, so a
/// document cannot lead elsewhere. But if the configuration fetches the document with TLS, the
/// document cannot make the keys be fetched without it.
///
/// # Errors
/// [`Failure`].
pub(crate) fn keys_uri(
    answer: &HttpAnswer,
    document: &Uri,
    issuers: &[String],
) -> Result<Uri, Failure> {
    let json = json(answer)?;
    let text = |member: &str| json.get(member).and_then(Json::as_str);
    let is_expected = |found: &str| issuers.iter().any(|issuer| issuer == found);
    if !issuers.is_empty() && !text("issuer").is_some_and(is_expected) {
        let found: String = text("issuer")
            .unwrap_or_default()
            .chars()
            .take(200)
            .collect();
        return Err(Failure::Issuer(found));
    }
    let uri = text("jwks_uri").ok_or(Failure::KeysUri("is missing"))?;
    let uri = Uri::parse(uri).map_err(Failure::KeysUri)?;
    if document.is_https && !uri.is_https {
        return Err(Failure::KeysUri("is not https, as the document is"));
    }
    Ok(uri)
}

fn json(answer: &HttpAnswer) -> Result<Json, Failure> {
    if answer.status != 200 {
        return Err(Failure::Status(answer.status));
    }
    if answer.body.len() > MAX_BYTES {
        return Err(CallFailure::TooLarge(answer.body.len()).into());
    }
    json::value(&answer.body).ok_or(Failure::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::jwks;

    fn answer(status: u16, body: &str) -> HttpAnswer {
        HttpAnswer {
            status,
            body: body.into(),
        }
    }

    #[test]
    fn keys_are_believed_only_in_a_good_answer() {
        let good = jwks().to_string();
        assert!(keys(&answer(200, &good)).is_ok());
        let padded = |size| format!("{good}{}", " ".repeat(size - good.len()));
        assert!(keys(&answer(200, &padded(MAX_BYTES))).is_ok());
        let failure = |status, body: &str| keys(&answer(status, body)).unwrap_err();
        for (status, body, expected) in [
            (204, good.as_str(), Failure::Status(204)),
            (302, &good, Failure::Status(302)),
            (500, &good, Failure::Status(500)),
            (200, "<html></html>", Failure::Malformed),
            (200, "", Failure::Malformed),
            (200, good.trim_end_matches("}"), Failure::Malformed),
            (200, r#"{"keys": [], "keys": []}"#, Failure::Malformed),
            (
                200,
                r#"{"keys": []}"#,
                Failure::NoUsableKey(NoUsableKey(vec![])),
            ),
            (
                200,
                &padded(MAX_BYTES + 1),
                CallFailure::TooLarge(MAX_BYTES + 1).into(),
            ),
        ] {
            assert_eq!(failure(status, body), expected);
        }
        let secret =
            r#"{"keys": [{"kty": "oct", "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I"}]}"#;
        assert!(matches!(failure(200, secret), Failure::NoUsableKey(_)));
        assert!(matches!(failure(200, "[]"), Failure::NoUsableKey(_)));
    }

    #[test]
    fn a_document_names_the_keys_of_its_issuer() {
        let https = Uri::parse("https://idp.example/.well-known/openid-configuration").unwrap();
        let http = Uri::parse("http://idp.example/.well-known/openid-configuration").unwrap();
        let read = |body: &str, document: &Uri, issuer: Option<&str>| {
            let issuers: Vec<String> = issuer.map(str::to_owned).into_iter().collect();
            keys_uri(&answer(200, body), document, &issuers)
        };
        let good = r#"{"issuer": "https://idp.example", "jwks_uri": "https://keys.example/a?b"}"#;
        let uri = Uri::parse("https://keys.example/a?b").unwrap();
        for issuer in [None, Some("https://idp.example")] {
            assert_eq!(read(good, &https, issuer), Ok(uri.clone()));
        }
        let plain = good.replace("https://keys", "http://keys");
        assert!(read(&plain, &http, None).is_ok());
        for (body, issuer, expected) in [
            (
                plain.as_str(),
                None,
                Failure::KeysUri("is not https, as the document is"),
            ),
            (
                good,
                Some("https://idp.example/"),
                Failure::Issuer("https://idp.example".to_owned()),
            ),
            (
                r#"{"issuer": 7, "jwks_uri": "https://a/"}"#,
                Some("7"),
                Failure::Issuer(String::new()),
            ),
            (r#"{"issuer": "a"}"#, None, Failure::KeysUri("is missing")),
            (
                r#"{"jwks_uri": "/jwks"}"#,
                None,
                Failure::KeysUri("is not absolute; write https://host/path"),
            ),
            ("[]", None, Failure::KeysUri("is missing")),
            ("{", None, Failure::Malformed),
        ] {
            assert_eq!(read(body, &https, issuer), Err(expected), "{body}");
        }
        assert_eq!(
            keys_uri(&answer(404, good), &https, &[]),
            Err(Failure::Status(404))
        );
    }
}
