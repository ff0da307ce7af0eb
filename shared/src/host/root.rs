//! The root context that filters share: it loads the configuration and makes a context for each request. One that needs a clock or calls has a
//! root context of its own, and loads by [`configuration`].

use crate::config::{self, FilterConfig};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{BufferType, ContextType, LogLevel};
use std::rc::Rc;

/// A filter: its configuration, and what all its requests share.
pub trait Plugin: Sized + 'static {
    /// The configuration.
    type Config: FilterConfig;

    /// Made once for each loaded configuration, on each worker.
    fn new(config: Self::Config) -> Self;

    /// The context of one request. No host calls here: they would act for another context.
    fn request(plugin: &Rc<Self>) -> Box<dyn HttpContext>;
}

/// The root context of a [`Plugin`].
pub struct Root<P> {
    plugin: Option<Rc<P>>,
}

/// Registers a filter; the body of `proxy_wasm::main!`.
pub fn start<P: Plugin>() {
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Root::<P> { plugin: None }));
}

/// The configuration that the host hands over; `None` where it is not valid, and the log says why. Only in `on_configure`.
#[must_use]
pub fn configuration<C: FilterConfig>() -> Option<C> {
    let bytes = hostcalls::get_buffer(BufferType::PluginConfiguration, 0, usize::MAX)
        .ok()
        .flatten()
        .unwrap_or_default();
    config::load(&bytes, &super::env())
        .inspect_err(|error| log::error!("{error}"))
        .ok()
}

impl<P> Context for Root<P> {}

impl<P: Plugin> RootContext for Root<P> {
    /// Envoy refuses a configuration for which this is false: it does not start, or goes on with the old one.
    fn on_configure(&mut self, _: usize) -> bool {
        let Some(config) = configuration() else {
            return false;
        };
        self.plugin = Some(Rc::new(P::new(config)));
        true
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        self.plugin.as_ref().map(P::request)
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
