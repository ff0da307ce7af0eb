//! Sending local replies.

use crate::headers::Headers;
use crate::reply::{Client, LocalReply, Rendered};
use proxy_wasm::hostcalls;
use proxy_wasm::types::{Action, MapType};

/// Answers the request in place of the upstream, in the form that the client asks for. Only in `on_http_request_headers`, or while the
/// request is paused. Return the action that this gives back; it is never `Continue`.
///
/// Envoy sends the reply back through the response callbacks of this very filter.
pub fn reply(reply: &LocalReply) -> Action {
    let request =
        Headers::new(hostcalls::get_map_bytes(MapType::HttpRequestHeaders).unwrap_or_default());
    let accept = request.joined("accept", b",");
    let rendered = reply.render(Client::of(request.first("content-type"), accept.as_deref()));
    send(reply, &rendered);
    Action::Pause
}

fn send(reply: &LocalReply, rendered: &Rendered) {
    let headers = serialize(&rendered.headers);
    let sent = abi::send_local_response(
        u32::from(reply.status),
        reply.details.as_bytes(),
        &rendered.body,
        &headers,
        reply.grpc as i32,
    );
    if sent != 0 {
        log::error!("the host refused a local reply: status {sent}");
    }
}

/// The ABI's form of a header map: the count, the sizes, then names and values, each ended by a NUL.
fn serialize(pairs: &[(String, Vec<u8>)]) -> Vec<u8> {
    let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    let mut map = u32::try_from(pairs.len())
        .unwrap_or(u32::MAX)
        .to_le_bytes()
        .to_vec();
    for (name, value) in pairs {
        map.extend(size(name.as_bytes()));
        map.extend(size(value));
    }
    for (name, value) in pairs {
        map.extend(name.as_bytes());
        map.push(0);
        map.extend(value);
        map.push(0);
    }
    map
}

#[cfg(target_arch = "wasm32")]
#[allow(
    unsafe_code,
    reason = "the SDK's send_http_response cannot carry response-code details, and panics where the host refuses"
)]
mod abi {
    //! `proxy_send_local_response` of the Proxy-Wasm ABI 0.2.1.

    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        fn proxy_send_local_response(
            status_code: u32,
            details_data: *const u8,
            details_size: usize,
            body_data: *const u8,
            body_size: usize,
            headers_data: *const u8,
            headers_size: usize,
            grpc_status: i32,
        ) -> u32;
    }

    pub(super) fn send_local_response(
        status: u32,
        details: &[u8],
        body: &[u8],
        headers: &[u8],
        grpc_status: i32,
    ) -> u32 {
        // SAFETY: every pointer is that of a live slice with its own length, and the host only reads.
        unsafe {
            proxy_send_local_response(
                status,
                details.as_ptr(),
                details.len(),
                body.as_ptr(),
                body.len(),
                headers.as_ptr(),
                headers.len(),
                grpc_status,
            )
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod abi {
    //! There is no host outside a VM.

    pub(super) fn send_local_response(_: u32, _: &[u8], _: &[u8], _: &[u8], _: i32) -> u32 {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_map_is_counted_sized_and_ended_by_nul() {
        let map = serialize(&[("a".to_owned(), b"bc".to_vec()), ("d".to_owned(), vec![])]);
        assert_eq!(
            map,
            [
                &2_u32.to_le_bytes()[..],
                &1_u32.to_le_bytes(),
                &2_u32.to_le_bytes(),
                &1_u32.to_le_bytes(),
                &0_u32.to_le_bytes(),
                b"a\0bc\0d\0\0",
            ]
            .concat()
        );
    }
}
