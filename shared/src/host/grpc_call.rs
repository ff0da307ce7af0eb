//! gRPC calls of a stream.

use super::abi::{self, Buffer, GrpcRequest};
use std::time::Duration;

/// The longest name of a cluster that [`GrpcCall`] takes, in bytes.
pub const CLUSTER_MAX_BYTES: usize = 120;

/// The longest answer that [`grpc_answer`] takes, in bytes. Envoy hands over whatever comes.
const ANSWER_MAX_BYTES: usize = 256 * 1024;

/// A call of a method of a gRPC service behind one of Envoy's clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrpcCall {
    /// Envoy's cluster: at most [`CLUSTER_MAX_BYTES`].
    pub cluster: String,
    /// The full name of the service.
    pub service: &'static str,
    /// The method.
    pub method: &'static str,
    /// The message.
    pub message: Vec<u8>,
    /// The longest time until the answer is there; at least a millisecond: Envoy takes 0 for none
    /// at all.
    pub timeout: Duration,
}

/// Makes a call. The answer arrives at `on_grpc_call_response` of the context that called, with
/// this token and the gRPC status; so does a failure, or the end of the time. `None` where Envoy
/// would not call, as for a cluster that it does not know. Only in callbacks of a stream.
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

/// A binary `envoy.config.core.v3.GrpcService` with `envoy_grpc.cluster_name`. Envoy takes a bare
/// name too, but tries it as this message first, and a name that happens to be one ("h2", measured
/// on 1.36 and 1.40) ends the whole process. Lengths below 128 are one byte, so the message is
/// text, as the SDK wants it.
fn envoy_grpc(cluster: &str) -> Option<String> {
    if cluster.is_empty() || cluster.len() > CLUSTER_MAX_BYTES {
        return None;
    }
    let length = u8::try_from(cluster.len()).ok()?;
    let outer = char::from(length.checked_add(2)?);
    Some(format!("\n{outer}\n{}{cluster}", char::from(length)))
}

/// The message of an answer of this size; empty for one that is too long to be right. Only in
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
