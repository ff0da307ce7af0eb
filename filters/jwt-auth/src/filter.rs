//! The filter on one worker: passes requests to the decision, and applies the result.

mod explain;
mod verdict;

use crate::config::Config;
use crate::decision::{Accepted, Authenticator};
use crate::events::Event;
use crate::forward::{self, Guarded};
use crate::reason::Reason;
use crate::remote::keyring::Keyring;
use crate::reply::Replies;
use crate::requirement::Refusal;
use crate::rules::{Rules, is_preflight};
use filter_kit::headers::Headers;
use filter_kit::host::{self, CallId, Counter, Counters};
use filter_kit::pipeline::{Background, Callbacks, Filter, Flow, Wait, Wake};
use filter_kit::request::Request;
use filter_kit::values::Mode;
use std::cell::{Cell, RefCell};
use std::time::Duration;
use verdict::Verdict;

/// The filter on one worker.
pub struct JwtAuth {
    mode: Mode,
    rules: Rules,
    bypass_cors_preflight: bool,
    looks_at_host: bool,
    pub(crate) authenticator: Authenticator,
    guarded: Guarded,
    replies: Replies,
    pub(crate) counters: Counters<Event>,
    by_provider: Vec<ProviderCounters>,
    pub(crate) keyring: Keyring,
    pub(crate) max_waiting: usize,
    /// Calls in progress, each with the provider whose keys it fetches.
    pub(crate) calls: RefCell<Vec<(CallId, usize)>>,
    /// When the worker first looks for keys; `None` once it has.
    pub(crate) first_look: Cell<Option<Duration>>,
}

/// A request that waits for keys.
pub struct Waiting {
    /// Why it would be refused without new keys.
    refusal: Refusal,
    /// The time until which it waits, even if new keys arrive meanwhile.
    until: Duration,
}

/// The counters of one provider.
struct ProviderCounters {
    allowed: Counter,
    denied: Counter,
}

impl Filter for JwtAuth {
    type Config = Config;

    type State = Option<Waiting>;

    const CALLBACKS: Callbacks = Callbacks {
        waiting: true,
        background: true,
        ..Callbacks::REQUEST
    };

    fn new(config: Config) -> Self {
        let of_provider = |name: &str| ProviderCounters {
            allowed: Counter::define(&format!("jwt_auth.provider.{name}.allowed_total")),
            denied: Counter::define(&format!("jwt_auth.provider.{name}.denied_total")),
        };
        let providers = config.providers.iter();
        let keyring = Keyring::of(&config.providers, host::random_seed());
        Self {
            mode: config.mode,
            bypass_cors_preflight: config.bypass_cors_preflight,
            looks_at_host: config.rules.looks_at_host() || config.replies.looks_at_host(),
            rules: config.rules,
            guarded: Guarded::of(&config.providers),
            replies: config.replies,
            counters: Counters::define(),
            by_provider: providers.map(|p| of_provider(&p.name)).collect(),
            max_waiting: config.max_waiting,
            calls: RefCell::default(),
            first_look: Cell::new(keyring.first_look()),
            keyring,
            authenticator: Authenticator::new(
                config.providers,
                config.cache,
                config.verification_time,
                config.denied,
                host::random_seed(),
            ),
        }
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn reads_requests(&self) -> bool {
        true
    }

    fn on_request(&self, request: &mut Request, waiting: &mut Option<Waiting>) -> Flow {
        if self.looks_at_host && request.host().is_err() {
            return self.refuse(&Refusal::of(Reason::MalformedHost), request);
        }
        if self.bypass_cors_preflight && is_preflight(request) {
            return self.pass(request, &[], Event::AllowedPreflight);
        }
        let is_patient = self.mode == Mode::Enforce;
        self.decide(request, waiting, is_patient)
    }

    fn on_request_trailers(&self, trailers: &mut Headers) {
        self.guarded.clean(trailers);
    }

    fn on_resume(&self, request: &mut Request, waiting: &mut Option<Waiting>, wake: Wake) -> Flow {
        match (wake, &*waiting) {
            (Wake::Full, Some(Waiting { refusal, .. })) => {
                self.counters.increment(Event::WaitingFull);
                let refusal = Refusal {
                    reason: Reason::KeysUnavailable,
                    ..refusal.clone()
                };
                self.refuse(&refusal, request)
            }
            (Wake::News, _) => self.decide(request, waiting, true),
            _ => self.decide(request, waiting, false),
        }
    }

    fn background(&self) -> Option<&dyn Background> {
        self.keyring.is_used().then_some(self)
    }
}

impl JwtAuth {
    fn decide(
        &self,
        request: &mut Request,
        waiting: &mut Option<Waiting>,
        is_patient: bool,
    ) -> Flow {
        match self.judge(request, is_patient) {
            Verdict::Pass(accepted, event) => self.pass(request, &accepted, event),
            Verdict::Refuse(refusal) => self.refuse(&refusal, request),
            Verdict::Wait(refusal) => {
                let until = waiting.as_ref().map_or_else(
                    || {
                        let timeout = self.keyring.timeout(refusal.provider);
                        request.now().saturating_add(timeout)
                    },
                    |waiting| waiting.until,
                );
                *waiting = Some(Waiting { refusal, until });
                Flow::Wait(Wait::News(until))
            }
        }
    }

    /// Lets a request continue, with what its tokens say.
    fn pass(&self, request: &mut Request, accepted: &[Accepted], event: Event) -> Flow {
        self.counters.increment(event);
        for token in accepted {
            if let Some(counters) = self.by_provider.get(token.provider) {
                counters.allowed.increment();
            }
        }
        for (name, value) in accepted.iter().flat_map(|accepted| &accepted.token.exports) {
            request.export(name, value);
        }
        if self.mode == Mode::Enforce {
            let providers = self.authenticator.providers();
            let is_token_asked_for = !matches!(event, Event::AllowedNothing);
            forward::edit(
                request,
                &self.guarded,
                providers,
                accepted,
                is_token_asked_for,
            );
        }
        Flow::Continue
    }

    fn refuse(&self, refusal: &Refusal, request: &Request) -> Flow {
        if refusal.reason.is_of_token()
            && let Some(counters) = self.by_provider.get(refusal.provider)
        {
            counters.denied.increment();
        }
        self.counters
            .count(Event::denied(refusal.reason), self.mode);
        self.explain(refusal, request);
        Flow::Reply(self.replies.reply(refusal, request))
    }
}
