//! Local replies: answers that a filter sends itself.
//!
//! A client gets `text/plain` or, if its `accept` prefers JSON, `application/problem+json` (RFC
//! 9457). A gRPC client gets HTTP 200 with `grpc-status` and `grpc-message`; a gRPC-Web client gets
//! the same, with a trailer frame as the body.

mod accept;
mod config;
mod grpc;

use crate::headers::list_elements;
use crate::values::HeaderName;
use std::borrow::Cow;

pub use accept::prefers_json;
pub use config::{RawReply, RawReplyHeader, ReplyTemplate};
pub use grpc::{GrpcStatus, GrpcWeb};

/// An answer that a filter sends instead of letting the request continue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalReply {
    /// The HTTP status.
    pub status: u16,
    /// The gRPC status, for gRPC clients.
    pub grpc: GrpcStatus,
    /// The reason, for Envoy's `%RESPONSE_CODE_DETAILS%`: `jwt_expired`,
    /// `rate_limited{per-client}`.
    pub details: String,
    /// Headers other than `content-type`.
    pub headers: Vec<(HeaderName, Vec<u8>)>,
    /// The body.
    pub body: Body,
}

/// The body of a local reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A sentence. Sent as plain text, as the `detail` of a problem+json document, or as
    /// `grpc-message`.
    Message(String),
    /// These bytes, unchanged. The headers contain the `content-type`; without one it is
    /// `text/plain`.
    Raw(Vec<u8>),
}

impl LocalReply {
    /// Creates a reply that tells the client `message`.
    #[must_use]
    pub fn new(
        status: u16,
        grpc: GrpcStatus,
        details: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            grpc,
            details: details.into(),
            headers: Vec::new(),
            body: Body::Message(message.into()),
        }
    }

    /// Creates a reply with status 400 for a path that can be read in several ways, if the
    /// difference matters or if there are too many.
    #[must_use]
    pub fn ambiguous_path() -> Self {
        Self::new(
            400,
            GrpcStatus::InvalidArgument,
            "ambiguous_path",
            "The path can be read in several ways: write it without //, /./, /../, ;parameters and needless percent-encoding.",
        )
    }

    /// Creates a reply with status 400 for a host that is not `host[:port]` (RFC 3986, section
    /// 3.2).
    #[must_use]
    pub fn malformed_host() -> Self {
        Self::new(
            400,
            GrpcStatus::InvalidArgument,
            "malformed_host",
            "The host is malformed: write a name or an address, and a port where it is needed.",
        )
    }

    /// Creates a reply with status 503 for a request that can be served later.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(503, GrpcStatus::Unavailable, "unavailable", "Try again.")
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Converts the reply for a gRPC or gRPC-Web client; `None` for other clients.
    #[must_use]
    pub(crate) fn of_grpc(&self, client: Client) -> Option<Box<Self>> {
        match client {
            Client::Json | Client::Text => None,
            Client::Grpc => Some(Box::new(grpc::reply(self))),
            Client::GrpcWeb(form) => Some(Box::new(grpc::web_reply(self, form))),
        }
    }

    /// Returns headers and body in the form for this client.
    #[must_use]
    pub fn render(&self, client: Client) -> Rendered<'_> {
        let mut headers = Vec::with_capacity(self.headers.len().saturating_add(1));
        let own = self.headers.iter();
        headers.extend(own.map(|(name, value)| (name.as_str(), value.as_slice())));
        let (content_type, body) = match (&self.body, client) {
            (Body::Raw(bytes), _) => ("text/plain; charset=utf-8", Cow::Borrowed(bytes.as_slice())),
            (Body::Message(text), Client::Json) => (
                "application/problem+json",
                Cow::Owned(problem(self.status, text)),
            ),
            (Body::Message(text), _) => (
                "text/plain; charset=utf-8",
                Cow::Owned([text.as_bytes(), b"\n"].concat()),
            ),
        };
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == CONTENT_TYPE) {
            headers.push((CONTENT_TYPE, content_type.as_bytes()));
        }
        Rendered { headers, body }
    }
}

impl Body {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Message(text) => text.as_bytes(),
            Self::Raw(bytes) => bytes,
        }
    }
}

const CONTENT_TYPE: &str = "content-type";

/// The kind of client that sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// A gRPC client, or a gRPC-Web client behind Envoy's `grpc_web` filter, which has converted
    /// the request to gRPC: `content-type: application/grpc`.
    Grpc,
    /// A gRPC-Web client: `content-type: application/grpc-web` or `application/grpc-web-text`.
    GrpcWeb(GrpcWeb),
    /// A client whose `accept` prefers JSON to text.
    Json,
    /// Any other client.
    Text,
}

impl Client {
    /// Determines the kind of client from the `content-type` of the request and the values of its
    /// `accept`.
    #[must_use]
    pub fn of<'a>(content_type: Option<&[u8]>, accept: impl Iterator<Item = &'a [u8]>) -> Self {
        if let Some(client) = content_type.and_then(grpc::client) {
            return client;
        }
        let accept: Vec<&[u8]> = accept.collect();
        if prefers_json(&accept.join(&b","[..])) {
            Self::Json
        } else {
            Self::Text
        }
    }
}

/// Headers and body of a reply, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered<'r> {
    /// The headers, with names in lower case.
    pub headers: Vec<(&'r str, &'r [u8])>,
    /// The body.
    pub body: Cow<'r, [u8]>,
}

/// Creates a problem details document (RFC 9457, section 3).
fn problem(status: u16, detail: &str) -> Vec<u8> {
    let detail = serde_json::to_string(detail).unwrap_or_default();
    let title = title(status);
    format!("{{\"type\":\"about:blank\",\"title\":\"{title}\",\"status\":{status},\"detail\":{detail}}}\n").into_bytes()
}

/// Returns the reason phrase of a status that filters use (RFC 9110, section 15; RFC 6585).
fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ if status < 400 => "OK",
        _ if status < 500 => "Client Error",
        _ => "Server Error",
    }
}

/// Whether a list-based field contains this token, ignoring ASCII case.
#[must_use]
pub fn list_has(value: &[u8], token: &[u8]) -> bool {
    list_elements(value).any(|element| element.eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply() -> LocalReply {
        LocalReply::new(
            401,
            GrpcStatus::Unauthenticated,
            "jwt_missing",
            "A \"token\" is needed.",
        )
        .header(HeaderName::new("www-authenticate").unwrap(), "Bearer")
    }

    #[test]
    fn a_client_gets_the_form_that_it_asks_for() {
        let json = "{\"type\":\"about:blank\",\"title\":\"Unauthorized\",\"status\":401,\"detail\":\"A \\\"token\\\" is needed.\"}\n";
        let text = "A \"token\" is needed.\n";
        for (accept, content_type, body) in [
            (&[][..], "text/plain; charset=utf-8", text),
            (&["*/*"], "text/plain; charset=utf-8", text),
            (&["application/json"], "application/problem+json", json),
            (
                &["text/html", "application/json;q=0.1"],
                "text/plain; charset=utf-8",
                text,
            ),
        ] {
            let accept = accept.iter().map(|value: &&str| value.as_bytes());
            let reply = reply();
            let rendered = reply.render(Client::of(None, accept));
            assert_eq!(*rendered.body, *body.as_bytes());
            let headers = [
                ("www-authenticate", "Bearer"),
                ("content-type", content_type),
            ];
            assert_eq!(rendered.headers, headers.map(|(n, v)| (n, v.as_bytes())));
        }
    }

    #[test]
    fn a_status_has_its_reason_phrase_or_that_of_its_class() {
        for (status, expected) in [
            (200, "OK"),
            (302, "OK"),
            (400, "Bad Request"),
            (401, "Unauthorized"),
            (403, "Forbidden"),
            (404, "Not Found"),
            (418, "Client Error"),
            (429, "Too Many Requests"),
            (499, "Client Error"),
            (500, "Internal Server Error"),
            (502, "Server Error"),
            (503, "Service Unavailable"),
        ] {
            assert_eq!(title(status), expected, "{status}");
        }
    }

    #[test]
    fn a_list_has_whole_elements_only() {
        for (list, expected) in [
            ("origin", true),
            ("accept, Origin", true),
            ("accept,origin ,x", true),
            ("", false),
            ("x-origin, origins", false),
            ("\"origin\"", false),
        ] {
            assert_eq!(list_has(list.as_bytes(), b"origin"), expected, "{list}");
        }
    }
}
