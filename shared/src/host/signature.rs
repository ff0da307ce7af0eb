//! Signatures that the host verifies.

use super::abi;
use prost::encoding::{WireType, encode_key, encode_varint};

/// Verifies a signature with Envoy's foreign function `verify_signature` (BoringSSL). It supports
/// RSA PKCS#1 v1.5 and ECDSA, and is about twenty times faster than verification in a VM. Returns
/// `None` if the host does not offer the function or could not answer.
///
/// `hash` is `sha256`, `sha384` or `sha512`; `public_key` is a DER SubjectPublicKeyInfo; an ECDSA
/// `signature` is in DER. Call it in any callback.
#[must_use]
pub fn verify_signature(
    hash: &str,
    public_key: &[u8],
    signature: &[u8],
    text: &[u8],
) -> Option<bool> {
    let argument = question([hash.as_bytes(), public_key, signature, text]);
    let answer = abi::call_foreign_function("verify_signature", &argument)?;
    let answer: Answer = prost::Message::decode(answer.as_slice()).ok()?;
    Some(answer.result)
}

/// Encodes `envoy.source.extensions.common.wasm.VerifySignatureArguments`: four byte fields,
/// numbered from 1, in one buffer.
fn question(fields: [&[u8]; 4]) -> Vec<u8> {
    let size = fields
        .iter()
        .map(|field| field.len().saturating_add(10))
        .sum();
    let mut message = Vec::with_capacity(size);
    for (number, field) in (1..).zip(fields) {
        encode_key(number, WireType::LengthDelimited, &mut message);
        encode_varint(u64::try_from(field.len()).unwrap_or(0), &mut message);
        message.extend_from_slice(field);
    }
    message
}

/// `envoy.source.extensions.common.wasm.VerifySignatureResult`, without the error text.
#[derive(Clone, PartialEq, prost::Message)]
struct Answer {
    #[prost(bool, tag = "1")]
    result: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;

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

    #[test]
    fn the_question_is_the_message_that_envoy_reads() {
        let text = vec![b't'; 300];
        let message = question([b"sha256", b"key", b"signature", &text]);
        let read = Question::decode(message.as_slice()).unwrap();
        assert_eq!(read.hash_function, "sha256");
        assert_eq!(read.public_key, b"key");
        assert_eq!(read.signature, b"signature");
        assert_eq!(read.text, text);
    }
}
