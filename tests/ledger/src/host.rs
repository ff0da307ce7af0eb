//! A scripted host for a module in a metered interpreter: one worker, one stream at a time.

mod imports;
mod memory;

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use wasmi::{CompilationMode, Config, Engine, Memory, Module, Store, TypedFunc, Val};

/// Headers as pairs.
pub(crate) type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// The host's time, in seconds since the Unix epoch.
pub(crate) const NOW: u64 = 1_700_000_000;

/// More than any run needs.
const FUEL: u64 = u64::MAX / 2;

/// What the module sees and leaves behind.
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
    /// The functions that are running, by number, with the fuel that they and their callees have
    /// used.
    running: Vec<(i32, u64, u64)>,
    /// The fuel that each function has used itself.
    used: BTreeMap<i32, u64>,
}

/// A module that has loaded its configuration.
pub struct Instance {
    store: Store<Script>,
    instance: wasmi::Instance,
    next: i32,
}

/// The cost of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Instructions according to the interpreter's price list: one for most, more for those that
    /// copy memory.
    pub instructions: u64,
    /// Host calls by name, without `proxy_`.
    pub calls: BTreeMap<&'static str, u32>,
    /// The status of the filter's own reply, if it sent one.
    pub reply: Option<i32>,
    /// The request's headers after the filter.
    pub request: Pairs,
    /// The response's headers after the filter.
    pub response: Pairs,
}

/// A request and its response.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// Headers of the request, pseudo-headers first.
    pub request: Pairs,
    /// Headers of the response.
    pub response: Pairs,
    /// Properties, with their paths joined by NUL.
    pub properties: Vec<(&'static str, &'static str)>,
}

impl Instance {
    /// Returns the fuel that each function of an instrumented module used itself for the last
    /// request, by its number.
    #[must_use]
    pub fn used(&self) -> &BTreeMap<i32, u64> {
        &self.store.data().used
    }

    /// Loads a module with a configuration.
    ///
    /// # Errors
    /// If it does not load, or rejects the configuration.
    pub fn start(wasm: &[u8], configuration: &str) -> Result<Self> {
        let mut config = Config::default();
        config.consume_fuel(true);
        // Otherwise the first call of a function would include its translation.
        config.compilation_mode(CompilationMode::Eager);
        let engine = Engine::new(&config);
        let module = Module::new(&engine, wasm)?;
        let mut store = Store::new(&engine, Script::default());
        store.set_fuel(FUEL)?;
        let linker = imports::link(&engine, &module)?;
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

    /// Returns the size of the module's memory in bytes. It never shrinks.
    ///
    /// # Panics
    /// If the module has no memory, which [`Instance::start`] excludes.
    #[must_use]
    pub fn memory(&self) -> usize {
        let memory = self.store.data().memory.expect("a memory");
        memory.data_size(&self.store)
    }

    /// Sends one request and its response through the module.
    ///
    /// # Errors
    /// If the module traps.
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
