//! The parts of Proxy-Wasm ABI 0.2.1 that the kit needs, without the SDK's panics and copies.
//!
//! The SDK panics on every unexpected status and on header names that are not UTF-8, and it copies
//! each header of a map. These functions return the host's bytes and status unchanged. In a VM they
//! call the host; elsewhere they call the [`Host`] that a test has installed, so a whole filter
//! runs natively.
//!
//! Calls whose answer arrives in a callback (`proxy_http_call`, `proxy_grpc_call`) go through the
//! SDK, which routes the answer.

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod wasm;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use native::*;
#[cfg(target_arch = "wasm32")]
pub(crate) use wasm::*;

/// A header map of the host. The numbers are defined by the ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Map {
    /// The request's headers.
    Request = 0,
    /// The request's trailers.
    RequestTrailers = 1,
    /// The response's headers.
    Response = 2,
    /// The headers of the response to an HTTP call.
    HttpAnswer = 6,
}

/// A buffer of the host. The numbers are defined by the ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Buffer {
    /// The body of the response to an HTTP call.
    HttpAnswer = 4,
    /// The message of the response to a gRPC call.
    GrpcAnswer = 5,
    /// The plugin configuration.
    Configuration = 7,
}

/// An ABI status other than OK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status(pub u32);

/// A local reply in the form of the ABI.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalResponse<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The response-code details.
    pub details: &'a str,
    /// The body.
    pub body: &'a [u8],
    /// The headers, as returned by [`serialize`](super::map::serialize).
    pub headers: &'a [u8],
    /// The gRPC status.
    pub grpc: i32,
}

/// A gRPC call in the form of the SDK.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GrpcRequest<'a> {
    /// A binary `GrpcService`.
    pub upstream: &'a str,
    /// The full name of the service.
    pub service: &'a str,
    /// The method's name.
    pub method: &'a str,
    /// The request message.
    pub message: &'a [u8],
    /// The timeout.
    pub timeout: std::time::Duration,
}
