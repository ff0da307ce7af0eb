//! The filter on one worker: decides on each request, applies the decision, and counts its reason.

use crate::config::Config;
use crate::decision::{Action, Decision, decide};
use crate::events::Event;
use crate::policy::Policies;
use crate::response::Plan;
use filter_kit::host::Counters;
use filter_kit::pipeline::{Callbacks, Filter, Flow};
use filter_kit::request::Request;
use filter_kit::response::Response;
use filter_kit::values::Mode;

/// The filter on one worker.
pub struct Cors {
    mode: Mode,
    policies: Policies,
    counters: Counters<Event>,
}

impl Filter for Cors {
    type Config = Config;

    /// The plan for the response.
    type State = Plan;

    const CALLBACKS: Callbacks = Callbacks::HEADS;

    fn new(config: Config) -> Self {
        Self {
            mode: config.mode,
            policies: config.policies,
            counters: Counters::define(),
        }
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn on_request(&self, request: &mut Request, plan: &mut Plan) -> Flow {
        if self.policies.is_empty() {
            return Flow::Continue;
        }
        let Decision { outcome, action } = decide(&self.policies, request);
        if let Some(outcome) = outcome {
            self.counters.count(Event::of(outcome), self.mode);
        }
        match action {
            Action::Reply(reply) => Flow::Reply(reply),
            Action::Pass(passed) => {
                *plan = passed;
                Flow::Continue
            }
        }
    }

    fn on_response(&self, response: &mut Response, plan: &mut Plan) {
        plan.apply(response, self.policies.chosen_by());
    }
}
