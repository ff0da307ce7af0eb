//! JWK Sets (RFC 7517). Each key is parsed on its own: a weak, unsupported or malformed key is left
//! out, and the others are kept.

use super::{Key, KeySet, Public};
use crate::algorithm::{Algorithm, Family};
use crate::base64url;
use crate::json::{Json, Object};
use crate::token::MAX_KID_BYTES;

/// Maximum number of usable keys kept from a set. Further keys are ignored.
pub const MAX_KEYS: usize = 64;

/// Maximum number of ignored keys that are reported.
const MAX_REASONS: usize = 64;

/// A set without a usable key, and the reason for each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no usable key{}", .0.iter().map(|reason| format!("; {reason}")).collect::<String>())]
pub struct NoUsableKey(pub Vec<String>);

impl KeySet {
    /// Parses a set. Also returns, for each ignored key, why it was ignored.
    ///
    /// # Errors
    /// [`NoUsableKey`].
    pub fn from_jwks(set: &Json) -> Result<(Self, Vec<String>), NoUsableKey> {
        let Some(entries) = set.get("keys").and_then(Json::as_list) else {
            let reason = match set.as_object().is_some_and(is_certificates) {
                true => CERTIFICATES,
                false => "it has no list \"keys\"",
            };
            return Err(NoUsableKey(vec![reason.to_owned()]));
        };
        let mut keys = Vec::new();
        let mut left_out = Vec::new();
        for (i, entry) in entries.iter().enumerate() {
            if keys.len() >= MAX_KEYS {
                left_out.push(format!("only the first {MAX_KEYS} usable keys are kept"));
                break;
            }
            match read(entry) {
                Ok(key) => keys.push(key),
                Err(reason) if left_out.len() < MAX_REASONS => {
                    left_out.push(format!("keys[{i}] is ignored: {reason}"));
                }
                Err(_) => {}
            }
        }
        if keys.is_empty() {
            return Err(NoUsableKey(left_out));
        }
        Ok((Self::new(keys), left_out))
    }
}

/// Google's other format of a key set.
const CERTIFICATES: &str = "it is a map of X.509 certificates; use the JWK Set of the same keys, for Firebase \
    https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

fn is_certificates(set: &Object) -> bool {
    let is_certificate = |value: &Json| {
        value
            .as_str()
            .is_some_and(|t| t.starts_with("-----BEGIN CERTIFICATE"))
    };
    set.values().any(is_certificate)
}

fn read(entry: &Json) -> Result<Key, String> {
    let jwk = Jwk(entry.as_object().ok_or("it is not an object")?);
    let kty = jwk.text("kty")?.ok_or("it has no \"kty\"")?;
    let kid = jwk.text("kid")?;
    if kid.is_some_and(|kid| kid.len() > MAX_KID_BYTES) {
        return Err(format!("its kid has more than {MAX_KID_BYTES} bytes"));
    }
    match jwk.text("use")? {
        // SPIFFE's `use` for JWT-SVID keys (SPIFFE Trust Domain and Bundle, section 4.2.2).
        None | Some("sig" | "jwt-svid") => {}
        Some(_) => return Err("its use is not \"sig\"".to_owned()),
    }
    if let Some(operations) = jwk.0.get("key_ops") {
        let verifies = operations
            .as_list()
            .is_some_and(|list| list.iter().any(|op| op.as_str() == Some("verify")));
        if !verifies {
            return Err("its key_ops do not hold \"verify\"".to_owned());
        }
    }
    let algorithm = match jwk.text("alg")? {
        None => None,
        Some(name) => Some(Algorithm::named(name).ok_or("its alg is not a signature algorithm")?),
    };
    let public = match kty {
        "RSA" => Public::Rsa {
            n: jwk.padded_number("n")?,
            e: jwk.padded_number("e")?,
        },
        "EC" => Public::Ec {
            curve: match jwk.text("crv")? {
                Some("P-256") => Family::P256,
                Some("P-384") => Family::P384,
                Some("P-521") => Family::P521,
                _ => return Err("its curve is not P-256, P-384 or P-521".to_owned()),
            },
            x: jwk.number("x")?,
            y: jwk.number("y")?,
        },
        "OKP" => match jwk.text("crv")? {
            Some("Ed25519") => Public::Ed25519(jwk.number("x")?),
            _ => return Err("its curve is not Ed25519".to_owned()),
        },
        // Anyone who can read the set could sign with it.
        "oct" => return Err("a secret is not accepted in a key set; use keys.secret".to_owned()),
        _ => return Err("its kty is not RSA, EC or OKP".to_owned()),
    };
    Key::public(public, kid.map(str::to_owned), algorithm)
}

struct Jwk<'j>(&'j Object);

impl<'j> Jwk<'j> {
    fn text(&self, member: &str) -> Result<Option<&'j str>, String> {
        match self.0.get(member) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => Err(format!("its {member} is not a string")),
        }
    }

    fn number(&self, member: &str) -> Result<Vec<u8>, String> {
        self.decoded(member, |text| text)
    }

    /// Some issuers pad the numbers of an RSA key, contrary to RFC 7518, section 2.
    fn padded_number(&self, member: &str) -> Result<Vec<u8>, String> {
        self.decoded(member, |text| text.trim_end_matches('='))
    }

    fn decoded(&self, member: &str, trim: fn(&str) -> &str) -> Result<Vec<u8>, String> {
        let text = self
            .text(member)?
            .ok_or_else(|| format!("it has no \"{member}\""))?;
        base64url::decode(trim(text)).ok_or_else(|| format!("its {member} is not base64url"))
    }
}
