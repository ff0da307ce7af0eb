//! A host by script: it behaves as Envoy does towards a module, as far as the kit calls it.

use crate::host::Map;
use crate::host::testing::{Buffer, GrpcRequest, Host, LocalResponse, Status, install, serialize};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

/// The ABI's `NotFound`, `BadArgument` and `CasMismatch`.
const NOT_FOUND: Status = Status(1);
const BAD_ARGUMENT: Status = Status(2);
const CAS_MISMATCH: Status = Status(8);

/// Headers as pairs.
type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// A host, shared between a test that sets it up and looks at it, and the thread's filter that
/// calls it.
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

/// A call to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The token that its answer bears.
    pub token: u32,
    /// The cluster of an HTTP call; the upstream message of a gRPC call.
    pub upstream: String,
    /// The path of an HTTP call; of a gRPC call, `/service/method`.
    pub path: String,
    /// The message of a gRPC call.
    pub message: Vec<u8>,
    /// The time-out.
    pub timeout: Duration,
}

#[derive(Default)]
struct Script {
    /// `None` outside the phase in which Envoy gives them.
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
    signatures: Option<bool>,
    log: Vec<String>,
    log_level: Option<u32>,
    filter_state: BTreeMap<String, String>,
    faults: VecDeque<bool>,
}

impl ScriptedHost {
    /// A host at some time, which becomes this thread's.
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

    /// The clock.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.0.borrow().now
    }

    /// The lines of the log so far.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.0.borrow().log.clone()
    }

    /// Sets which lines the host keeps; info without.
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

    /// What filters left in filter state, by its name without `wasm.`.
    #[must_use]
    pub fn filter_state(&self, name: &str) -> Option<String> {
        self.0.borrow().filter_state.get(name).cloned()
    }

    /// Sets a property, its path joined by NUL.
    pub fn set_property(&self, path: &str, value: &[u8]) {
        let mut script = self.0.borrow_mut();
        script.properties.insert(path.into(), value.to_vec());
    }

    /// Sets a variable of the environment.
    pub fn set_env(&self, name: &str, value: &str) {
        let mut script = self.0.borrow_mut();
        script.env.push((name.to_owned(), value.to_owned()));
    }

    /// What `verify_signature` answers; without, the host has no such function.
    pub fn set_signatures(&self, good: bool) {
        self.0.borrow_mut().signatures = Some(good);
    }

    /// Which of the next calls fail, in their order: of those that a host may not be able to carry
    /// out. Properties, shared data, filter state, and calls to servers are such; header maps are
    /// not.
    pub fn set_faults(&self, faults: &[bool]) {
        self.0.borrow_mut().faults = faults.iter().copied().collect();
    }

    /// The value of a counter; `None` where it was not defined.
    #[must_use]
    pub fn counter(&self, name: &str) -> Option<i64> {
        let script = self.0.borrow();
        let mut counters = script.counters.iter();
        counters.find(|(n, _)| n == name).map(|(_, value)| *value)
    }

    /// How often each function of the host was called.
    #[must_use]
    pub fn hostcalls(&self) -> BTreeMap<&'static str, u64> {
        self.0.borrow().hostcalls.clone()
    }

    /// The calls to servers that were made since this was asked last.
    #[must_use]
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.0.borrow_mut().calls)
    }

    /// The period of ticks.
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

    pub(super) fn set_http_answer(&self, status: u16, body: &[u8]) {
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

    pub(super) fn begin_request(&self, headers: Pairs) {
        let mut script = self.0.borrow_mut();
        script.request = Some(headers);
        script.local = None;
        script.is_resumed = false;
    }

    /// Envoy gives the request's headers no more once it goes on.
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

impl Script {
    fn count(&mut self, name: &'static str) {
        let count = self.hostcalls.entry(name).or_default();
        *count = count.saturating_add(1);
    }

    /// Counts a call that may fail, and tells whether it does.
    fn fails(&mut self, name: &'static str) -> bool {
        self.count(name);
        self.faults.pop_front().unwrap_or(false)
    }

    fn pairs(&mut self, map: Map) -> Option<&mut Pairs> {
        match map {
            Map::Request => self.request.as_mut(),
            Map::RequestTrailers => self.trailers.as_mut(),
            Map::Response => self.response.as_mut(),
            Map::HttpAnswer => self.http_answer.as_mut(),
        }
    }

    /// Notes a call, whose token is its number among all calls of the host.
    fn token(&mut self, call: Call) -> u32 {
        let token = u32::try_from(self.hostcalls.values().sum::<u64>()).unwrap_or(u32::MAX);
        self.calls.push(Call { token, ..call });
        token
    }
}

impl Host for ScriptedHost {
    fn map(&mut self, map: Map) -> Option<Vec<u8>> {
        let mut script = self.0.borrow_mut();
        script.count("get_header_map_pairs");
        let pairs = script.pairs(map)?;
        let pairs = pairs.iter().map(|(n, v)| (n.as_slice(), v.as_slice()));
        Some(serialize(pairs))
    }

    fn map_value(&mut self, map: Map, name: &[u8]) -> Option<Vec<u8>> {
        let mut script = self.0.borrow_mut();
        script.count("get_header_map_value");
        let pairs = script.pairs(map)?;
        let found = pairs.iter().find(|(n, _)| n == name)?;
        Some(found.1.clone())
    }

    fn replace_map_value(&mut self, map: Map, name: &[u8], value: &[u8]) -> Result<(), Status> {
        let mut script = self.0.borrow_mut();
        script.count("replace_header_map_value");
        let pairs = script.pairs(map).ok_or(BAD_ARGUMENT)?;
        pairs.retain(|(n, _)| n != name);
        pairs.push((name.to_vec(), value.to_vec()));
        Ok(())
    }

    fn add_map_value(&mut self, map: Map, name: &[u8], value: &[u8]) -> Result<(), Status> {
        let mut script = self.0.borrow_mut();
        script.count("add_header_map_value");
        let pairs = script.pairs(map).ok_or(BAD_ARGUMENT)?;
        pairs.push((name.to_vec(), value.to_vec()));
        Ok(())
    }

    fn remove_map_value(&mut self, map: Map, name: &[u8]) -> Result<(), Status> {
        let mut script = self.0.borrow_mut();
        script.count("remove_header_map_value");
        let pairs = script.pairs(map).ok_or(BAD_ARGUMENT)?;
        pairs.retain(|(n, _)| n != name);
        Ok(())
    }

    fn property(&mut self, path: &[u8]) -> Option<Vec<u8>> {
        let mut script = self.0.borrow_mut();
        if script.fails("get_property") {
            return None;
        }
        script.properties.get(path).cloned()
    }

    fn set_property(&mut self, path: &[u8], value: &[u8]) -> Result<(), Status> {
        let mut script = self.0.borrow_mut();
        if script.fails("set_property") {
            return Err(BAD_ARGUMENT);
        }
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        script.filter_state.insert(text(path), text(value));
        Ok(())
    }

    fn log_level(&mut self) -> Option<u32> {
        self.0.borrow().log_level
    }

    fn log(&mut self, line: &str) {
        self.0.borrow_mut().log.push(line.to_owned());
    }

    fn buffer(&mut self, buffer: Buffer, max: usize) -> Option<Vec<u8>> {
        let mut script = self.0.borrow_mut();
        script.count("get_buffer_bytes");
        let bytes = script.buffers.get(&(buffer as u32))?;
        Some(bytes.iter().copied().take(max).collect())
    }

    fn shared_data(&mut self, key: &[u8]) -> Option<(Vec<u8>, u32)> {
        let mut script = self.0.borrow_mut();
        if script.fails("get_shared_data") {
            return None;
        }
        script.shared.get(key).cloned()
    }

    fn set_shared_data(&mut self, key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
        let mut script = self.0.borrow_mut();
        if script.fails("set_shared_data") {
            return Err(CAS_MISMATCH);
        }
        let version = script.shared.get(key).map(|(_, version)| *version);
        if version.is_some_and(|version| cas != 0 && cas != version) {
            return Err(CAS_MISMATCH);
        }
        let next = version.unwrap_or_default().wrapping_add(1);
        script.shared.insert(key.to_vec(), (value.to_vec(), next));
        Ok(())
    }

    fn now(&mut self) -> Duration {
        let mut script = self.0.borrow_mut();
        script.count("get_current_time_nanoseconds");
        script.now
    }

    fn define_counter(&mut self, name: &str) -> Option<u32> {
        let mut script = self.0.borrow_mut();
        let id = u32::try_from(script.counters.len()).ok()?;
        script.counters.push((name.to_owned(), 0));
        Some(id)
    }

    fn increment(&mut self, id: u32, by: i64) -> Result<(), Status> {
        let mut script = self.0.borrow_mut();
        script.count("increment_metric");
        let at = usize::try_from(id).map_err(|_| NOT_FOUND)?;
        let (_, value) = script.counters.get_mut(at).ok_or(NOT_FOUND)?;
        *value = value.saturating_add(by);
        Ok(())
    }

    fn set_tick(&mut self, milliseconds: u32) -> Result<(), Status> {
        self.0.borrow_mut().tick = milliseconds;
        Ok(())
    }

    fn set_effective_context(&mut self, _: u32) -> Result<(), Status> {
        self.0.borrow_mut().count("set_effective_context");
        Ok(())
    }

    fn resume_request(&mut self) -> Result<(), Status> {
        let mut script = self.0.borrow_mut();
        script.count("continue_stream");
        script.is_resumed = true;
        Ok(())
    }

    fn send_local_response(&mut self, reply: &LocalResponse<'_>) -> Result<(), Status> {
        let mut script = self.0.borrow_mut();
        script.count("send_local_response");
        let headers = crate::headers::Headers::from_host(reply.headers.to_vec());
        script.local = Some(LocalAnswer {
            status: reply.status,
            details: reply.details.to_owned(),
            headers: headers
                .iter()
                .map(|(name, value)| (name.to_vec(), value.to_vec()))
                .collect(),
            body: reply.body.to_vec(),
            grpc: reply.grpc,
        });
        Ok(())
    }

    fn call_foreign_function(&mut self, name: &str, _: &[u8]) -> Option<Vec<u8>> {
        let mut script = self.0.borrow_mut();
        script.count("call_foreign_function");
        let good = script.signatures.filter(|_| name == "verify_signature")?;
        // `VerifySignatureResult.result`.
        Some(if good { vec![0x08, 1] } else { Vec::new() })
    }

    fn http_call(
        &mut self,
        cluster: &str,
        headers: &[(&str, &str)],
        timeout: Duration,
    ) -> Option<u32> {
        let mut script = self.0.borrow_mut();
        if script.fails("http_call") {
            return None;
        }
        let (_, path) = headers.iter().find(|(name, _)| *name == ":path")?;
        Some(script.token(Call {
            token: 0,
            upstream: cluster.to_owned(),
            path: (*path).to_owned(),
            message: Vec::new(),
            timeout,
        }))
    }

    fn grpc_call(&mut self, call: &GrpcRequest<'_>) -> Option<u32> {
        let mut script = self.0.borrow_mut();
        if script.fails("grpc_call") {
            return None;
        }
        Some(script.token(Call {
            token: 0,
            upstream: call.upstream.to_owned(),
            path: format!("/{}/{}", call.service, call.method),
            message: call.message.to_vec(),
            timeout: call.timeout,
        }))
    }

    fn env(&mut self) -> Vec<(String, String)> {
        self.0.borrow().env.clone()
    }
}
