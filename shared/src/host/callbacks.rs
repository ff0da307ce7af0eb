//! The SDK's contexts, which pass each callback to the pipeline. The SDK's dispatcher routes
//! callbacks and call responses to contexts.

use crate::pipeline::{Filter, Next, Root, Stream};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

/// Registers a filter. This is the body of a module's `proxy_wasm::main!`.
pub fn start<F: Filter>() {
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|context| Box::new(Root::<F>::new(context)));
}

fn action(next: Next) -> Action {
    match next {
        Next::Continue => Action::Continue,
        Next::Pause => Action::Pause,
    }
}

impl<F: Filter> Context for Root<F> {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body_size: usize, _: usize) {
        self.on_http_answer(token, headers, body_size);
    }
}

impl<F: Filter> RootContext for Root<F> {
    /// If this returns false, Envoy rejects the configuration: it does not start, or keeps the
    /// previous one.
    fn on_configure(&mut self, _: usize) -> bool {
        self.configure()
    }

    fn on_tick(&mut self) {
        Root::on_tick(self);
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        let stream = self.stream(context)?;
        Some(Box::new(stream))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl<F: Filter> Context for Stream<F> {
    fn on_grpc_call_response(&mut self, token: u32, status: u32, size: usize) {
        self.on_grpc_answer(token, status, size);
    }
}

impl<F: Filter> HttpContext for Stream<F> {
    fn on_http_request_headers(&mut self, _: usize, is_last: bool) -> Action {
        action(self.on_request(!is_last))
    }

    fn on_http_request_body(&mut self, _: usize, _: bool) -> Action {
        action(self.hold())
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.on_request_trailers();
        action(self.hold())
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.on_response();
        Action::Continue
    }
}
