//! The callbacks that the SDK exports.
//!
//! The SDK exports every Proxy-Wasm callback, and Envoy enters the VM for each exported one: per
//! request, per body chunk, per stream. Those that a filter does not need (`Filter::CALLBACKS` in
//! `filter_kit::pipeline`) are removed.

/// The callbacks that proxy-wasm 0.2.5 exports (`src/dispatcher.rs`).
const SDK: &[&str] = &[
    "proxy_on_configure",
    "proxy_on_context_create",
    "proxy_on_delete",
    "proxy_on_done",
    "proxy_on_downstream_connection_close",
    "proxy_on_downstream_data",
    "proxy_on_foreign_function",
    "proxy_on_grpc_close",
    "proxy_on_grpc_receive",
    "proxy_on_grpc_receive_initial_metadata",
    "proxy_on_grpc_receive_trailing_metadata",
    "proxy_on_http_call_response",
    "proxy_on_log",
    "proxy_on_new_connection",
    "proxy_on_queue_ready",
    "proxy_on_request_body",
    "proxy_on_request_headers",
    "proxy_on_request_trailers",
    "proxy_on_response_body",
    "proxy_on_response_headers",
    "proxy_on_response_trailers",
    "proxy_on_tick",
    "proxy_on_upstream_connection_close",
    "proxy_on_upstream_data",
    "proxy_on_vm_start",
];

/// Whether `export` is a callback of the SDK, and so may be removed.
pub(crate) fn is_known(export: &str) -> bool {
    SDK.contains(&export)
}
