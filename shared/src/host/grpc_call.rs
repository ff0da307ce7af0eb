//! gRPC calls of a stream.

use proxy_wasm::hostcalls;
use proxy_wasm::types::BufferType;
use std::time::Duration;

/// The longest name of a cluster that [`grpc_call`] takes, in bytes.
pub const CLUSTER_MAX_BYTES: usize = 120;

/// The longest answer that [`grpc_response`] takes, in bytes. Envoy hands over whatever comes.
const ANSWER_MAX_BYTES: usize = 256 * 1024;

/// Calls a method of a gRPC service behind one of Envoy's clusters; `method` is the service's full name and the method's. The answer arrives
/// at `on_grpc_call_response` of the context that called, with this token and the gRPC status; so does a failure, or the end of `timeout`,
/// which is at least a millisecond: Envoy takes 0 for none at all. `None` where Envoy would not call, as for a cluster that it does not know,
/// and for a name longer than [`CLUSTER_MAX_BYTES`]. Only in callbacks of a stream.
#[must_use]
pub fn grpc_call(
    cluster: &str,
    method: (&str, &str),
    message: &[u8],
    timeout: Duration,
) -> Option<u32> {
    let timeout = timeout.max(Duration::from_millis(1));
    let (service, method) = method;
    let upstream = envoy_grpc(cluster)?;
    hostcalls::dispatch_grpc_call(&upstream, service, method, vec![], Some(message), timeout).ok()
}

/// A binary `envoy.config.core.v3.GrpcService` with `envoy_grpc.cluster_name`. Envoy takes a bare name too, but tries it as this message
/// first, and a name that happens to be one ("h2", measured on 1.36 and 1.40) ends the whole process. Lengths below 128 are one byte, so the
/// message is text, as the SDK wants it.
fn envoy_grpc(cluster: &str) -> Option<String> {
    if cluster.is_empty() || cluster.len() > CLUSTER_MAX_BYTES {
        return None;
    }
    let length = u8::try_from(cluster.len()).ok()?;
    let outer = char::from(length.checked_add(2)?);
    Some(format!("\n{outer}\n{}{cluster}", char::from(length)))
}

/// The message of an answer of this size; empty for one that is too long to be right. Only in `on_grpc_call_response`.
#[must_use]
pub fn grpc_response(size: usize) -> Vec<u8> {
    if size > ANSWER_MAX_BYTES {
        return Vec::new();
    }
    hostcalls::get_buffer(BufferType::GrpcReceiveBuffer, 0, size)
        .ok()
        .flatten()
        .unwrap_or_default()
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
