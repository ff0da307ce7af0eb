//! The filter on one worker: finds the rules for each request, applies their operations, and
//! counts.

use crate::config::Config;
use crate::decision::{AppliedRules, decide};
use crate::events::Event;
use crate::nonce;
use crate::operation::{Exchange, Kept, set_alone};
use crate::reason::{Refused, Skipped};
use crate::rules::Rules;
use filter_kit::host::Counters;
use filter_kit::pipeline::{Callbacks, Filter, Flow};
use filter_kit::reply::LocalReply;
use filter_kit::request::Request;
use filter_kit::response::Response;
use filter_kit::values::Mode;

/// The filter on one worker.
pub struct HeaderRewrite {
    mode: Mode,
    rules: Rules,
    counters: Counters<Event>,
}

/// What a request keeps for its response.
#[derive(Debug, Default)]
pub struct State {
    applied: AppliedRules,
    /// What its response operations depend on.
    kept: Option<Box<Kept>>,
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

    fn reads_requests(&self) -> bool {
        self.rules.edit_requests()
    }

    fn on_request(&self, request: &mut Request, state: &mut State) -> Flow {
        if self.rules.is_empty() {
            return Flow::Continue;
        }
        self.rewrite_request(request, state)
    }

    fn on_response(&self, response: &mut Response, state: &mut State) {
        if !state.applied.is_empty() {
            self.rewrite_response(response, state);
        }
    }
}

impl HeaderRewrite {
    #[inline(never)]
    fn rewrite_request(&self, request: &mut Request, state: &mut State) -> Flow {
        let decision = decide(&self.rules, request);
        state.applied = decision.applied;
        if self.rules.keep(&state.applied) {
            self.keep(request, state);
        }
        let before = request.mark();
        let edited = match decision.refused {
            Some(refused) => Err(refused),
            None => self.rules.edit_request(&state.applied, request),
        };
        let edited = match edited {
            Ok(edited) => edited,
            Err(refused) => return self.refuse(refused),
        };
        self.count_skipped(&edited.skipped);
        if let Some(answer) = edited.answer {
            return self.answer(*answer);
        }
        if let Some(kept) = &state.kept {
            self.hand_on(kept.nonce.as_deref(), request, state);
        }
        if request.is_changed_since(before) {
            self.counters.count(Event::RequestChanged, self.mode);
        }
        Flow::Continue
    }

    #[inline(never)]
    fn rewrite_response(&self, response: &mut Response, state: &State) {
        let mut exchange = Exchange::new(state.kept.as_deref());
        let before = response.mark();
        let skipped = self
            .rules
            .edit_response(&state.applied, &mut exchange, response);
        self.count_skipped(&skipped);
        if response.is_changed_since(before) {
            self.counters.count(Event::ResponseChanged, self.mode);
        }
    }

    /// Stores what response operations depend on, before the first edit.
    #[inline(never)]
    fn keep(&self, request: &Request, state: &mut State) {
        let (rules, applied) = (&self.rules, &state.applied);
        let proto = || request.value("x-forwarded-proto");
        let needs_nonce = rules.nonce_headers(applied).next().is_some();
        state.kept = Some(Box::new(Kept {
            // Envoy sets this header itself, or keeps the existing one if it trusts the previous
            // proxy.
            is_https: rules.look_at_scheme(applied) && proto().as_deref() == Some(b"https"),
            nonce: needs_nonce.then(nonce::new).flatten(),
            sent: rules.snapshot(applied, request),
        }));
    }

    #[cold]
    fn answer(&self, (event, reply): (Event, LocalReply)) -> Flow {
        self.counters.count(event, self.mode);
        Flow::Reply(reply)
    }

    /// Passes the nonce to the upstream. A client must not be able to choose it.
    #[inline(never)]
    fn hand_on(&self, nonce: Option<&str>, request: &mut Request, state: &State) {
        for name in self.rules.nonce_headers(&state.applied) {
            request.edit(|headers| set_alone(headers, name, nonce.map(str::as_bytes)));
        }
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
