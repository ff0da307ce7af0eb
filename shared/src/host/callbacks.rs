//! The SDK's contexts, which hand each callback to the pipeline. The SDK's dispatcher routes
//! callbacks to contexts, and answers to calls.

use super::abi::{self, Status};
use super::gone::{Contexts, Streams};
use crate::config::FilterConfig;
use crate::pipeline::{Filter, Next, Root, Stream};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use std::cell::RefCell;

/// Registers a filter; the body of a module's `proxy_wasm::main!`.
pub fn start<F: Filter>() {
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|context| {
        if !F::CALLBACKS.waiting {
            KNOWN.with_borrow_mut(|known| known.add_root(context));
        }
        Box::new(Root::<F>::new(context))
    });
}

const BAD_ARGUMENT: Status = Status(2);

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// The contexts that the SDK keeps, in a module without `proxy_on_delete`.
#[derive(Default)]
struct Known {
    /// Few: one for each plugin of this VM, and the last one of each configuration that was
    /// replaced.
    roots: Vec<u32>,
    streams: Streams,
    /// Whether the host does not let the module look at contexts. Then it would keep them all.
    is_restricted: bool,
}

impl Known {
    /// Notes a new root, and forgets those that are gone. When the SDK makes one: it forgets no
    /// root in other callbacks.
    fn add_root(&mut self, context: u32) {
        let mut host = Host { own: context };
        self.is_restricted = abi::set_effective_context(context).is_err();
        self.roots.retain(|root| {
            let is_known = host.is_known(*root);
            if !is_known {
                host.forget(*root);
            }
            is_known
        });
        self.roots.push(context);
    }
}

/// The host, and the SDK, in the callback in which a context is made.
struct Host {
    own: u32,
}

impl Contexts for Host {
    fn is_known(&mut self, context: u32) -> bool {
        match abi::set_effective_context(context) {
            // There is no such context.
            Err(BAD_ARGUMENT) => false,
            // A host that does not say keeps all.
            Err(_) => true,
            Ok(()) => {
                // What follows is for this one again.
                let _ = abi::set_effective_context(self.own);
                true
            }
        }
    }

    fn forget(&mut self, context: u32) {
        abi::forget_context(context);
    }
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
    /// Envoy refuses a configuration for which this is false: it does not start, or goes on with
    /// the old one.
    fn on_configure(&mut self, _: usize) -> bool {
        if KNOWN.with_borrow(|known| known.is_restricted) {
            log::error!(
                "{}: capability_restriction_config must allow proxy_set_effective_context",
                <F::Config as FilterConfig>::FILTER
            );
            return false;
        }
        self.configure()
    }

    fn on_tick(&mut self) {
        Root::on_tick(self);
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        if !F::CALLBACKS.waiting {
            KNOWN.with_borrow_mut(|known| known.streams.add(context, &mut Host { own: context }));
        }
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
