//! cors: cross-origin resource sharing by the Fetch standard (<https://fetch.spec.whatwg.org/#http-cors-protocol>).
//!
//! The life of a request: [`decision::decide`] finds the policy and says what becomes of the request; a preflight is answered, any other
//! request passes with a plan for its response, which [`response::Plan::edits`] turns into edits.
//!
//! | Module | Holds |
//! |---|---|
//! | [`config`] | what a user writes, and its checks |
//! | [`origin`] | origins, and the patterns for them |
//! | [`policy`] | which policy decides, and what it allows |
//! | [`decision`] | what becomes of a request, and why |
//! | [`response`] | `vary`, and the CORS headers of a response |
//! | [`events`] | what is counted |

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::panic,
        reason = "an overflow or a failed assumption in a test should fail it"
    )
)]

pub mod config;
pub mod decision;
pub mod events;
pub mod origin;
pub mod policy;
pub mod response;

pub use config::{Config, RawConfig};
pub use events::Event;

use decision::decide;
use filter_kit::host::{self, Counters, Plugin};
use filter_kit::request::Needs;
use filter_kit::values::Mode;
use policy::Policies;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use response::{Cors, Plan};
use std::rc::Rc;

/// The JSON Schema of the configuration.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(RawConfig)
}

#[cfg(target_arch = "wasm32")]
mod entry {
    proxy_wasm::main! {{ filter_kit::host::start::<crate::Filter>(); }}
}

/// The filter on one worker.
pub struct Filter {
    mode: Mode,
    policies: Policies,
    counters: Counters<Event>,
}

impl Plugin for Filter {
    type Config = Config;

    fn new(config: Config) -> Self {
        Self {
            mode: config.mode,
            policies: config.policies,
            counters: Counters::define(),
        }
    }

    fn request(plugin: &Rc<Self>) -> Box<dyn HttpContext> {
        Box::new(Request {
            filter: Rc::clone(plugin),
            plan: Plan::default(),
        })
    }
}

/// One request.
struct Request {
    filter: Rc<Filter>,
    plan: Plan,
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let filter = Rc::clone(&self.filter);
        if filter.policies.is_empty() {
            return Action::Continue;
        }
        // Most requests have no origin: they cost this one read, and what `match` needs.
        let needs = match host::request_header("origin") {
            None => filter.policies.needs(),
            Some(_) => Needs {
                headers: true,
                ..filter.policies.needs()
            },
        };
        let decision = decide(&filter.policies, &host::request_head(needs));
        if let Some(outcome) = decision.outcome {
            filter.counters.increment(Event::of(outcome, filter.mode));
            if filter.mode == Mode::Report {
                log::info!("report: {outcome:?}");
            }
        }
        match decision.action {
            _ if filter.mode == Mode::Report => Action::Continue,
            decision::Action::Reply(reply) => host::reply(&reply),
            decision::Action::Pass(plan) => {
                self.plan = plan;
                Action::Continue
            }
        }
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        if self.plan.is_empty() {
            return Action::Continue;
        }
        // Without CORS headers to replace, one read tells whether `vary` is there at all.
        let edits = if self.plan.cors == Cors::Keep && host::response_header("vary").is_none() {
            self.plan
                .vary
                .edit(std::iter::empty())
                .into_iter()
                .collect()
        } else {
            self.plan.edits(&host::response_headers())
        };
        host::edit_response(&edits);
        Action::Continue
    }
}
