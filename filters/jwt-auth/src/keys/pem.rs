//! Public keys in PEM (RFC 7468): `PUBLIC KEY`, `RSA PUBLIC KEY` (PKCS#1) and `CERTIFICATE`.

use super::{Public, coordinate_bytes, der};
use crate::base64url;

const ACCEPTED: &str =
    "a block \"-----BEGIN PUBLIC KEY-----\" or \"-----BEGIN CERTIFICATE-----\" is accepted";

/// Parses the only public key in a text. Errors do not show the text, which may be a private key.
pub(super) fn public_key(text: &str) -> Result<Public, String> {
    // Text before the block is explanatory (RFC 7468, section 2).
    let (label, body) = text
        .split_once("-----BEGIN ")
        .and_then(|(_, rest)| rest.split_once("-----"))
        .ok_or_else(|| format!("not PEM; {ACCEPTED}"))?;
    let (body, after) = body
        .split_once(&format!("-----END {label}-----"))
        .ok_or_else(|| format!("PEM that does not end with its label; {ACCEPTED}"))?;
    if after.contains("-----BEGIN ") {
        return Err("PEM of more than one block; write the one of the key that signs".to_owned());
    }
    let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let der = base64url::decode_any(&body)
        .ok_or_else(|| format!("PEM whose content is not base64; {ACCEPTED}"))?;
    let public = match label {
        "PUBLIC KEY" => spki(&der),
        "RSA PUBLIC KEY" => rsa(&der),
        "CERTIFICATE" => der::spki_of_certificate(&der).and_then(spki),
        label if label.ends_with("PRIVATE KEY") => {
            return Err(format!("PEM of a private key; {ACCEPTED}"));
        }
        _ => return Err(format!("PEM of another kind; {ACCEPTED}")),
    };
    public.ok_or_else(|| "PEM that holds no RSA, P-256, P-384, P-521 or Ed25519 key".to_owned())
}

fn spki(der: &[u8]) -> Option<Public> {
    match der::read_spki(der)? {
        der::Spki::Rsa(key) => rsa(key),
        der::Spki::Ec(curve, point) => {
            let (x, y) = point
                .strip_prefix(&[4])?
                .split_at_checked(coordinate_bytes(curve))?;
            Some(Public::Ec {
                curve,
                x: x.to_vec(),
                y: y.to_vec(),
            })
        }
        der::Spki::Ed25519(x) => Some(Public::Ed25519(x.to_vec())),
    }
}

fn rsa(der: &[u8]) -> Option<Public> {
    let (n, e) = der::read_rsa(der)?;
    Some(Public::Rsa {
        n: n.to_vec(),
        e: e.to_vec(),
    })
}
