//! The Proxy-Wasm callbacks that a filter needs.

/// A set of Proxy-Wasm callbacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "a set of independent callbacks, not a state"
)]
pub struct Callbacks {
    /// Response headers.
    pub response: bool,
    /// Request body and trailers, which are held back while the request waits.
    pub waiting: bool,
    /// Answers to gRPC calls.
    pub grpc: bool,
    /// Timers, and answers to HTTP calls.
    pub background: bool,
}

impl Callbacks {
    /// Request headers only.
    pub const REQUEST: Self = Self {
        response: false,
        waiting: false,
        grpc: false,
        background: false,
    };

    /// Request and response headers.
    pub const HEADS: Self = Self {
        response: true,
        ..Self::REQUEST
    };

    /// Returns the union of both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            response: self.response || other.response,
            waiting: self.waiting || other.waiting,
            grpc: self.grpc || other.grpc,
            background: self.background || other.background,
        }
    }

    /// Returns the exports of a module with these callbacks, by their names in the ABI.
    #[must_use]
    pub fn exports(self) -> Vec<&'static str> {
        let groups: [(bool, &[&str]); 6] = [
            (true, ALWAYS),
            (true, &["proxy_on_request_headers"]),
            (self.response, &["proxy_on_response_headers"]),
            (
                self.waiting,
                &["proxy_on_request_body", "proxy_on_request_trailers"],
            ),
            // An answer arrives through `receive`, a failure through `close`.
            (self.grpc, &["proxy_on_grpc_receive", "proxy_on_grpc_close"]),
            (
                self.background,
                &["proxy_on_tick", "proxy_on_http_call_response"],
            ),
        ];
        let wanted = groups.iter().filter(|(wanted, _)| *wanted);
        wanted
            .flat_map(|(_, exports)| exports.iter().copied())
            .collect()
    }
}

/// Exports of every module. `proxy_on_delete` frees the SDK's context of the stream; without it
/// every request would leak one.
const ALWAYS: &[&str] = &[
    "memory",
    "_initialize",
    "proxy_abi_version_0_2_1",
    "proxy_on_memory_allocate",
    "proxy_on_context_create",
    "proxy_on_configure",
    "proxy_on_delete",
];
