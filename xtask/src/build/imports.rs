//! The host functions that a module may import, each with a reason.
//!
//! Envoy rejects a module that imports a function it does not offer ("missing import"). Envoy 1.36
//! and later offer all of these. If a dependency needs another one, it has to be reviewed first.

/// Functions that modules import, as `module.name`, and what needs them.
const ALLOWED: &[(&str, &str)] = &[
    ("env.proxy_log", "log lines"),
    (
        "env.proxy_get_log_level",
        "log lines that Envoy would drop are not formatted",
    ),
    (
        "env.proxy_get_current_time_nanoseconds",
        "the time that the glue passes in",
    ),
    (
        "env.proxy_set_tick_period_milliseconds",
        "refresh of remote keys",
    ),
    ("env.proxy_set_property", "filter state, for access logs"),
    ("env.proxy_get_property", "source.address, route.name"),
    (
        "env.proxy_get_buffer_bytes",
        "the configuration; the bodies of answered calls",
    ),
    ("env.proxy_get_header_map_pairs", "all headers at once"),
    ("env.proxy_get_header_map_value", "one header"),
    ("env.proxy_add_header_map_value", "header edits"),
    ("env.proxy_replace_header_map_value", "header edits"),
    ("env.proxy_remove_header_map_value", "header edits"),
    ("env.proxy_send_local_response", "refusals and preflights"),
    ("env.proxy_get_shared_data", "state that all workers share"),
    ("env.proxy_set_shared_data", "state that all workers share"),
    ("env.proxy_define_metric", "counters"),
    ("env.proxy_increment_metric", "counters"),
    ("env.proxy_http_call", "remote keys"),
    ("env.proxy_grpc_call", "the rate limit service"),
    (
        "env.proxy_continue_stream",
        "a request that waited for an answer goes on",
    ),
    (
        "env.proxy_set_effective_context",
        "the SDK's dispatcher, when an answer arrives; requests that wait, answered by the root context",
    ),
    (
        "env.proxy_call_foreign_function",
        "signature verification by the host",
    ),
    // The SDK keeps contexts as trait objects, whose tables refer to every provided method, whether
    // it is called or not.
    ("env.proxy_close_stream", "the SDK's trait objects"),
    ("env.proxy_done", "the SDK's trait objects"),
    ("env.proxy_enqueue_shared_queue", "the SDK's trait objects"),
    ("env.proxy_dequeue_shared_queue", "the SDK's trait objects"),
    ("env.proxy_register_shared_queue", "the SDK's trait objects"),
    ("env.proxy_resolve_shared_queue", "the SDK's trait objects"),
    ("env.proxy_get_metric", "the SDK's trait objects"),
    ("env.proxy_record_metric", "the SDK's trait objects"),
    ("env.proxy_get_status", "the SDK's trait objects"),
    ("env.proxy_grpc_cancel", "the SDK's trait objects"),
    ("env.proxy_grpc_close", "the SDK's trait objects"),
    ("env.proxy_grpc_send", "the SDK's trait objects"),
    ("env.proxy_grpc_stream", "the SDK's trait objects"),
    ("env.proxy_set_buffer_bytes", "the SDK's trait objects"),
    ("env.proxy_set_header_map_pairs", "the SDK's trait objects"),
    ("env.proxy_set_property", "the SDK's trait objects"),
    (
        "wasi_snapshot_preview1.environ_get",
        "secrets from environment variables",
    ),
    (
        "wasi_snapshot_preview1.environ_sizes_get",
        "secrets from environment variables",
    ),
    (
        "wasi_snapshot_preview1.fd_write",
        "the message of a panic, which std prints",
    ),
    ("wasi_snapshot_preview1.proc_exit", "std's abort"),
    ("wasi_snapshot_preview1.random_get", "seeds of hash maps"),
];

/// Whether a module may import this function.
pub(crate) fn is_allowed(module: &str, name: &str) -> bool {
    ALLOWED.iter().any(|(allowed, _)| {
        allowed
            .split_once('.')
            .is_some_and(|(from, function)| from == module && function == name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_functions_of_the_right_module_pass() {
        let cases = [
            ("env", "proxy_log", true),
            ("wasi_snapshot_preview1", "fd_write", true),
            ("wasi_snapshot_preview1", "proxy_log", false),
            ("wasi_snapshot_preview1", "path_open", false),
            ("wasi_snapshot_preview1", "sock_send", false),
            ("__wbindgen_placeholder__", "__wbindgen_throw", false),
        ];
        for (module, name, allowed) in cases {
            assert_eq!(is_allowed(module, name), allowed, "{module}.{name}");
        }
    }
}
