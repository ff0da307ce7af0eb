//! The root context, the same for every filter.

use super::Filter;
use super::stream::Stream;
use super::worker::Worker;
use crate::config::FilterConfig as _;
use crate::host::{self, CallId};
use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    /// The filters of this VM that have logged their version.
    static INTRODUCED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Logs the filter's name and version, once per VM.
fn introduce<F: Filter>() {
    let name = F::Config::FILTER;
    let is_new = INTRODUCED.with_borrow_mut(|names| {
        let is_new = !names.contains(&name);
        if is_new {
            names.push(name);
        }
        is_new
    });
    if is_new {
        let version = F::VERSION;
        match option_env!("CATALOG_COMMIT") {
            Some(commit) => log::info!("{name} {version} ({commit})"),
            None => log::info!("{name} {version}"),
        }
    }
}

/// The root context of a filter.
pub(crate) struct Root<F: Filter> {
    context: u32,
    worker: Option<Rc<Worker<F>>>,
}

impl<F: Filter> Root<F> {
    pub(crate) fn new(context: u32) -> Self {
        Self {
            context,
            worker: None,
        }
    }

    /// Creates the context of a stream; `None` if there has been no valid configuration.
    pub(crate) fn stream(&self, context: u32) -> Option<Stream<F>> {
        let worker = self.worker.as_ref()?;
        Some(Stream::new(context, Rc::clone(worker)))
    }

    /// Loads the configuration that the host passes. Returns whether it is valid.
    pub(crate) fn configure(&mut self) -> bool {
        host::adopt_log_level();
        introduce::<F>();
        let Some(config) = host::configuration() else {
            return false;
        };
        self.worker = Some(Rc::new(Worker::new(self.context, F::new(config))));
        true
    }

    /// Handles a tick that the background asked for.
    pub(crate) fn on_tick(&self) {
        if let Some(worker) = &self.worker {
            worker.on_tick();
        }
    }

    /// Handles the answer to an HTTP call, or its failure. The sizes come from the host.
    pub(crate) fn on_http_answer(&self, token: u32, headers: usize, body_size: usize) {
        if let Some(worker) = &self.worker {
            worker.on_http_answer(CallId(token), headers, body_size);
        }
    }
}
