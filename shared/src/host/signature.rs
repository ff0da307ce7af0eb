//! Signatures verified by the host.

/// Asks Envoy's foreign function `verify_signature` (BoringSSL) whether a signature is good: RSA PKCS#1 v1.5 and ECDSA, some twenty times
/// faster than in a VM. `None` where the host does not offer it, or could not answer.
///
/// `hash` is `sha256`, `sha384` or `sha512`; `public_key` a DER SubjectPublicKeyInfo; an ECDSA `signature` is in DER. In any callback.
#[must_use]
pub fn verify_signature(
    hash: &str,
    public_key: &[u8],
    signature: &[u8],
    text: &[u8],
) -> Option<bool> {
    let question = Question {
        hash_function: hash.to_owned(),
        public_key: public_key.to_vec(),
        signature: signature.to_vec(),
        text: text.to_vec(),
    };
    call(&prost::Message::encode_to_vec(&question))
}

/// `envoy.source.extensions.common.wasm.VerifySignatureArguments`.
#[derive(Clone, PartialEq, prost::Message)]
struct Question {
    #[prost(string, tag = "1")]
    hash_function: String,
    #[prost(bytes = "vec", tag = "2")]
    public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    signature: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    text: Vec<u8>,
}

/// `envoy.source.extensions.common.wasm.VerifySignatureResult`, without its error text.
#[cfg(target_arch = "wasm32")]
#[derive(Clone, PartialEq, prost::Message)]
struct Answer {
    #[prost(bool, tag = "1")]
    result: bool,
}

#[cfg(target_arch = "wasm32")]
fn call(question: &[u8]) -> Option<bool> {
    let answer =
        proxy_wasm::hostcalls::call_foreign_function("verify_signature", Some(question)).ok()?;
    let answer: Answer = prost::Message::decode(answer.unwrap_or_default().as_slice()).ok()?;
    Some(answer.result)
}

/// There is no host outside a VM.
#[cfg(not(target_arch = "wasm32"))]
fn call(_: &[u8]) -> Option<bool> {
    None
}
