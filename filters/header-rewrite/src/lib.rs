//! header-rewrite: edits request and response headers, the path, the query and the host.
//!
//! The life of a request: [`Rules::select`] finds the rules that match, [`Selected::rewrite_request`] carries out their request
//! operations on a copy of the request, and the host gets the difference. The response goes the same way.
//!
//! | Module | Holds |
//! |---|---|
//! | [`config`] | what a user writes, and its checks |
//! | [`operation`] | what each operation does |
//! | [`rules`] | which rules apply, and their operations in order |
//! | [`draft`] | headers under edit, and the edits that the host has to make |
//! | [`events`] | what is counted |

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        reason = "an overflow in a test should fail it"
    )
)]

pub mod config;
pub mod draft;
pub mod events;
pub mod operation;
pub mod rules;

pub use config::{Config, RawConfig};
pub use events::Event;

use filter_kit::headers::Edit;
use filter_kit::host::{self, Counters, Plugin};
use filter_kit::reply::LocalReply;
use filter_kit::values::Mode;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use rules::{Rules, Selected};
use std::rc::Rc;

/// The JSON Schema of the configuration.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(RawConfig)
}

#[cfg(target_arch = "wasm32")]
mod entry {
    proxy_wasm::main! {{ filter_kit::host::start::<crate::HeaderRewrite>(); }}
}

/// The filter on one worker.
pub struct HeaderRewrite {
    mode: Mode,
    rules: Rules,
    counters: Counters<Event>,
}

impl Plugin for HeaderRewrite {
    type Config = Config;

    fn new(config: Config) -> Self {
        Self {
            mode: config.mode,
            rules: config.rules,
            counters: Counters::define(),
        }
    }

    fn request(plugin: &Rc<Self>) -> Box<dyn HttpContext> {
        Box::new(Request {
            filter: Rc::clone(plugin),
            selected: Selected::default(),
        })
    }
}

impl HeaderRewrite {
    /// Counts what was decided, and says whether to act on it.
    fn act(&self, what: &str, edits: &[Edit], enforced: Event, reported: Event) -> bool {
        match self.mode {
            _ if edits.is_empty() => false,
            Mode::Enforce => {
                self.counters.increment(enforced);
                true
            }
            Mode::Report => {
                self.counters.increment(reported);
                let names: Vec<&str> = edits.iter().map(Edit::name).collect();
                log::info!("report: the {what} would change in: {}", names.join(", "));
                false
            }
        }
    }

    /// Counts a refusal, and says whether to act on it.
    fn refuses(&self, why: &str, enforced: Event, reported: Event) -> bool {
        if self.mode == Mode::Enforce {
            self.counters.increment(enforced);
            return true;
        }
        self.counters.increment(reported);
        log::info!("report: the request would be refused: {why}");
        false
    }

    fn count_skipped(&self, skipped: &[operation::Skipped]) {
        for reason in skipped {
            self.counters.increment(Event::of(*reason, self.mode));
        }
    }
}

/// One request.
struct Request {
    filter: Rc<HeaderRewrite>,
    selected: Selected,
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let filter = Rc::clone(&self.filter);
        if filter.rules.is_empty() {
            return Action::Continue;
        }
        let head = host::request_head(filter.rules.needs());
        if self.selected.select(&filter.rules, &head).is_err()
            && filter.refuses(
                "its path is not in plain form",
                Event::RefusedAmbiguousPath,
                Event::ReportedAmbiguousPath,
            )
        {
            self.selected.keep_for_response(&filter.rules, head);
            return host::reply(&LocalReply::ambiguous_path());
        }
        match self.selected.rewrite_request(&filter.rules, &head) {
            Ok(rewritten) => {
                filter.count_skipped(&rewritten.skipped);
                if filter.act(
                    "request",
                    &rewritten.edits,
                    Event::RequestChanged,
                    Event::ReportedRequestChanged,
                ) {
                    host::edit_request(&rewritten.edits);
                }
            }
            Err(too_costly) => {
                if filter.refuses(
                    "replacing in it takes too much work",
                    Event::RefusedTooCostly,
                    Event::ReportedRequestTooCostly,
                ) {
                    self.selected.keep_for_response(&filter.rules, head);
                    return host::reply(&too_costly.reply());
                }
            }
        }
        self.selected.keep_for_response(&filter.rules, head);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        let filter = Rc::clone(&self.filter);
        if self.selected.rewrites_response(&filter.rules) {
            let rewritten = self
                .selected
                .rewrite_response(&filter.rules, host::response_headers());
            filter.count_skipped(&rewritten.skipped);
            if filter.act(
                "response",
                &rewritten.edits,
                Event::ResponseChanged,
                Event::ReportedResponseChanged,
            ) {
                host::edit_response(&rewritten.edits);
            }
        }
        Action::Continue
    }
}
