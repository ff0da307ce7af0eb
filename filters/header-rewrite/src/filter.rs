//! The filter on one worker: finds the rules of each request, carries out their operations, and counts.

use crate::config::Config;
use crate::decision::{AppliedRules, decide};
use crate::events::Event;
use crate::reason::{Refused, Skipped};
use crate::rules::Rules;
use filter_kit::host::Counters;
use filter_kit::pipeline::{Callbacks, Filter, Flow};
use filter_kit::request::Request;
use filter_kit::response::Response;
use filter_kit::values::Mode;

/// The filter on one worker.
pub struct HeaderRewrite {
    mode: Mode,
    rules: Rules,
    counters: Counters<Event>,
}

/// What a request leaves for its response.
#[derive(Debug, Default)]
pub struct State {
    applied: AppliedRules,
    /// The request as it came, where an operation looks at it.
    sent: Option<Box<Request>>,
}

impl Filter for HeaderRewrite {
    type Config = Config;
    type State = State;

    const CALLBACKS: Callbacks = Callbacks::HEADS;

    fn new(config: Config) -> Self {
        Self {
            mode: config.mode,
            rules: config.rules,
            counters: Counters::define(),
        }
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn on_request(&self, request: &mut Request, state: &mut State) -> Flow {
        if self.rules.is_empty() {
            return Flow::Continue;
        }
        let decision = decide(&self.rules, request);
        state.applied = decision.applied;
        if self.rules.keep_request(&state.applied) {
            self.keep(request, state);
        }
        let before = request.mark();
        let edited = match decision.refused {
            Some(refused) => Err(refused),
            None => self.rules.edit_request(&state.applied, request),
        };
        match edited {
            Ok(skipped) => {
                self.count_skipped(&skipped);
                if request.is_changed_since(before) {
                    self.counters.count(Event::RequestChanged, self.mode);
                }
                Flow::Continue
            }
            Err(refused) => self.refuse(refused),
        }
    }

    fn on_response(&self, response: &mut Response, state: &mut State) {
        if state.applied.is_empty() {
            return;
        }
        let sent = state.sent.as_deref();
        let before = response.mark();
        let skipped = self.rules.edit_response(&state.applied, sent, response);
        self.count_skipped(&skipped);
        if response.is_changed_since(before) {
            self.counters.count(Event::ResponseChanged, self.mode);
        }
    }
}

impl HeaderRewrite {
    #[inline(never)]
    fn keep(&self, request: &Request, state: &mut State) {
        let sent = self.rules.snapshot(&state.applied, request);
        state.sent = sent.map(Box::new);
    }

    #[cold]
    fn refuse(&self, refused: Refused) -> Flow {
        self.counters.count(Event::refused(refused), self.mode);
        Flow::Reply(refused.reply())
    }

    fn count_skipped(&self, skipped: &[Skipped]) {
        for reason in skipped {
            self.count_one_skipped(*reason);
        }
    }

    #[cold]
    fn count_one_skipped(&self, reason: Skipped) {
        self.counters.count(Event::skipped(reason), self.mode);
    }
}
