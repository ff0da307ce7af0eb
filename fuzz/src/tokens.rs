//! Tokens of the public test keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, EncodingKey};
use std::sync::LazyLock;

/// The time of all plays, in seconds since the Unix epoch.
pub const NOW: u64 = 1_700_000_000;

/// A secret that is long enough for every HMAC.
pub const SECRET: &str = "a public test secret: 64 bytes of text, enough even for HS512 ..";

/// The public keys.
pub const JWKS: &str = include_str!("../../tests/keys/jwks.json");

/// A discovery document of the issuer `https://issuer.example`.
pub const DISCOVERY: &str =
    r#"{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/keys"}"#;

/// Creates an HS256 token with any bytes as header and claims.
#[must_use]
pub fn signed(header: &[u8], claims: &[u8], secret: &str) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let key = EncodingKey::from_secret(secret.as_bytes());
    let signer = (DEFAULT_PROVIDER.signer_factory)(&Algorithm::HS256, &key).unwrap();
    let signature = signer.try_sign(message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn hs256(claims: &str, secret: &str) -> String {
    signed(br#"{"alg":"HS256","typ":"JWT"}"#, claims.as_bytes(), secret)
}

fn es256(claims: &str) -> String {
    let header = br#"{"alg":"ES256","kid":"test-es256","typ":"JWT"}"#;
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let pem: String = include_str!("../../tests/keys/es256.pem")
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let der = base64::engine::general_purpose::STANDARD
        .decode(pem)
        .unwrap();
    let key = EncodingKey::from_ec_der(&der);
    let signer = (DEFAULT_PROVIDER.signer_factory)(&Algorithm::ES256, &key).unwrap();
    let signature = signer.try_sign(message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Claims that the configurations accept until a day after [`NOW`].
pub const CLAIMS: &str = r#"{"iss":"https://issuer.example","sub":"alice","aud":"api","scope":"admin read","exp":1700086400}"#;

/// The placeholder of a token in a script, and the token.
pub static TOKENS: LazyLock<Vec<(&'static str, String)>> = LazyLock::new(|| {
    let expired = CLAIMS.replace("1700086400", "1600000000");
    let none = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
        URL_SAFE_NO_PAD.encode(CLAIMS)
    );
    let public_key_as_secret = include_str!("../../tests/keys/es256.pub.pem");
    vec![
        ("{hs256}", hs256(CLAIMS, SECRET)),
        ("{es256}", es256(CLAIMS)),
        ("{expired}", hs256(&expired, SECRET)),
        (
            "{forged}",
            hs256(CLAIMS, "another secret of more than thirty-two bytes"),
        ),
        ("{confused}", hs256(CLAIMS, public_key_as_secret)),
        ("{none}", none),
    ]
});

/// Returns the valid tokens.
pub fn good() -> impl Iterator<Item = &'static str> {
    TOKENS.iter().take(2).map(|(_, token)| token.as_str())
}

/// Replaces the placeholders with tokens.
#[must_use]
pub fn expanded(text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    if !text.contains(&b'{') {
        return text;
    }
    for (name, token) in TOKENS.iter() {
        while let Some(at) = text.windows(name.len()).position(|w| w == name.as_bytes()) {
            text.splice(at..at + name.len(), token.bytes());
            if text.len() > 64 * 1024 {
                return text;
            }
        }
    }
    text
}
