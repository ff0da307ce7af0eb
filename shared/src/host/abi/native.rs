//! The host that a test installs. Without one, nothing is present and every call fails.

use super::{Buffer, GrpcRequest, LocalResponse, Map, Status};
use std::cell::RefCell;
use std::time::Duration;

/// The functions of a host; see the ABI functions of the same names. By default, nothing is
/// present.
#[allow(
    missing_docs,
    reason = "each method is the ABI's function of that name"
)]
pub(crate) trait Host {
    fn map(&mut self, _: Map) -> Option<Vec<u8>> {
        None
    }
    fn map_value(&mut self, _: Map, _: &[u8]) -> Option<Vec<u8>> {
        None
    }
    fn replace_map_value(&mut self, _: Map, _: &[u8], _: &[u8]) -> Result<(), Status> {
        Err(UNAVAILABLE)
    }
    fn add_map_value(&mut self, _: Map, _: &[u8], _: &[u8]) -> Result<(), Status> {
        Err(UNAVAILABLE)
    }
    fn remove_map_value(&mut self, _: Map, _: &[u8]) -> Result<(), Status> {
        Err(UNAVAILABLE)
    }
    fn property(&mut self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }
    fn set_property(&mut self, _: &[u8], _: &[u8]) -> Result<(), Status> {
        Err(UNAVAILABLE)
    }
    fn log_level(&mut self) -> Option<u32> {
        None
    }
    fn log(&mut self, _: &str) {}
    fn buffer(&mut self, _: Buffer, _: usize) -> Option<Vec<u8>> {
        None
    }
    fn shared_data(&mut self, _: &[u8]) -> Option<(Vec<u8>, u32)> {
        None
    }
    fn set_shared_data(&mut self, _: &[u8], _: &[u8], _: u32) -> Result<(), Status> {
        Err(UNAVAILABLE)
    }
    fn now(&mut self) -> Duration {
        Duration::ZERO
    }
    fn define_counter(&mut self, _: &str) -> Option<u32> {
        None
    }
    fn increment(&mut self, _: u32, _: i64) -> Result<(), Status> {
        Err(UNAVAILABLE)
    }
    fn set_tick(&mut self, _: u32) -> Result<(), Status> {
        Err(UNAVAILABLE)
    }
    fn set_effective_context(&mut self, _: u32) -> Result<(), Status> {
        Err(UNAVAILABLE)
    }
    fn resume_request(&mut self) -> Result<(), Status> {
        Err(UNAVAILABLE)
    }
    fn send_local_response(&mut self, _: &LocalResponse<'_>) -> Result<(), Status> {
        Err(UNAVAILABLE)
    }
    fn call_foreign_function(&mut self, _: &str, _: &[u8]) -> Option<Vec<u8>> {
        None
    }
    fn http_call(&mut self, _: &str, _: &[(&str, &str)], _: Duration) -> Option<u32> {
        None
    }
    fn grpc_call(&mut self, _: &GrpcRequest<'_>) -> Option<u32> {
        None
    }
    fn env(&mut self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// The ABI's `Unimplemented`.
const UNAVAILABLE: Status = Status(12);

struct Nothing;

impl Host for Nothing {}

thread_local! {
    static HOST: RefCell<Option<Box<dyn Host>>> = const { RefCell::new(None) };
}

/// Makes `host` the host of this thread. Replaces the previous one.
pub(crate) fn install(host: Box<dyn Host>) {
    // Setting the logger a second time has no effect.
    let _ = log::set_logger(&HostLog);
    log::set_max_level(log::LevelFilter::Debug);
    HOST.set(Some(host));
}

fn with<T>(act: impl FnOnce(&mut dyn Host) -> T) -> T {
    HOST.with_borrow_mut(|host| match host {
        Some(host) => act(host.as_mut()),
        None => act(&mut Nothing),
    })
}

pub(crate) fn map(map: Map) -> Option<Vec<u8>> {
    with(|host| host.map(map))
}

pub(crate) fn map_value(map: Map, name: &[u8]) -> Option<Vec<u8>> {
    with(|host| host.map_value(map, name))
}

pub(crate) fn replace_map_value(map: Map, name: &[u8], value: &[u8]) -> Result<(), Status> {
    with(|host| host.replace_map_value(map, name, value))
}

pub(crate) fn add_map_value(map: Map, name: &[u8], value: &[u8]) -> Result<(), Status> {
    with(|host| host.add_map_value(map, name, value))
}

pub(crate) fn remove_map_value(map: Map, name: &[u8]) -> Result<(), Status> {
    with(|host| host.remove_map_value(map, name))
}

pub(crate) fn property(path: &[u8]) -> Option<Vec<u8>> {
    with(|host| host.property(path))
}

pub(crate) fn set_property(path: &[u8], value: &[u8]) -> Result<(), Status> {
    with(|host| host.set_property(path, value))
}

pub(crate) fn log_level() -> Option<u32> {
    with(|host| host.log_level())
}

/// Logs to the thread's host. In a VM the SDK's logger does this.
struct HostLog;

impl log::Log for HostLog {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        with(|host| host.log(&record.args().to_string()));
    }

    fn flush(&self) {}
}

pub(crate) fn buffer(buffer: Buffer, max: usize) -> Option<Vec<u8>> {
    with(|host| host.buffer(buffer, max))
}

pub(crate) fn shared_data(key: &[u8]) -> Option<(Vec<u8>, u32)> {
    with(|host| host.shared_data(key))
}

pub(crate) fn set_shared_data(key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
    with(|host| host.set_shared_data(key, value, cas))
}

pub(crate) fn now() -> Duration {
    with(|host| host.now())
}

pub(crate) fn define_counter(name: &str) -> Option<u32> {
    with(|host| host.define_counter(name))
}

pub(crate) fn increment(id: u32, by: i64) -> Result<(), Status> {
    with(|host| host.increment(id, by))
}

pub(crate) fn set_tick(milliseconds: u32) -> Result<(), Status> {
    with(|host| host.set_tick(milliseconds))
}

pub(crate) fn set_effective_context(context: u32) -> Result<(), Status> {
    with(|host| host.set_effective_context(context))
}

pub(crate) fn resume_request() -> Result<(), Status> {
    with(|host| host.resume_request())
}

pub(crate) fn send_local_response(reply: &LocalResponse<'_>) -> Result<(), Status> {
    with(|host| host.send_local_response(reply))
}

pub(crate) fn call_foreign_function(name: &str, argument: &[u8]) -> Option<Vec<u8>> {
    with(|host| host.call_foreign_function(name, argument))
}

pub(crate) fn http_call(cluster: &str, headers: &[(&str, &str)], timeout: Duration) -> Option<u32> {
    with(|host| host.http_call(cluster, headers, timeout))
}

pub(crate) fn grpc_call(call: &GrpcRequest<'_>) -> Option<u32> {
    with(|host| host.grpc_call(call))
}

pub(crate) fn env() -> impl Iterator<Item = (String, String)> {
    with(|host| host.env()).into_iter()
}
