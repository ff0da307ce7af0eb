//! HTTP calls to clusters of the host.

use super::abi::{self, Buffer, Map};
use std::time::Duration;

/// A GET request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpGet<'c> {
    /// The cluster that receives the request. It alone decides where to connect, and whether with
    /// TLS.
    pub cluster: &'c str,
    /// `http` or `https`.
    pub scheme: &'c str,
    /// The host, as `:authority`.
    pub authority: &'c str,
    /// The path with its query.
    pub path: &'c str,
    /// The accepted media types, as `accept`.
    pub accept: &'c str,
    /// Additional headers, with names in lower case.
    pub headers: &'c [(&'c str, &'c str)],
    /// Timeout of the whole response, at least one millisecond: without a timeout the host would
    /// wait forever.
    pub timeout: Duration,
}

/// A call that was sent. Its answer arrives with the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallId(pub u32);

/// The answer to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The HTTP status. 503 and 504 may come from the host itself: it could not connect, or the
    /// timeout expired.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Why a call has no readable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallFailure {
    /// The host did not send it: the cluster does not exist or has no endpoint.
    #[error("it could not be sent: is there such a cluster, with an endpoint?")]
    NotSent,
    /// The connection was reset before the answer was complete.
    #[error("no complete answer came")]
    NoAnswer,
    /// The body is longer than the limit.
    #[error("the answer has {0} bytes")]
    TooLarge(usize),
}

/// Sends a call. Call it only in `on_tick` and `on_http_call_response` of a root context: the SDK
/// delivers the answer to the context that made the call, and the context of a stream may be gone
/// by then.
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

/// Returns the answer to a call. Takes the sizes that `on_http_call_response` received, and may
/// only be called there.
///
/// # Errors
/// [`CallFailure::NoAnswer`] and [`CallFailure::TooLarge`]. A body that is too large is not copied
/// into the module.
pub(crate) fn http_answer(
    headers: usize,
    body_size: usize,
    max_body: usize,
) -> Result<HttpAnswer, CallFailure> {
    // A failed call has no headers, and asking for one would make the SDK panic.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ScriptedHost;

    #[test]
    fn an_answer_is_read_if_it_came_and_is_not_too_large() {
        let host = ScriptedHost::install();
        for (headers, body, expected) in [
            (1, "", Ok("")),
            (1, "0123456789", Ok("0123456789")),
            (1, "0123456789a", Err(CallFailure::TooLarge(11))),
            (0, "", Err(CallFailure::NoAnswer)),
        ] {
            host.set_http_answer(200, body.as_bytes());
            let answer = http_answer(headers, body.len(), 10);
            let expected = expected.map(|body| HttpAnswer {
                status: 200,
                body: body.as_bytes().to_vec(),
            });
            assert_eq!(answer, expected, "{headers} {body}");
        }
    }
}
