//! gRPC calls of a stream.

use super::abi::{self, Buffer, GrpcRequest};
use std::time::Duration;

/// Maximum length of the cluster name of a [`GrpcCall`], in bytes.
pub const CLUSTER_MAX_BYTES: usize = 120;

/// Maximum length of an answer that [`grpc_answer`] reads, in bytes. Envoy sets no limit.
const ANSWER_MAX_BYTES: usize = 256 * 1024;

/// A call to a method of a gRPC service behind one of Envoy's clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrpcCall {
    /// The name of Envoy's cluster, at most [`CLUSTER_MAX_BYTES`] long.
    pub cluster: String,
    /// The full name of the service.
    pub service: &'static str,
    /// The method's name.
    pub method: &'static str,
    /// The request message, in binary.
    pub message: Vec<u8>,
    /// Timeout of the whole call, at least one millisecond. Envoy would read 0 as no timeout.
    pub timeout: Duration,
}

/// Makes a call. The answer arrives at `on_grpc_call_response` of the calling context, with the
/// returned token and the gRPC status; so does a failure or a timeout. Returns `None` if Envoy
/// cannot make the call, for example because it does not know the cluster. Call it only in
/// callbacks of a stream.
pub(crate) fn grpc_call(call: &GrpcCall) -> Option<u32> {
    let upstream = envoy_grpc(&call.cluster)?;
    abi::grpc_call(&GrpcRequest {
        upstream: &upstream,
        service: call.service,
        method: call.method,
        message: &call.message,
        timeout: call.timeout.max(Duration::from_millis(1)),
    })
}

/// Encodes a binary `envoy.config.core.v3.GrpcService` with `envoy_grpc.cluster_name`. Envoy
/// accepts a bare cluster name too, but first tries to parse it as this message, and a name that
/// happens to be a valid message ("h2", measured on 1.36 and 1.40) crashes the whole process.
/// Lengths below 128 are one byte, so the message is valid UTF-8, as the SDK requires.
fn envoy_grpc(cluster: &str) -> Option<String> {
    if cluster.is_empty() || cluster.len() > CLUSTER_MAX_BYTES {
        return None;
    }
    let length = u8::try_from(cluster.len()).ok()?;
    let outer = char::from(length.checked_add(2)?);
    Some(format!("\n{outer}\n{}{cluster}", char::from(length)))
}

/// Returns the message of an answer of this size; empty if it is too long. Call it only in
/// `on_grpc_call_response`.
pub(crate) fn grpc_answer(size: usize) -> Vec<u8> {
    if size > ANSWER_MAX_BYTES {
        return Vec::new();
    }
    abi::buffer(Buffer::GrpcAnswer, size).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_named_in_a_message_that_cannot_be_mistaken() {
        assert_eq!(envoy_grpc("h2").as_deref(), Some("\n\u{4}\n\u{2}h2"));
        let longest = "c".repeat(CLUSTER_MAX_BYTES);
        let message = envoy_grpc(&longest).unwrap();
        assert_eq!(message.len(), CLUSTER_MAX_BYTES + 4, "lengths of one byte");
        assert_eq!(envoy_grpc(&format!("{longest}c")), None);
        assert_eq!(envoy_grpc(""), None);
    }
}
