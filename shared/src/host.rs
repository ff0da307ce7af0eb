//! The host: the one module of this crate that names `proxy_wasm`.
//!
//! A call in the wrong phase, or the SDK's text variants on a client's bytes, would panic and kill the VM. The functions here are
//! safe in the phase that their documentation names, take and give bytes, and treat a failing host as "not there".

mod context;
mod counters;
mod grpc_call;
mod http_call;
mod local_reply;
mod root;
mod shared_data;
mod signature;

use crate::config::Env;
use crate::headers::{Edit, Headers};
use crate::request::{Needs, RequestHead, address_without_port};
use proxy_wasm::hostcalls;
use proxy_wasm::types::MapType;
use std::time::{Duration, UNIX_EPOCH};

pub use context::{act_for, resume_request, tick_every};
pub use counters::{Counter, Counters};
pub use grpc_call::{CLUSTER_MAX_BYTES, grpc_call, grpc_response};
pub use http_call::{CallFailure, CallId, HttpAnswer, HttpGet, http_answer, http_get};
pub use local_reply::reply;
pub use root::{Plugin, Root, configuration, start};
pub use shared_data::{SharedData, random_seed};
pub use signature::verify_signature;

/// The parts of the request that a configuration needs. Only in `on_http_request_headers`, or while the request is paused.
///
/// Named headers are read with all others in one call: a single getter shows the first of several values only.
#[must_use]
pub fn request_head(needs: Needs) -> RequestHead {
    let mut head = if needs.headers {
        RequestHead::from_pairs(pairs(MapType::HttpRequestHeaders))
    } else {
        let pseudo = |wanted: bool, name| if wanted { request_header(name) } else { None };
        RequestHead {
            method: pseudo(needs.method, ":method").unwrap_or_default(),
            scheme: pseudo(needs.scheme, ":scheme").unwrap_or_default(),
            authority: pseudo(needs.authority, ":authority").unwrap_or_default(),
            target: pseudo(needs.target, ":path"),
            ..RequestHead::default()
        }
    };
    if needs.source_address {
        head.source_address =
            property(&["source", "address"]).map(|address| address_without_port(&address).to_vec());
    }
    if needs.route_name {
        head.route_name = property(&["xds", "route_name"]);
    }
    head
}

/// The first value of a request header or pseudo-header. Only in `on_http_request_headers`, or while the request is paused. For a header
/// that a client may repeat, a value here is a reason to look at all of them.
#[must_use]
pub fn request_header(name: &str) -> Option<Vec<u8>> {
    hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, name)
        .ok()
        .flatten()
}

/// The first value of a response header. Only in `on_http_response_headers`.
#[must_use]
pub fn response_header(name: &str) -> Option<Vec<u8>> {
    hostcalls::get_map_value_bytes(MapType::HttpResponseHeaders, name)
        .ok()
        .flatten()
}

/// All response headers, `:status` among them. Only in `on_http_response_headers`.
#[must_use]
pub fn response_headers() -> Headers {
    Headers::new(pairs(MapType::HttpResponseHeaders))
}

/// Edits the request. Only in `on_http_request_headers`, or while the request is paused and before it is resumed. After an edit
/// Envoy chooses the route again.
pub fn edit_request(edits: &[Edit]) {
    edit(MapType::HttpRequestHeaders, edits);
}

/// Edits the response. Only in `on_http_response_headers`.
pub fn edit_response(edits: &[Edit]) {
    edit(MapType::HttpResponseHeaders, edits);
}

fn pairs(map: MapType) -> Vec<(String, Vec<u8>)> {
    hostcalls::get_map_bytes(map).unwrap_or_default()
}

fn edit(map: MapType, edits: &[Edit]) {
    for edit in edits {
        let done = match edit {
            Edit::Set(name, value) => hostcalls::set_map_value_bytes(map, name, Some(value)),
            Edit::Add(name, value) => hostcalls::add_map_value_bytes(map, name, value),
            Edit::Remove(name) => hostcalls::remove_map_value(map, name),
        };
        if let Err(status) = done {
            log::error!("the host refused to edit a header: {status:?}");
        }
    }
}

/// A property of the stream, such as `["source", "address"]`
/// (<https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes>). In any callback of a stream.
#[must_use]
pub fn property(path: &[&str]) -> Option<Vec<u8>> {
    hostcalls::get_property(path.to_vec()).ok().flatten()
}

/// The wall clock, since the Unix epoch. Read it once per request, and pass it on.
#[must_use]
pub fn now() -> Duration {
    hostcalls::get_current_time()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .unwrap_or_default()
}

/// The variables of `vm_config.environment_variables`. One that is not UTF-8 is left out.
#[must_use]
pub fn env() -> Env {
    let mut env = Env::new();
    for (name, value) in std::env::vars_os() {
        if let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) {
            env.insert(name, value);
        }
    }
    env
}
