//! A host by script, for a module in a metered interpreter: one worker, one stream at a time.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use wasmi::{
    Caller, CompilationMode, Config, Engine, Linker, Memory, Module, Store, TypedFunc, Val,
};

/// Headers as pairs.
pub(crate) type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// The time that the host tells, in seconds since the Unix epoch.
pub(crate) const NOW: u64 = 1_700_000_000;

const OK: i32 = 0;
const NOT_FOUND: i32 = 1;
const CAS_MISMATCH: i32 = 8;
/// More than any run needs.
const FUEL: u64 = u64::MAX / 2;

/// What the module sees and leaves.
#[derive(Default)]
struct Script {
    memory: Option<Memory>,
    allocate: Option<TypedFunc<i32, i32>>,
    request: Pairs,
    response: Pairs,
    configuration: Vec<u8>,
    properties: BTreeMap<Vec<u8>, Vec<u8>>,
    shared: BTreeMap<Vec<u8>, (Vec<u8>, u32)>,
    metrics: i32,
    calls: BTreeMap<&'static str, u32>,
    local_reply: Option<i32>,
    log: Vec<String>,
    /// The functions that are running, by number, with the fuel that they and those that they
    /// called have used.
    running: Vec<(i32, u64, u64)>,
    /// What each function used itself.
    used: BTreeMap<i32, u64>,
}

/// A module that has loaded its configuration.
pub struct Instance {
    store: Store<Script>,
    instance: wasmi::Instance,
    next: i32,
}

/// What one request costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Instructions by the interpreter's price list: one for most, more for those that copy memory.
    pub instructions: u64,
    /// Calls of the host by name, without `proxy_`.
    pub calls: BTreeMap<&'static str, u32>,
    /// The status of the filter's own reply, if it gave one.
    pub reply: Option<i32>,
    /// The request's headers as they went on.
    pub request: Pairs,
    /// The response's headers as they went on.
    pub response: Pairs,
}

/// A request and its response.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// Headers of the request, pseudo-headers first.
    pub request: Pairs,
    /// Headers of the response.
    pub response: Pairs,
    /// Properties, their paths joined by NUL.
    pub properties: Vec<(&'static str, &'static str)>,
}

impl Instance {
    /// What each function of an instrumented module used itself for the last request, by its
    /// number.
    #[must_use]
    pub fn used(&self) -> &BTreeMap<i32, u64> {
        &self.store.data().used
    }

    /// Loads a module with a configuration.
    ///
    /// # Errors
    /// Where it does not load, or refuses the configuration.
    pub fn start(wasm: &[u8], configuration: &str) -> Result<Self> {
        let mut config = Config::default();
        config.consume_fuel(true);
        // Otherwise the first call of a function would pay for its translation.
        config.compilation_mode(CompilationMode::Eager);
        let engine = Engine::new(&config);
        let module = Module::new(&engine, wasm)?;
        let mut store = Store::new(&engine, Script::default());
        store.set_fuel(FUEL)?;
        let linker = link(&engine, &module)?;
        let instance = linker.instantiate_and_start(&mut store, &module)?;
        let memory = instance.get_memory(&store, "memory").context("no memory")?;
        let allocate = instance.get_typed_func(&store, "proxy_on_memory_allocate")?;
        let script = store.data_mut();
        script.memory = Some(memory);
        script.allocate = Some(allocate);
        script.configuration = configuration.into();
        let mut loaded = Self {
            store,
            instance,
            next: 2,
        };
        loaded.call("_initialize", &[])?;
        loaded.call("proxy_on_context_create", &[1, 0])?;
        let size = i32::try_from(configuration.len())?;
        let valid = loaded.call("proxy_on_configure", &[1, size])?;
        if valid != Some(1) {
            let log = loaded.store.data().log.join("\n");
            return Err(anyhow!("the configuration is refused: {log}"));
        }
        Ok(loaded)
    }

    /// Sends one request through the module, and its response.
    ///
    /// # Errors
    /// Where the module traps.
    pub fn exchange(&mut self, exchange: &Exchange) -> Result<Cost> {
        let context = self.next;
        self.next += 1;
        let script = self.store.data_mut();
        script.request.clone_from(&exchange.request);
        script.response.clone_from(&exchange.response);
        script.properties = exchange
            .properties
            .iter()
            .map(|(path, value)| (path.as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect();
        script.calls.clear();
        script.used.clear();
        script.local_reply = None;
        self.store.set_fuel(FUEL)?;
        self.call("proxy_on_context_create", &[context, 1])?;
        let headers = i32::try_from(exchange.request.len())?;
        self.call("proxy_on_request_headers", &[context, headers, 1])?;
        if self.store.data().local_reply.is_none() {
            let headers = i32::try_from(exchange.response.len())?;
            self.call("proxy_on_response_headers", &[context, headers, 1])?;
        }
        self.call("proxy_on_delete", &[context])?;
        let left = self.store.get_fuel()?;
        let script = self.store.data_mut();
        Ok(Cost {
            instructions: FUEL - left,
            calls: std::mem::take(&mut script.calls),
            reply: script.local_reply,
            request: std::mem::take(&mut script.request),
            response: std::mem::take(&mut script.response),
        })
    }

    /// Calls an export, if the module has it.
    fn call(&mut self, name: &str, arguments: &[i32]) -> Result<Option<i32>> {
        let Some(function) = self.instance.get_func(&self.store, name) else {
            return Ok(None);
        };
        let arguments: Vec<Val> = arguments.iter().map(|n| Val::I32(*n)).collect();
        let results = function.ty(&self.store).results().len();
        let mut result = vec![Val::I32(0); results];
        function
            .call(&mut self.store, &arguments, &mut result)
            .with_context(|| format!("{name}: {:?}", self.store.data().log))?;
        Ok(result.first().and_then(Val::i32))
    }
}

type Host<'a> = Caller<'a, Script>;

fn count(host: &mut Host<'_>, name: &'static str) {
    *host.data_mut().calls.entry(name).or_default() += 1;
}

fn read(host: &Host<'_>, start: i32, size: i32) -> Vec<u8> {
    let memory = host.data().memory.expect("a memory");
    let start = start.cast_unsigned() as usize;
    memory.data(host)[start..start + size.cast_unsigned() as usize].to_vec()
}

fn write(host: &mut Host<'_>, at: i32, bytes: &[u8]) {
    let memory = host.data().memory.expect("a memory");
    memory
        .write(host, at.cast_unsigned() as usize, bytes)
        .expect("in bounds");
}

fn write_number(host: &mut Host<'_>, at: i32, number: u32) {
    write(host, at, &number.to_le_bytes());
}

/// Puts bytes into memory that the module allocates, and tells where.
fn give(host: &mut Host<'_>, bytes: &[u8], data: i32, size: i32) -> i32 {
    if bytes.is_empty() {
        write_number(host, data, 0);
        write_number(host, size, 0);
        return OK;
    }
    let allocate = host.data().allocate.expect("an allocator");
    let length = u32::try_from(bytes.len()).expect("a size");
    let at = allocate
        .call(&mut *host, length.cast_signed())
        .expect("memory");
    write(host, at, bytes);
    write_number(host, data, at.cast_unsigned());
    write_number(host, size, length);
    OK
}

fn pairs<'h>(host: &'h mut Host<'_>, map: i32) -> &'h mut Pairs {
    match map {
        0 => &mut host.data_mut().request,
        _ => &mut host.data_mut().response,
    }
}

fn serialize(pairs: &Pairs) -> Vec<u8> {
    let number = |n: usize| u32::try_from(n).expect("a size").to_le_bytes();
    let mut bytes = number(pairs.len()).to_vec();
    for (name, value) in pairs {
        bytes.extend(number(name.len()));
        bytes.extend(number(value.len()));
    }
    for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend(text);
        bytes.push(0);
    }
    bytes
}

/// The functions of the host. What no case calls answers with an error.
fn link(engine: &Engine, module: &Module) -> Result<Linker<Script>> {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap(
            "env",
            "proxy_log",
            |mut host: Host<'_>, _: i32, at: i32, size: i32| {
                let text = String::from_utf8_lossy(&read(&host, at, size)).into_owned();
                host.data_mut().log.push(text);
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_get_log_level",
            |mut host: Host<'_>, at: i32| {
                write_number(&mut host, at, 2);
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_get_header_map_pairs",
            |mut host: Host<'_>, map: i32, data: i32, size: i32| {
                count(&mut host, "get_header_map_pairs");
                let bytes = serialize(pairs(&mut host, map));
                give(&mut host, &bytes, data, size)
            },
        )?
        .func_wrap(
            "env",
            "proxy_get_header_map_value",
            |mut host: Host<'_>, map: i32, at: i32, len: i32, data: i32, size: i32| {
                count(&mut host, "get_header_map_value");
                let name = read(&host, at, len);
                let found = pairs(&mut host, map).iter().find(|(n, _)| *n == name);
                match found.map(|(_, value)| value.clone()) {
                    Some(value) => give(&mut host, &value, data, size),
                    None => NOT_FOUND,
                }
            },
        )?
        .func_wrap(
            "env",
            "proxy_replace_header_map_value",
            |mut host: Host<'_>, map: i32, at: i32, len: i32, value: i32, size: i32| {
                count(&mut host, "replace_header_map_value");
                let (name, value) = (read(&host, at, len), read(&host, value, size));
                let pairs = pairs(&mut host, map);
                pairs.retain(|(n, _)| *n != name);
                pairs.push((name, value));
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_add_header_map_value",
            |mut host: Host<'_>, map: i32, at: i32, len: i32, value: i32, size: i32| {
                count(&mut host, "add_header_map_value");
                let (name, value) = (read(&host, at, len), read(&host, value, size));
                pairs(&mut host, map).push((name, value));
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_remove_header_map_value",
            |mut host: Host<'_>, map: i32, at: i32, len: i32| {
                count(&mut host, "remove_header_map_value");
                let name = read(&host, at, len);
                pairs(&mut host, map).retain(|(n, _)| *n != name);
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_get_property",
            |mut host: Host<'_>, at: i32, len: i32, data: i32, size: i32| {
                count(&mut host, "get_property");
                let path = read(&host, at, len);
                match host.data().properties.get(&path).cloned() {
                    Some(value) => give(&mut host, &value, data, size),
                    None => NOT_FOUND,
                }
            },
        )?
        .func_wrap(
            "env",
            "proxy_set_property",
            |mut host: Host<'_>, _: i32, _: i32, _: i32, _: i32| {
                count(&mut host, "set_property");
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_get_buffer_bytes",
            |mut host: Host<'_>, _: i32, _: i32, _: i32, data: i32, size: i32| {
                let bytes = host.data().configuration.clone();
                give(&mut host, &bytes, data, size)
            },
        )?
        .func_wrap(
            "env",
            "proxy_get_shared_data",
            |mut host: Host<'_>, at: i32, len: i32, data: i32, size: i32, cas: i32| {
                count(&mut host, "get_shared_data");
                let key = read(&host, at, len);
                match host.data().shared.get(&key).cloned() {
                    Some((value, version)) => {
                        write_number(&mut host, cas, version);
                        give(&mut host, &value, data, size)
                    }
                    None => NOT_FOUND,
                }
            },
        )?
        .func_wrap(
            "env",
            "proxy_set_shared_data",
            |mut host: Host<'_>, at: i32, len: i32, value: i32, size: i32, cas: i32| {
                count(&mut host, "set_shared_data");
                let (key, value) = (read(&host, at, len), read(&host, value, size));
                let shared = &mut host.data_mut().shared;
                let version = shared.get(&key).map(|(_, version)| *version);
                let cas = cas.cast_unsigned();
                if version.is_some_and(|version| cas != 0 && cas != version) {
                    return CAS_MISMATCH;
                }
                shared.insert(key, (value, version.unwrap_or_default() + 1));
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_get_current_time_nanoseconds",
            |mut host: Host<'_>, at: i32| {
                count(&mut host, "get_current_time_nanoseconds");
                write(&mut host, at, &(NOW * 1_000_000_000).to_le_bytes());
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_define_metric",
            |mut host: Host<'_>, _: i32, _: i32, _: i32, at: i32| {
                host.data_mut().metrics += 1;
                let id = host.data().metrics.cast_unsigned();
                write_number(&mut host, at, id);
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_increment_metric",
            |mut host: Host<'_>, _: i32, _: i64| {
                count(&mut host, "increment_metric");
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_send_local_response",
            |mut host: Host<'_>,
             status: i32,
             _: i32,
             _: i32,
             _: i32,
             _: i32,
             _: i32,
             _: i32,
             _: i32| {
                count(&mut host, "send_local_response");
                host.data_mut().local_reply = Some(status);
                OK
            },
        )?
        .func_wrap(
            "env",
            "proxy_call_foreign_function",
            |mut host: Host<'_>, _: i32, _: i32, _: i32, _: i32, data: i32, size: i32| {
                count(&mut host, "call_foreign_function");
                // `VerifySignatureResult {result: true}`
                give(&mut host, &[0x08, 1], data, size)
            },
        )?
        .func_wrap(
            "wasi_snapshot_preview1",
            "environ_sizes_get",
            |mut host: Host<'_>, count: i32, size: i32| {
                write_number(&mut host, count, 0);
                write_number(&mut host, size, 0);
                OK
            },
        )?
        .func_wrap("wasi_snapshot_preview1", "environ_get", |_: i32, _: i32| OK)?
        .func_wrap(
            "wasi_snapshot_preview1",
            "random_get",
            |mut host: Host<'_>, at: i32, size: i32| {
                let bytes = vec![7; size.cast_unsigned() as usize];
                write(&mut host, at, &bytes);
                OK
            },
        )?
        .func_wrap(
            "wasi_snapshot_preview1",
            "clock_time_get",
            |mut host: Host<'_>, _: i32, _: i64, at: i32| {
                write(&mut host, at, &(NOW * 1_000_000_000).to_le_bytes());
                OK
            },
        )?;
    // What an instrumented module calls; see `profile`.
    linker
        .func_wrap("profile", "enter", |mut host: Host<'_>, function: i32| {
            let left = host.get_fuel().unwrap_or_default();
            host.data_mut().running.push((function, left, 0));
        })?
        .func_wrap("profile", "leave", |mut host: Host<'_>| {
            let left = host.get_fuel().unwrap_or_default();
            let script = host.data_mut();
            let Some((function, before, of_others)) = script.running.pop() else {
                return;
            };
            let all = before - left;
            *script.used.entry(function).or_default() += all - of_others;
            if let Some((_, _, of_others)) = script.running.last_mut() {
                *of_others += all;
            }
        })?;
    for import in module.imports() {
        let Some(ty) = import.ty().func().cloned() else {
            continue;
        };
        // One that is defined above stays.
        let _ = linker.func_new(import.module(), import.name(), ty, |_, _, results| {
            if let Some(result) = results.first_mut() {
                // Unimplemented.
                *result = Val::I32(12);
            }
            Ok(())
        });
    }
    Ok(linker)
}
