//! A scripted host. It behaves like Envoy for the calls that the kit makes.

mod calls;

use crate::host::testing::{Buffer, install};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

/// Headers as pairs.
type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// A scripted host, shared between the test that controls and inspects it and the filter that calls
/// it on the same thread.
#[derive(Clone, Default)]
pub struct ScriptedHost(Rc<RefCell<Script>>);

/// A local reply as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The response-code details.
    pub details: String,
    /// The headers.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
    /// The gRPC status.
    pub grpc: i32,
}

/// A call to another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The token by which its answer is identified.
    pub token: u32,
    /// The cluster of an HTTP call, or the upstream message of a gRPC call.
    pub upstream: String,
    /// The path of an HTTP call, or `/service/method` of a gRPC call.
    pub path: String,
    /// The request message of a gRPC call.
    pub message: Vec<u8>,
    /// The timeout.
    pub timeout: Duration,
}

/// The foreign functions of a host: the answer to a call by name and argument, or `None` if there is
/// no such function.
type ForeignFunctions = Box<dyn Fn(&str, &[u8]) -> Option<Vec<u8>>>;

#[derive(Default)]
struct Script {
    /// Each map is `None` outside of the phase in which Envoy provides it.
    request: Option<Pairs>,
    trailers: Option<Pairs>,
    response: Option<Pairs>,
    http_answer: Option<Pairs>,
    buffers: BTreeMap<u32, Vec<u8>>,
    properties: BTreeMap<Vec<u8>, Vec<u8>>,
    shared: BTreeMap<Vec<u8>, (Vec<u8>, u32)>,
    env: Vec<(String, String)>,
    now: Duration,
    counters: Vec<(String, i64)>,
    tick: u32,
    local: Option<LocalAnswer>,
    is_resumed: bool,
    calls: Vec<Call>,
    hostcalls: BTreeMap<&'static str, u64>,
    log: Vec<String>,
    log_level: Option<u32>,
    filter_state: BTreeMap<String, String>,
    faults: VecDeque<bool>,
    foreign: Option<ForeignFunctions>,
}

impl ScriptedHost {
    /// Creates a host with a fixed time and installs it for this thread.
    #[must_use]
    pub fn install() -> Self {
        let host = Self::default();
        host.0.borrow_mut().now = Duration::from_secs(1_700_000_000);
        install(Box::new(host.clone()));
        host
    }

    /// Sets the clock.
    pub fn set_now(&self, now: Duration) {
        self.0.borrow_mut().now = now;
    }

    /// Returns the time of the clock.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.0.borrow().now
    }

    /// Returns the log lines so far.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.0.borrow().log.clone()
    }

    /// Sets the log level of the host. The default is info.
    pub fn set_log_level(&self, level: log::Level) {
        let number = match level {
            log::Level::Error => 4,
            log::Level::Warn => 3,
            log::Level::Info => 2,
            log::Level::Debug => 1,
            log::Level::Trace => 0,
        };
        self.0.borrow_mut().log_level = Some(number);
    }

    /// Returns what filters wrote to filter state under this name, without `wasm.`.
    #[must_use]
    pub fn filter_state(&self, name: &str) -> Option<String> {
        self.0.borrow().filter_state.get(name).cloned()
    }

    /// Sets a property. The path is joined by NUL.
    pub fn set_property(&self, path: &str, value: &[u8]) {
        let mut script = self.0.borrow_mut();
        script.properties.insert(path.into(), value.to_vec());
    }

    /// Sets an environment variable.
    pub fn set_env(&self, name: &str, value: &str) {
        let mut script = self.0.borrow_mut();
        script.env.push((name.to_owned(), value.to_owned()));
    }

    /// Sets which of the next calls fail, in order. Only calls that a real host may be unable to
    /// carry out can fail: properties, shared data, filter state, and calls to servers, but not
    /// header maps.
    pub fn set_faults(&self, faults: &[bool]) {
        self.0.borrow_mut().faults = faults.iter().copied().collect();
    }

    /// Sets the foreign functions of the host. By default it has none.
    pub fn set_foreign_functions(
        &self,
        foreign: impl Fn(&str, &[u8]) -> Option<Vec<u8>> + 'static,
    ) {
        self.0.borrow_mut().foreign = Some(Box::new(foreign));
    }

    /// Returns the value of a counter; `None` if it was not defined.
    #[must_use]
    pub fn counter(&self, name: &str) -> Option<i64> {
        let script = self.0.borrow();
        let mut counters = script.counters.iter();
        counters.find(|(n, _)| n == name).map(|(_, value)| *value)
    }

    /// Returns how often each host function was called.
    #[must_use]
    pub fn hostcalls(&self) -> BTreeMap<&'static str, u64> {
        self.0.borrow().hostcalls.clone()
    }

    /// Returns the calls to servers made since the last call of this function.
    #[must_use]
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.0.borrow_mut().calls)
    }

    /// Returns the period of ticks; `None` if the timer is off.
    #[must_use]
    pub fn tick(&self) -> Option<Duration> {
        let milliseconds = self.0.borrow().tick;
        (milliseconds > 0).then(|| Duration::from_millis(milliseconds.into()))
    }

    pub(super) fn set_configuration(&self, configuration: &[u8]) {
        self.set_buffer(Buffer::Configuration, configuration);
    }

    pub(super) fn set_grpc_answer(&self, message: &[u8]) {
        self.set_buffer(Buffer::GrpcAnswer, message);
    }

    pub(crate) fn set_http_answer(&self, status: u16, body: &[u8]) {
        self.set_buffer(Buffer::HttpAnswer, body);
        let status = (b":status".to_vec(), status.to_string().into_bytes());
        self.0.borrow_mut().http_answer = Some(vec![status]);
    }

    pub(super) fn end_http_answer(&self) {
        self.0.borrow_mut().http_answer = None;
    }

    fn set_buffer(&self, buffer: Buffer, bytes: &[u8]) {
        let mut script = self.0.borrow_mut();
        script.buffers.insert(buffer as u32, bytes.to_vec());
    }

    pub(crate) fn begin_request(&self, headers: Pairs) {
        let mut script = self.0.borrow_mut();
        script.request = Some(as_received(headers));
        script.local = None;
        script.is_resumed = false;
    }

    /// Takes the request headers away, because Envoy does not provide them once the request
    /// continues.
    pub(super) fn end_request(&self) -> Pairs {
        self.0.borrow_mut().request.take().unwrap_or_default()
    }

    pub(super) fn begin_trailers(&self, trailers: Pairs) {
        self.0.borrow_mut().trailers = Some(trailers);
    }

    pub(super) fn end_trailers(&self) -> Pairs {
        self.0.borrow_mut().trailers.take().unwrap_or_default()
    }

    pub(crate) fn begin_response(&self, headers: Pairs) {
        self.0.borrow_mut().response = Some(headers);
    }

    pub(crate) fn end_response(&self) -> Pairs {
        self.0.borrow_mut().response.take().unwrap_or_default()
    }

    pub(super) fn take_local(&self) -> Option<LocalAnswer> {
        self.0.borrow_mut().local.take()
    }

    pub(super) fn is_resumed(&self) -> bool {
        self.0.borrow().is_resumed
    }
}

/// The request headers that Envoy's CORS filter registers as inline headers. Envoy joins repeated
/// fields of such a header when it receives them.
const INLINE: [&[u8]; 3] = [
    b"origin",
    b"access-control-request-headers",
    b"access-control-request-method",
];

/// Joins the headers that Envoy joins (`HeaderMapImpl::appendToHeader`): empty values add nothing.
fn as_received(headers: Pairs) -> Pairs {
    let mut received: Pairs = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let before = received.iter_mut().find(|(other, _)| *other == name);
        match before.filter(|_| INLINE.contains(&name.as_slice())) {
            Some((_, before)) if before.is_empty() => *before = value,
            Some((_, before)) if !value.is_empty() => {
                before.push(b',');
                before.extend_from_slice(&value);
            }
            Some(_) => {}
            None => received.push((name, value)),
        }
    }
    received
}
