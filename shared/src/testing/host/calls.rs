//! The calls that a module makes.

use super::{Call, LocalAnswer, Pairs, Script, ScriptedHost};
use crate::host::Map;
use crate::host::testing::{Buffer, GrpcRequest, Host, LocalResponse, Status, serialize};
use std::time::Duration;

/// The ABI's `NotFound`, `BadArgument` and `CasMismatch`.
const NOT_FOUND: Status = Status(1);
const BAD_ARGUMENT: Status = Status(2);
const CAS_MISMATCH: Status = Status(8);

impl Script {
    fn count(&mut self, name: &'static str) {
        let count = self.hostcalls.entry(name).or_default();
        *count = count.saturating_add(1);
    }

    /// Counts a call that may fail. Returns whether it fails.
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

    /// Records a call. Its token is its number among all host calls.
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

    fn call_foreign_function(&mut self, name: &str, argument: &[u8]) -> Option<Vec<u8>> {
        self.0.borrow_mut().count("call_foreign_function");
        self.0.borrow().foreign.as_ref()?(name, argument)
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
