//! HTTP calls to clusters of the host.

use super::abi::{self, Buffer, Map};
use std::time::Duration;

/// A GET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpGet<'c> {
    /// The cluster that is asked. It alone decides where the connection goes, and whether it is
    /// TLS.
    pub cluster: &'c str,
    /// `http` or `https`.
    pub scheme: &'c str,
    /// The host, as `:authority`.
    pub authority: &'c str,
    /// The path with its query.
    pub path: &'c str,
    /// What kinds of answers are wanted, as `accept`.
    pub accept: &'c str,
    /// More headers; names in lower case.
    pub headers: &'c [(&'c str, &'c str)],
    /// The longest time until the whole answer is there; at least a millisecond: without a time-out
    /// the host would wait for ever.
    pub timeout: Duration,
}

/// A call that was sent; its answer comes with the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallId(pub u32);

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Its status. 503 and 504 may be the host's own: it could not connect, or the time was up.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// Why a call has no answer that could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallFailure {
    /// The host did not send it: there is no such cluster, or it has no endpoint.
    #[error("it could not be sent: is there such a cluster, with an endpoint?")]
    NotSent,
    /// The connection was reset before the answer was complete.
    #[error("no complete answer came")]
    NoAnswer,
    /// The body is longer than the limit.
    #[error("the answer has {0} bytes")]
    TooLarge(usize),
}

/// Sends a call. Only in `on_tick` and `on_http_call_response` of a root context: the SDK gives the
/// answer to the context in whose callback the call was made, and one of a stream may be gone by
/// then.
///
/// # Errors
/// [`CallFailure::NotSent`].
pub fn http_get(call: &HttpGet<'_>) -> Result<CallId, CallFailure> {
    let mut headers = vec![
        (":method", "GET"),
        (":scheme", call.scheme),
        (":authority", call.authority),
        (":path", call.path),
        ("accept", call.accept),
    ];
    headers.extend_from_slice(call.headers);
    let timeout = call.timeout.max(Duration::from_millis(1));
    abi::http_call(call.cluster, &headers, timeout)
        .map(CallId)
        .ok_or(CallFailure::NotSent)
}

/// The answer to a call, with the sizes that `on_http_call_response` was given. Only there.
///
/// # Errors
/// [`CallFailure::NoAnswer`] and [`CallFailure::TooLarge`]; what is too large is not copied into
/// the module.
pub(crate) fn http_answer(
    headers: usize,
    body_size: usize,
    max_body: usize,
) -> Result<HttpAnswer, CallFailure> {
    // Where there is no answer there are no headers, and to ask for one would be a panic in the
    // SDK.
    if headers == 0 {
        return Err(CallFailure::NoAnswer);
    }
    if body_size > max_body {
        return Err(CallFailure::TooLarge(body_size));
    }
    let status = abi::map_value(Map::HttpAnswer, b":status")
        .and_then(|status| std::str::from_utf8(&status).ok()?.parse().ok())
        .ok_or(CallFailure::NoAnswer)?;
    let body = match body_size {
        0 => Vec::new(),
        size => abi::buffer(Buffer::HttpAnswer, size).unwrap_or_default(),
    };
    Ok(HttpAnswer { status, body })
}
