//! Replies to gRPC and gRPC-Web clients.
//!
//! Envoy converts a local reply to gRPC only if the request was gRPC when Envoy received it. If
//! Envoy's `grpc_web` filter has converted the request to gRPC, Envoy does not treat it as gRPC,
//! and `grpc_web` would derive the gRPC status from the HTTP status: 14 from 429. So the reply is
//! converted to gRPC before Envoy sees it: it has its status in a header, and no body
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>, `Trailers-Only`).

use super::{Body, CONTENT_TYPE, Client, LocalReply};
use crate::values::HeaderName;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The gRPC status of a reply (<https://grpc.io/docs/guides/status-codes/>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum GrpcStatus {
    /// The request is invalid.
    InvalidArgument = 3,
    /// The caller is not allowed to do this.
    PermissionDenied = 7,
    /// A quota is exhausted.
    ResourceExhausted = 8,
    /// An internal error.
    Internal = 13,
    /// The caller may try again later.
    Unavailable = 14,
    /// The caller is not authenticated.
    Unauthenticated = 16,
}

/// The form of gRPC-Web that a client uses
/// (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrpcWeb {
    /// `application/grpc-web`.
    Binary,
    /// `application/grpc-web-text`: the body is base64-encoded.
    Text,
}

const GRPC: &[u8] = b"application/grpc";

/// Returns the client of a request with this `content-type`, if it is gRPC or gRPC-Web: the type
/// alone, or followed by `+` or `;`.
#[inline(never)]
pub(super) fn client(content_type: &[u8]) -> Option<Client> {
    let (head, rest) = content_type.split_at_checked(GRPC.len())?;
    // Checked first because the last letter rules out most types.
    if !matches!(head.last(), Some(b'c' | b'C')) || !head.eq_ignore_ascii_case(GRPC) {
        return None;
    }
    let forms: [(&[u8], Client); 3] = [
        (b"-web-text", Client::GrpcWeb(GrpcWeb::Text)),
        (b"-web", Client::GrpcWeb(GrpcWeb::Binary)),
        (b"", Client::Grpc),
    ];
    forms.into_iter().find_map(|(form, client)| {
        let (head, rest) = rest.split_at_checked(form.len())?;
        let ends = matches!(rest.first(), None | Some(b'+' | b';'));
        (ends && head.eq_ignore_ascii_case(form)).then_some(client)
    })
}

/// Converts the reply to gRPC.
#[inline(never)]
pub(super) fn reply(reply: &LocalReply) -> LocalReply {
    let mut reply = reply.clone();
    reply
        .headers
        .retain(|(name, _)| name.as_str() != CONTENT_TYPE);
    let message = std::mem::replace(&mut reply.body, Body::Raw(Vec::new()));
    for (name, value) in trailers(reply.grpc, message.bytes()) {
        reply.headers.push((HeaderName::from_static(name), value));
    }
    reply.status = 200;
    reply
}

/// Converts the reply to gRPC-Web.
#[inline(never)]
pub(super) fn web_reply(reply: &LocalReply, form: GrpcWeb) -> LocalReply {
    let frame = trailer_frame(reply.grpc, reply.body.bytes());
    let mut reply = self::reply(reply);
    let (content_type, body) = match form {
        GrpcWeb::Binary => ("application/grpc-web+proto", frame),
        GrpcWeb::Text => (
            "application/grpc-web-text+proto",
            STANDARD.encode(frame).into_bytes(),
        ),
    };
    let content_type = (HeaderName::from_static(CONTENT_TYPE), content_type.into());
    reply.headers.push(content_type);
    reply.body = Body::Raw(body);
    reply
}

fn trailers(status: GrpcStatus, message: &[u8]) -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    let status = ("grpc-status", (status as i32).to_string().into_bytes());
    let message = (!message.is_empty()).then(|| ("grpc-message", percent_encode(message)));
    [Some(status), message].into_iter().flatten()
}

/// Encodes the flag byte of trailers, the length in four bytes, and the trailers as header lines.
fn trailer_frame(status: GrpcStatus, message: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    for (name, value) in trailers(status, message) {
        lines.extend_from_slice(name.as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(&value);
        lines.extend_from_slice(b"\r\n");
    }
    let length = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    [&[0x80], &length.to_be_bytes()[..], &lines].concat()
}

/// Encodes a `grpc-message`: `%` and all bytes except printable ASCII are percent-encoded.
fn percent_encode(message: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(message.len());
    for &byte in message {
        match byte {
            b'%' => encoded.extend_from_slice(b"%25"),
            b' '..=b'~' => encoded.push(byte),
            _ => encoded.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_tells_the_client() {
        let web = |form| Some(Client::GrpcWeb(form));
        for (content_type, expected) in [
            ("application/grpc", Some(Client::Grpc)),
            ("application/grpc+proto", Some(Client::Grpc)),
            ("Application/gRPC; x=y", Some(Client::Grpc)),
            ("application/grpc-web", web(GrpcWeb::Binary)),
            ("application/grpc-web+proto", web(GrpcWeb::Binary)),
            ("application/GRPC-Web;x", web(GrpcWeb::Binary)),
            ("application/grpc-web-text", web(GrpcWeb::Text)),
            ("application/grpc-web-text+proto", web(GrpcWeb::Text)),
            ("application/grpc-websocket", None),
            ("application/grpcx", None),
            ("application/json", None),
            ("application/epoc", None),
            ("text/plain; a=bc", None),
            ("", None),
        ] {
            assert_eq!(client(content_type.as_bytes()), expected, "{content_type}");
        }
    }

    #[test]
    fn the_status_is_in_the_headers_and_of_grpc_web_in_the_body_too() {
        let mut reply = LocalReply::new(429, GrpcStatus::ResourceExhausted, "x", "50% h\u{e9}")
            .header(HeaderName::new("retry-after").unwrap(), "1");
        let text = "grpc-status: 8\r\ngrpc-message: 50%25 h%C3%A9\r\n";
        let frame = [b"\x80\0\0\0", &[text.len() as u8][..], text.as_bytes()].concat();
        let own: &[_] = &[
            ("retry-after", "1"),
            ("grpc-status", "8"),
            ("grpc-message", "50%25 h%C3%A9"),
        ];
        for (client, content_type, body) in [
            (Client::Grpc, None, vec![]),
            (
                Client::GrpcWeb(GrpcWeb::Binary),
                Some("application/grpc-web+proto"),
                frame.clone(),
            ),
            (
                Client::GrpcWeb(GrpcWeb::Text),
                Some("application/grpc-web-text+proto"),
                STANDARD.encode(&frame).into_bytes(),
            ),
        ] {
            let sent = reply.of_grpc(client).unwrap();
            let rendered = sent.render(client);
            let content_type = content_type.map(|value| (CONTENT_TYPE, value));
            let expected: Vec<_> = own.iter().copied().chain(content_type).collect();
            let got: Vec<_> = rendered
                .headers
                .iter()
                .map(|(name, value)| (*name, std::str::from_utf8(value).unwrap()))
                .collect();
            assert_eq!((sent.status, got), (200, expected), "{client:?}");
            assert_eq!(*rendered.body, *body, "{client:?}");
        }
        // A content type that is configured for other clients does not affect the gRPC form.
        reply = reply.header(HeaderName::new(CONTENT_TYPE).unwrap(), "application/json");
        reply.body = Body::Raw(Vec::new());
        let sent = reply.of_grpc(Client::Grpc).unwrap();
        let names: Vec<_> = sent.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["retry-after", "grpc-status"]);
    }
}
