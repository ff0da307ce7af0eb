//! A unary gRPC call, as filters see it: length-prefixed messages and trailers.

use super::{RequestBuilder, Response};
use crate::echo::EchoedRequest;

/// The response to a gRPC call.
#[derive(Clone, Debug)]
pub struct GrpcResponse {
    /// The HTTP response.
    pub http: Response,
    /// `grpc-status` of the trailers or, if there are none, of the headers.
    pub status: Option<u32>,
    /// `grpc-message`, percent-encoded as received.
    pub message: Option<String>,
    /// The messages, without their prefixes.
    pub messages: Vec<Vec<u8>>,
}

impl RequestBuilder {
    /// Sends the request as a gRPC call with one message. The client should use HTTP/2 and POST.
    ///
    /// # Panics
    /// If there is no response, or its body does not consist of whole messages.
    #[track_caller]
    pub fn send_grpc(self, message: &[u8]) -> GrpcResponse {
        let length = u32::try_from(message.len()).expect("a small message");
        let body = [&[0], length.to_be_bytes().as_slice(), message].concat();
        let http = self
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(body)
            .send();
        let fields = http.trailers.as_ref().unwrap_or(&http.headers);
        let status = fields
            .get("grpc-status")
            .and_then(|status| status.parse().ok());
        let message = fields.get("grpc-message").map(ToString::to_string);
        GrpcResponse {
            status,
            message,
            messages: messages(&http.body),
            http,
        }
    }
}

impl GrpcResponse {
    /// Returns what the echo upstream received.
    ///
    /// # Panics
    /// If the response is not the echo's.
    #[track_caller]
    pub fn echo(&self) -> EchoedRequest {
        let message = self
            .messages
            .first()
            .unwrap_or_else(|| panic!("no message: {self:?}"));
        serde_json::from_slice(message)
            .unwrap_or_else(|error| panic!("no echo ({error}): {self:?}"))
    }
}

fn messages(mut body: &[u8]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while let Some((prefix, rest)) = body.split_first_chunk::<5>() {
        let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
        assert!(
            length <= rest.len(),
            "a gRPC message of {length} bytes broke off after {}",
            rest.len()
        );
        messages.push(rest[..length].to_vec());
        body = &rest[length..];
    }
    assert!(body.is_empty(), "a gRPC body ended within a prefix");
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_apart_by_their_lengths() {
        assert_eq!(
            messages(b"\0\0\0\0\x02ab\0\0\0\0\0"),
            [b"ab".to_vec(), Vec::new()]
        );
    }

    #[test]
    #[should_panic(expected = "broke off after 1")]
    fn half_a_message_is_noticed() {
        messages(b"\0\0\0\0\x02a");
    }
}
