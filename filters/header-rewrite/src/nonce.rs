//! Nonces of a content security policy (CSP Level 3, section 7.1: at least 128 bits, from a secure
//! generator, and different for each response).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// Creates a nonce; `None` if the host provides no random bytes.
pub(crate) fn new() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}
