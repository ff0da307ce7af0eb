//! Signatures. They are verified by the host if possible (BoringSSL, about twenty times faster than
//! in the VM), else by `jsonwebtoken`'s `rust_crypto`.
//!
//! Only these parts of the library are used. Its `decode` would parse the header and the claims
//! again, use its own clock, and accept what the tests in `tests/library.rs` list.

use crate::algorithm::{Algorithm, Family};
use crate::keys::{Key, der};
use filter_kit::host;
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use std::cell::Cell;

/// Verifies a signature over `message`.
///
/// Returns false if the signature is invalid, or if neither the host nor the library supports the
/// algorithm.
#[must_use]
pub fn verify(algorithm: Algorithm, key: &Key, message: &[u8], signature: &[u8]) -> bool {
    if !key.allows(algorithm) || signature.is_empty() {
        return false;
    }
    if let Some(good) = key.verify_mac(message, signature) {
        return good;
    }
    ask_host(algorithm, key.spki(), message, signature)
        .unwrap_or_else(|| ask_library(algorithm, key, message, signature))
}

/// Returns false for P-521, which the library does not support.
fn ask_library(algorithm: Algorithm, key: &Key, message: &[u8], signature: &[u8]) -> bool {
    let (Some(algorithm), Some(key)) = (algorithm.library(), key.library()) else {
        return false;
    };
    (DEFAULT_PROVIDER.verifier_factory)(&algorithm, key)
        .is_ok_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok())
}

/// Whether a verification is so slow that a flood of tokens could stall the worker. This is the
/// case inside the module and, for P-384 and P-521, in the host too, because its BoringSSL is fast
/// for RSA and P-256 only.
#[must_use]
pub fn is_slow(algorithm: Algorithm) -> bool {
    let quick = matches!(algorithm.family(), Family::Rsa | Family::P256);
    !quick || algorithm.host_hash().is_none() || HOST_IS_UNABLE.get()
}

thread_local! {
    /// Whether the host of this VM does not offer `verify_signature`.
    static HOST_IS_UNABLE: Cell<bool> = const { Cell::new(false) };
}

/// Returns the host's answer; `None` if it has none.
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

#[cfg(test)]
mod tests;
