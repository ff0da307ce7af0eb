//! Calls the host of a VM.

#![allow(
    unsafe_code,
    reason = "the ABI hands over pointers; each use states why it is sound"
)]

mod imports;

use super::{Buffer, GrpcRequest, LocalResponse, Map, Status};
use imports::{
    proxy_add_header_map_value, proxy_call_foreign_function, proxy_continue_stream,
    proxy_define_metric, proxy_get_buffer_bytes, proxy_get_current_time_nanoseconds,
    proxy_get_header_map_pairs, proxy_get_header_map_value, proxy_get_log_level,
    proxy_get_property, proxy_get_shared_data, proxy_increment_metric,
    proxy_remove_header_map_value, proxy_replace_header_map_value, proxy_send_local_response,
    proxy_set_effective_context, proxy_set_property, proxy_set_shared_data,
    proxy_set_tick_period_milliseconds,
};
use proxy_wasm::hostcalls;
use std::ptr::null_mut;
use std::time::Duration;

const REQUEST_STREAM: u32 = 0;
const COUNTER: u32 = 0;

/// Returns the bytes that the host has put into the VM's memory, if any.
fn given(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Option<Vec<u8>>, Status> {
    let (mut data, mut size) = (null_mut(), 0);
    let status = call(&raw mut data, &raw mut size);
    if status != 0 {
        return Err(Status(status));
    }
    if data.is_null() {
        return Ok(None);
    }
    // SAFETY: the host has allocated these bytes with the SDK's `proxy_on_memory_allocate`, which
    // gives away a boxed slice of `size` bytes, and has filled them all.
    Ok(Some(unsafe { Vec::from_raw_parts(data, size, size) }))
}

fn done(status: u32) -> Result<(), Status> {
    if status == 0 {
        Ok(())
    } else {
        Err(Status(status))
    }
}

pub(crate) fn map(map: Map) -> Option<Vec<u8>> {
    // SAFETY: the host writes only to the two pointers, which outlive the call.
    given(|data, size| unsafe { proxy_get_header_map_pairs(map as u32, data, size) })
        .ok()
        .flatten()
}

pub(crate) fn map_value(map: Map, name: &[u8]) -> Option<Vec<u8>> {
    // SAFETY: as in `map`; the name is a live slice that the host only reads.
    given(|data, size| unsafe {
        proxy_get_header_map_value(map as u32, name.as_ptr(), name.len(), data, size)
    })
    .ok()
    .map(Option::unwrap_or_default)
}

pub(crate) fn replace_map_value(map: Map, name: &[u8], value: &[u8]) -> Result<(), Status> {
    // SAFETY: live slices with their own lengths, which the host only reads.
    done(unsafe {
        proxy_replace_header_map_value(
            map as u32,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    })
}

pub(crate) fn add_map_value(map: Map, name: &[u8], value: &[u8]) -> Result<(), Status> {
    // SAFETY: live slices with their own lengths, which the host only reads.
    done(unsafe {
        proxy_add_header_map_value(
            map as u32,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    })
}

pub(crate) fn remove_map_value(map: Map, name: &[u8]) -> Result<(), Status> {
    // SAFETY: a live slice with its own length, which the host only reads.
    done(unsafe { proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

pub(crate) fn property(path: &[u8]) -> Option<Vec<u8>> {
    // SAFETY: as in `map_value`.
    given(|data, size| unsafe { proxy_get_property(path.as_ptr(), path.len(), data, size) })
        .ok()
        .map(Option::unwrap_or_default)
}

pub(crate) fn set_property(path: &[u8], value: &[u8]) -> Result<(), Status> {
    // SAFETY: live slices with their own lengths, which the host only reads.
    done(unsafe { proxy_set_property(path.as_ptr(), path.len(), value.as_ptr(), value.len()) })
}

pub(crate) fn log_level() -> Option<u32> {
    let mut level = 0;
    // SAFETY: the host writes only to the pointer, which outlives the call.
    done(unsafe { proxy_get_log_level(&raw mut level) }).ok()?;
    Some(level)
}

pub(crate) fn buffer(buffer: Buffer, max: usize) -> Option<Vec<u8>> {
    // SAFETY: as in `map`.
    given(|data, size| unsafe { proxy_get_buffer_bytes(buffer as u32, 0, max, data, size) })
        .ok()
        .flatten()
}

pub(crate) fn shared_data(key: &[u8]) -> Option<(Vec<u8>, u32)> {
    let mut cas = 0;
    // SAFETY: as in `map_value`; the version is written to a pointer that outlives the call.
    let value = given(|data, size| unsafe {
        proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &raw mut cas)
    })
    .ok()?;
    Some((value.unwrap_or_default(), cas))
}

pub(crate) fn set_shared_data(key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
    // SAFETY: live slices with their own lengths, which the host only reads.
    done(unsafe {
        proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas)
    })
}

pub(crate) fn now() -> Duration {
    let mut nanos = 0;
    // SAFETY: the host writes only to the pointer, which outlives the call.
    let _ = unsafe { proxy_get_current_time_nanoseconds(&raw mut nanos) };
    Duration::from_nanos(nanos)
}

pub(crate) fn define_counter(name: &str) -> Option<u32> {
    let mut id = 0;
    // SAFETY: a live slice with its own length, and a pointer that outlives the call.
    let status = unsafe { proxy_define_metric(COUNTER, name.as_ptr(), name.len(), &raw mut id) };
    done(status).ok().map(|()| id)
}

pub(crate) fn increment(id: u32, by: i64) -> Result<(), Status> {
    // SAFETY: numbers only.
    done(unsafe { proxy_increment_metric(id, by) })
}

pub(crate) fn set_tick(milliseconds: u32) -> Result<(), Status> {
    // SAFETY: numbers only.
    done(unsafe { proxy_set_tick_period_milliseconds(milliseconds) })
}

pub(crate) fn set_effective_context(context: u32) -> Result<(), Status> {
    // SAFETY: numbers only.
    done(unsafe { proxy_set_effective_context(context) })
}

pub(crate) fn resume_request() -> Result<(), Status> {
    // SAFETY: numbers only.
    done(unsafe { proxy_continue_stream(REQUEST_STREAM) })
}

pub(crate) fn send_local_response(reply: &LocalResponse<'_>) -> Result<(), Status> {
    // SAFETY: live slices with their own lengths, which the host only reads.
    done(unsafe {
        proxy_send_local_response(
            u32::from(reply.status),
            reply.details.as_ptr(),
            reply.details.len(),
            reply.body.as_ptr(),
            reply.body.len(),
            reply.headers.as_ptr(),
            reply.headers.len(),
            reply.grpc,
        )
    })
}

pub(crate) fn call_foreign_function(name: &str, argument: &[u8]) -> Option<Vec<u8>> {
    // SAFETY: as in `map_value`.
    given(|data, size| unsafe {
        proxy_call_foreign_function(
            name.as_ptr(),
            name.len(),
            argument.as_ptr(),
            argument.len(),
            data,
            size,
        )
    })
    .ok()
    .map(Option::unwrap_or_default)
}

pub(crate) fn http_call(cluster: &str, headers: &[(&str, &str)], timeout: Duration) -> Option<u32> {
    hostcalls::dispatch_http_call(cluster, headers.to_vec(), None, Vec::new(), timeout).ok()
}

pub(crate) fn grpc_call(call: &GrpcRequest<'_>) -> Option<u32> {
    hostcalls::dispatch_grpc_call(
        call.upstream,
        call.service,
        call.method,
        vec![],
        Some(call.message),
        call.timeout,
    )
    .ok()
}

pub(crate) fn env() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
