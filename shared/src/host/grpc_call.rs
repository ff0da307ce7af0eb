//! gRPC calls of a stream, and the streams that wait for them.

use proxy_wasm::hostcalls;
use proxy_wasm::types::BufferType;
use std::time::Duration;

/// Calls a method of a gRPC service behind one of Envoy's clusters; `method` is the service's full name and the method's. The answer arrives
/// at `on_grpc_call_response` of the context that called, with this token and the gRPC status; so does a failure, or the end of `timeout`,
/// which Envoy takes for "none at all" below a millisecond. `None` where Envoy would not call, as for a cluster that it does not know. Only
/// in callbacks of a stream.
#[must_use]
pub fn grpc_call(
    cluster: &str,
    method: (&str, &str),
    message: &[u8],
    timeout: Duration,
) -> Option<u32> {
    let timeout = timeout.max(Duration::from_millis(1));
    let (service, method) = method;
    hostcalls::dispatch_grpc_call(cluster, service, method, vec![], Some(message), timeout).ok()
}

/// The message of an answer of this size. Only in `on_grpc_call_response`.
#[must_use]
pub fn grpc_response(size: usize) -> Vec<u8> {
    hostcalls::get_buffer(BufferType::GrpcReceiveBuffer, 0, size)
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// Lets a paused request go on. Only in a callback of its own context, once, and not after a local reply.
pub fn resume_request() {
    if let Err(status) = hostcalls::resume_http_request() {
        log::error!("the host would not resume a request: {status:?}");
    }
}
