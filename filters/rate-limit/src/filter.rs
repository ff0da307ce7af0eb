//! The filter on one worker. [`apply`] applies decisions, and [`state`] is what a request keeps.

mod apply;
mod held;
mod service;
mod state;

use crate::config::Config;
use crate::decision::{Checks, Verdict, decide};
use crate::events::Counting;
use crate::fields::FieldStyle;
use crate::limits::{Limits, Plugin, Tables};
use crate::reply::Extra;
use crate::service::Service;
use filter_kit::host::{SharedData, random_seed};
use filter_kit::pipeline::{Background, Callbacks, Filter, Flow, Wake};
use filter_kit::reply::ReplyTemplate;
use filter_kit::request::Request;
use filter_kit::response::Response;
use state::State;
use std::cell::RefCell;

/// The filter on one worker.
#[derive(Debug)]
pub struct RateLimit {
    checks: Checks,
    limits: Limits,
    fields: FieldStyle,
    response: ReplyTemplate,
    service: Option<Service>,
    counting: Counting,
    /// The leases that this VM has to renew, if a limit counts requests in progress.
    leases: Option<held::Leases>,
    /// Whether a limit is in annotate mode.
    annotates: bool,
    /// Reused for the fields of responses.
    buffer: RefCell<Vec<u8>>,
}

impl Filter for RateLimit {
    type Config = Config;
    type State = State;

    const CALLBACKS: Callbacks = Callbacks {
        waiting: true,
        grpc: true,
        background: true,
        ..Callbacks::HEADS
    };

    fn new(config: Config) -> Self {
        Self::new_nth(config, 0)
    }

    fn new_nth(config: Config, nth: usize) -> Self {
        let counting = Counting::define(&config.limits);
        let tables = Tables {
            max_keys: config.max_keys,
            plugin: Plugin::of_host(nth),
            seed: random_seed(),
            holder: held::holder(),
        };
        let limits = Limits::new(config.limits, config.exempt, &tables, &SharedData);
        Self {
            checks: Checks {
                mode: config.mode,
                looks_at_host: limits.looks_at_host() || config.response.looks_at_host(),
            },
            leases: limits.has_leases().then(|| held::Leases(held::holder())),
            annotates: limits.has_annotations(),
            limits,
            fields: config.fields,
            response: config.response,
            service: config.service,
            counting,
            buffer: RefCell::default(),
        }
    }

    // `mode()` remains `Enforce`: limits have their own modes, and one that is not enforced makes
    // no edit and no reply.

    fn on_request(&self, request: &mut Request, state: &mut State) -> Flow {
        if self.limits.is_empty() {
            return Flow::Continue;
        }
        if self.annotates {
            Self::remove_annotations(request);
        }
        let mut decision = decide(&self.limits, request, self.checks, &SharedData, || {
            request.now()
        });
        if let Some(later) = decision.later.take() {
            state.hold(*later);
        }
        if matches!(decision.verdict, Verdict::Pass) {
            self.pass(&mut decision, request, state);
            return Flow::Continue;
        }
        self.apply(decision, Extra::default(), request, state)
    }

    fn on_resume(&self, request: &mut Request, state: &mut State, wake: Wake) -> Flow {
        self.resume(request, state, wake)
    }

    fn on_response(&self, response: &mut Response, state: &mut State) {
        if state.has_news() {
            self.respond(response, state);
        }
    }

    fn background(&self) -> Option<&dyn Background> {
        self.leases.as_ref().map(|leases| leases as &dyn Background)
    }
}

#[cfg(test)]
mod tests;
