//! Sends local replies.

use super::abi::{self, LocalResponse};
use super::map::serialize;
use crate::reply::{Client, LocalReply};

/// Answers the request locally, in the form that the client prefers. Call it only in
/// `on_http_request_headers`, or while the request is paused.
///
/// Envoy passes the reply through the response callbacks of this filter too.
pub(crate) fn send(reply: &LocalReply, client: Client) {
    match reply.of_grpc(client) {
        Some(reply) => send_as(&reply, client),
        None => send_as(reply, client),
    }
}

fn send_as(reply: &LocalReply, client: Client) {
    let rendered = reply.render(client);
    let pairs = rendered
        .headers
        .iter()
        .map(|(name, value)| (name.as_bytes(), *value));
    let sent = abi::send_local_response(&LocalResponse {
        status: reply.status,
        details: &reply.details,
        body: &rendered.body,
        headers: &serialize(pairs),
        grpc: reply.grpc as i32,
    });
    if let Err(status) = sent {
        log::error!("the host refused a local reply: {status:?}");
    }
}
