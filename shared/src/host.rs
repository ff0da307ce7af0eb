//! The host: the only module of the kit that names `proxy_wasm`.
//!
//! A call in the wrong phase, or one of the SDK's text variants on a client's bytes, would panic
//! and kill the VM. The functions here are safe in the phase that their documentation names, use
//! bytes for arguments and results, and treat a failing host as "not present".

pub(crate) mod abi;
#[cfg(any(test, target_arch = "wasm32"))]
mod allocator;
#[cfg(target_arch = "wasm32")]
mod callbacks;
mod context;
mod counters;
mod grpc_call;
mod http_call;
mod level;
mod local_reply;
mod map;
mod shared_data;
mod signature;

use crate::config::{self, Env, FilterConfig};
use abi::Buffer;
use std::time::Duration;

pub use abi::Map;
#[cfg(target_arch = "wasm32")]
pub use callbacks::start;
pub(crate) use context::{act_for, resume_request, tick_every};
pub use counters::{Counter, Counters};
pub use grpc_call::{CLUSTER_MAX_BYTES, GrpcCall};
pub(crate) use grpc_call::{grpc_answer, grpc_call};
pub(crate) use http_call::http_answer;
pub use http_call::{CallFailure, CallId, HttpAnswer, HttpGet, http_get};
pub(crate) use level::{adopt_log_level, is_logged, tells_decisions};
pub(crate) use local_reply::send;
pub(crate) use map::{carry_out, map, write};
pub use shared_data::{SharedData, random_seed};
pub use signature::verify_signature;

#[cfg(any(test, feature = "testing"))]
pub(crate) mod testing {
    //! What a scripted host needs from the ABI.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) use super::abi::{Buffer, GrpcRequest, Host, LocalResponse, Status, install};
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) use super::map::serialize;
}

/// Returns the first value of a header; an empty value if the host returns none. Call it only in
/// the callback for the headers of that map or, for the request, while it is paused. The header may
/// have further values.
pub(crate) fn map_value(map: Map, name: &str) -> Option<Vec<u8>> {
    abi::map_value(map, name.as_bytes())
}

/// Returns a property of the stream. The path is joined by NUL: `source\0address`
/// (<https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes>). Call it
/// in any callback of a stream.
#[must_use]
pub fn property(path: &[u8]) -> Option<Vec<u8>> {
    abi::property(path)
}

/// Writes a value to filter state under `wasm.` and this name:
/// `%FILTER_STATE(wasm.jwt_auth.reason:PLAIN)%`. Call it in any callback of a stream.
pub(crate) fn set_filter_state(name: &str, value: &[u8]) {
    if let Err(status) = abi::set_property(name.as_bytes(), value) {
        log::debug!("the host refused the filter state {name}: {status:?}");
    }
}

/// Returns the wall-clock time since the Unix epoch.
#[must_use]
pub fn now() -> Duration {
    abi::now()
}

/// Returns the variables of `vm_config.environment_variables`. A variable that is not UTF-8 is
/// ignored.
#[must_use]
pub fn env() -> Env {
    abi::env().collect()
}

/// Loads the configuration that the host passes; logs the error and returns `None` if it is not
/// valid. Call it only in `on_configure`.
pub(crate) fn configuration<C: FilterConfig>() -> Option<C> {
    let bytes = abi::buffer(Buffer::Configuration, usize::MAX).unwrap_or_default();
    match config::load_with_warnings(&bytes, &env()) {
        Ok((config, warnings)) => {
            for warning in warnings {
                log::warn!("{warning}");
            }
            Some(config)
        }
        Err(error) => {
            log::error!("{error}");
            None
        }
    }
}
