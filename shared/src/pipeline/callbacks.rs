//! Which callbacks of Proxy-Wasm a filter has a use for.

/// Callbacks of Proxy-Wasm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "a set of independent callbacks, not a state"
)]
pub struct Callbacks {
    /// The head of a response.
    pub response: bool,
    /// Body and trailers of a request, which wait while it waits.
    pub waiting: bool,
    /// Answers to gRPC calls.
    pub grpc: bool,
    /// Ticks, and answers to HTTP calls.
    pub background: bool,
}

impl Callbacks {
    /// The head of a request, and nothing else.
    pub const REQUEST: Self = Self {
        response: false,
        waiting: false,
        grpc: false,
        background: false,
    };

    /// The heads of request and response.
    pub const HEADS: Self = Self {
        response: true,
        ..Self::REQUEST
    };

    /// These and those.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            response: self.response || other.response,
            waiting: self.waiting || other.waiting,
            grpc: self.grpc || other.grpc,
            background: self.background || other.background,
        }
    }

    /// The exports of a module with these callbacks, by their names in the ABI.
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
            // An answer arrives by `receive`, a failure by `close`.
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
/// each request would leak one.
const ALWAYS: &[&str] = &[
    "memory",
    "_initialize",
    "proxy_abi_version_0_2_1",
    "proxy_on_memory_allocate",
    "proxy_on_context_create",
    "proxy_on_configure",
    "proxy_on_delete",
];
