//! The filter on one worker: what the host says goes to the decisions, and what they say goes back to it.
//!
//! Requests are decided when they come, or after they have waited for keys; then from a callback of the root context, which acts for their
//! stream. Calls are made by the root context alone, as the stream of a request may be gone when the answer comes.

mod keys;

use crate::answer::Answers;
use crate::authenticator::{Accepted, Authenticator, KeyState, Moment};
use crate::config::Config;
use crate::events::Event;
use crate::forward;
use crate::provider::Keys;
use crate::reason::Reason;
use crate::remote::keyring::{Keyring, View};
use crate::requirement::{Refusal, Requirement};
use crate::rules::{Rules, is_preflight};
use crate::waiting::{Place, Waiting};
use filter_kit::host::{self, CallId, Counter, Counters, SharedData};
use filter_kit::reply::LocalReply;
use filter_kit::request::{Needs, RequestHead};
use filter_kit::values::{HeaderName, Mode};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

/// The filter on one worker.
pub struct JwtAuth {
    root: u32,
    mode: Mode,
    rules: Rules,
    bypass_cors_preflight: bool,
    authenticator: Authenticator,
    promised: BTreeSet<HeaderName>,
    answers: Answers,
    needs: Needs,
    counters: Counters<Event>,
    by_provider: Vec<ProviderCounters>,
    keyring: Keyring,
    waiting: Waiting,
    /// The keyring's version when those that wait were decided last.
    considered: Cell<u64>,
    /// Calls that are under way, with the provider whose keys they are for.
    calls: RefCell<Vec<(CallId, usize)>>,
    tick: Cell<Option<Duration>>,
}

/// What is counted for each provider.
struct ProviderCounters {
    allowed: Counter,
    denied: Counter,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Outcome {
    /// It goes on.
    Pass,
    /// It was answered.
    Answered,
    /// It waits, for as long as it keeps its place.
    Waits(Rc<Place>),
}

/// What is decided of a request.
enum Verdict {
    Pass(Vec<Accepted>, Event),
    Refuse(Refusal),
    RefusePath,
    /// The keys of the provider that it is about may be here soon.
    Wait(Refusal),
}

impl JwtAuth {
    /// The filter of a root context, in whose `on_configure` this is called.
    #[must_use]
    pub fn start(config: Config, root: u32) -> Self {
        let of_provider = |name: &str| ProviderCounters {
            allowed: Counter::define(&format!("jwt_auth.provider.{name}.allowed_total")),
            denied: Counter::define(&format!("jwt_auth.provider.{name}.denied_total")),
        };
        let filter = Self {
            root,
            mode: config.mode,
            rules: config.rules,
            bypass_cors_preflight: config.bypass_cors_preflight,
            promised: forward::promised(&config.providers),
            // Tokens, forged headers and the form of a refusal: all are found among the headers.
            needs: config.answers.needs().or(Needs {
                headers: true,
                ..Needs::default()
            }),
            answers: config.answers,
            counters: Counters::define(),
            by_provider: config
                .providers
                .iter()
                .map(|p| of_provider(&p.name))
                .collect(),
            keyring: keys::keyring(&config.providers),
            waiting: Waiting::new(config.max_waiting),
            considered: Cell::new(0),
            calls: RefCell::default(),
            tick: Cell::new(None),
            authenticator: Authenticator::new(
                config.providers,
                config.max_cached,
                config.max_cached_bytes,
                config.verification_time,
                config.denied_ids,
            ),
        };
        filter.tick_every(filter.keyring.first_look());
        filter
    }

    /// Decides on a request. In `on_http_request_headers` of its stream.
    pub fn on_request(&self, stream: u32) -> Outcome {
        let head = host::request_head(self.needs);
        if self.bypass_cors_preflight && is_preflight(&head) {
            self.pass(&head, &[], Event::AllowedPreflight);
            return Outcome::Pass;
        }
        let now = host::now();
        let verdict = self.judge(&head, now, self.mode == Mode::Enforce);
        let is_wanted = self
            .keyring
            .look_in(now, matches!(verdict, Verdict::Wait(_)));
        if is_wanted < self.tick.get() {
            host::act_for(self.root, stream, || self.tick_every(is_wanted));
        }
        let Verdict::Wait(refusal) = verdict else {
            return self.carry_out(&head, verdict);
        };
        let until = now.saturating_add(self.keyring.timeout(refusal.provider));
        match self.waiting.admit(Place { stream, until }) {
            Some(place) => {
                self.counters.increment(Event::Waited);
                Outcome::Waits(place)
            }
            None => {
                self.counters.increment(Event::WaitingFull);
                let reason = Reason::KeysUnavailable;
                self.carry_out(&head, Verdict::Refuse(Refusal { reason, ..refusal }))
            }
        }
    }

    fn judge(&self, head: &RequestHead, now: Duration, is_patient: bool) -> Verdict {
        let Ok(requirement) = self.rules.requirement(head) else {
            return Verdict::RefusePath;
        };
        let mut verdict = self.decide(requirement, head, now, View::Guess, true);
        if verdict.as_ref().is_err_and(|refusal| refusal.may_change) {
            // Rare, and worth a look at what the other workers know.
            self.keyring.look(&SharedData);
            verdict = self.decide(requirement, head, now, View::Known, true);
        }
        if let Err(refusal) = &verdict
            && refusal.may_change
        {
            self.keyring.want_other(refusal.provider);
            if is_patient {
                return Verdict::Wait(refusal.clone());
            }
            verdict = self.decide(requirement, head, now, View::Known, false);
        }
        if self.authenticator.was_hit() {
            self.counters.increment(Event::CacheHit);
        } else if !matches!(requirement, Requirement::Nothing) {
            self.counters.increment(Event::CacheMiss);
        }
        match (requirement, verdict) {
            (_, Err(refusal)) => Verdict::Refuse(refusal),
            (Requirement::Nothing, Ok(none)) => Verdict::Pass(none, Event::AllowedNothing),
            (_, Ok(none)) if none.is_empty() => Verdict::Pass(none, Event::AllowedWithout),
            (_, Ok(accepted)) => Verdict::Pass(accepted, Event::AllowedToken),
        }
    }

    fn decide(
        &self,
        requirement: &Requirement,
        head: &RequestHead,
        now: Duration,
        view: View,
        patient: bool,
    ) -> Result<Vec<Accepted>, Refusal> {
        let providers = self.authenticator.providers();
        let moment = Moment {
            now,
            clock: &host::now,
            keys: &|provider| match providers.get(provider).map(|p| &p.keys) {
                Some(Keys::Fixed(set)) => KeyState::Here {
                    set: Rc::clone(set),
                    may_change: false,
                },
                Some(Keys::Remote(_)) => self.keyring.keys(provider, now, view),
                None => KeyState::NotHere { may_change: false },
            },
            patient,
        };
        self.authenticator.decide(requirement, head, &moment)
    }

    fn carry_out(&self, head: &RequestHead, verdict: Verdict) -> Outcome {
        match verdict {
            Verdict::Pass(accepted, event) => {
                self.pass(head, &accepted, event);
                Outcome::Pass
            }
            Verdict::Refuse(refusal) | Verdict::Wait(refusal) => self.refuse(head, &refusal),
            Verdict::RefusePath => self.refuse_path(),
        }
    }

    /// Lets a request through, with what its tokens say.
    fn pass(&self, head: &RequestHead, accepted: &[Accepted], event: Event) {
        self.counters.increment(event);
        for token in accepted {
            if let Some(counters) = self.by_provider.get(token.provider) {
                counters.allowed.increment();
            }
        }
        if self.mode == Mode::Enforce {
            let providers = self.authenticator.providers();
            host::edit_request(&forward::edits(head, &self.promised, providers, accepted));
        }
    }

    fn refuse(&self, head: &RequestHead, refusal: &Refusal) -> Outcome {
        if let Some(counters) = self.by_provider.get(refusal.provider) {
            counters.denied.increment();
        }
        if self.mode == Mode::Report {
            self.counters.increment(Event::reported(refusal.reason));
            log::info!(
                "report: the request would be refused: {}",
                refusal.reason.details()
            );
            return Outcome::Pass;
        }
        self.counters.increment(Event::denied(refusal.reason));
        host::reply(&self.answers.reply(refusal, head));
        Outcome::Answered
    }

    fn refuse_path(&self) -> Outcome {
        if self.mode == Mode::Report {
            self.counters.increment(Event::ReportedAmbiguousPath);
            log::info!("report: the request would be refused: its path is not in plain form");
            return Outcome::Pass;
        }
        self.counters.increment(Event::DeniedAmbiguousPath);
        host::reply(&LocalReply::ambiguous_path());
        Outcome::Answered
    }
}
