//! Signatures: verified by `jsonwebtoken`, with a crypto provider of our own.
//!
//! The provider asks the host first (BoringSSL, some twenty times faster than in the VM) and falls back on the library's `rust_crypto`.
//! Of the library this is the part that is used: its `decode` would read the header and the claims anew, by a clock of its own, and
//! accepts what the tests in `tests/library.rs` list.

use crate::algorithm::{Algorithm, Family};
use crate::keys::{Key, der};
use filter_kit::host;
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{Error as BadSignature, Verifier};
use jsonwebtoken::{Algorithm as LibraryAlgorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};
use std::cell::Cell;

/// Verifies a signature: base64url as it stands in the token, over `message`.
///
/// False for a signature that is not good, and where nobody here can tell.
#[must_use]
pub fn verify(algorithm: Algorithm, key: &Key, message: &[u8], signature: &str) -> bool {
    if !key.allows(algorithm) {
        return false;
    }
    match (algorithm.library(), key.library()) {
        (Some(library), Some(decoding_key)) => {
            // The second caller of a process finds it installed.
            let _ = PROVIDER.install_default();
            jsonwebtoken::crypto::verify(signature, message, decoding_key, library).unwrap_or(false)
        }
        // P-521, which the library does not know.
        _ => crate::base64url::decode(signature)
            .and_then(|signature| ask_host(algorithm, key.spki(), message, &signature))
            .unwrap_or(false),
    }
}

/// Whether a verification takes so long that a flood of tokens could stall the worker: inside the module, and on P-384 and P-521 in the
/// host too, whose BoringSSL is quick for RSA and P-256 only.
#[must_use]
pub fn is_slow(algorithm: Algorithm) -> bool {
    let quick = matches!(algorithm.family(), Family::Rsa | Family::P256);
    !quick || algorithm.host_hash().is_none() || HOST_IS_UNABLE.get()
}

thread_local! {
    /// The host of this VM does not offer `verify_signature`.
    static HOST_IS_UNABLE: Cell<bool> = const { Cell::new(false) };
}

/// The host's answer; `None` where it has none.
fn ask_host(algorithm: Algorithm, spki: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
    let hash = algorithm.host_hash().filter(|_| !HOST_IS_UNABLE.get())?;
    let answer = match algorithm.ecdsa_signature_bytes() {
        None => host::verify_signature(hash, spki, signature, message),
        Some(length) if signature.len() == length => {
            let der = der::ecdsa_signature(signature)?;
            host::verify_signature(hash, spki, &der, message)
        }
        Some(_) => return Some(false),
    };
    if answer.is_none() {
        HOST_IS_UNABLE.set(true);
    }
    answer
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: host_first,
    key_utils: KeyUtils::new_unimplemented(), // for private keys and thumbprints, which nothing here touches
};

fn host_first(
    algorithm: &LibraryAlgorithm,
    key: &DecodingKey,
) -> Result<Box<dyn JwtVerifier>, Error> {
    Ok(Box::new(HostFirst {
        algorithm: *algorithm,
        key: key.clone(),
    }))
}

/// Asks the host, then `rust_crypto`.
struct HostFirst {
    algorithm: LibraryAlgorithm,
    key: DecodingKey,
}

impl JwtVerifier for HostFirst {
    fn algorithm(&self) -> LibraryAlgorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for HostFirst {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), BadSignature> {
        let algorithm = Algorithm::of_library(self.algorithm);
        let host = algorithm
            .zip(spki(&self.key))
            .and_then(|(algorithm, spki)| ask_host(algorithm, &spki, message, signature));
        match host {
            Some(true) => Ok(()),
            Some(false) => Err(BadSignature::new()),
            None => (DEFAULT_PROVIDER.verifier_factory)(&self.algorithm, &self.key)
                .map_err(BadSignature::from_source)?
                .verify(message, signature),
        }
    }
}

/// The key as the host takes it.
fn spki(key: &DecodingKey) -> Option<Vec<u8>> {
    match (key.family(), key.kind()) {
        (AlgorithmFamily::Rsa, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            Some(der::rsa_spki(n, e))
        }
        (AlgorithmFamily::Ec, DecodingKeyKind::SecretOrDer(point)) => {
            let coordinates = point.strip_prefix(&[4])?;
            let (x, y) = coordinates.split_at_checked(coordinates.len().checked_div(2)?)?;
            let curve = if x.len() == 48 {
                Family::P384
            } else {
                Family::P256
            };
            Some(der::ec_spki(curve, x, y))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
