//! rate-limit: limits requests per client, key or route, exact over all workers of a process, or by a rate limit service.
//!
//! The life of a request: [`decision::decide`] charges the limits of this process and says whether the request passes, is refused, or is for
//! the rate limit service to decide; the service's answer goes into the same decision by [`service::answered`]. What becomes of it is
//! [`reply::reply`], or [`fields::fields`] on the response.
//!
//! | Module | Holds |
//! |---|---|
//! | [`config`] | what a user writes, and its checks |
//! | [`limit`], [`limits`] | a limit, and all of them with their tables |
//! | [`key`], [`address`], [`cost`] | what is counted together, and for how much |
//! | [`quota`], [`limiter`] | how many pass: GCRA by `governor` over state that all workers share |
//! | [`decision`], [`verdict`] | what becomes of a request, and why |
//! | [`service`] | the rate limit service: its question and its answer |
//! | [`fields`], [`reply`] | what clients are told |
//! | [`events`], [`counting`] | what is counted |

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::panic,
        reason = "an overflow or a failed assumption in a test should fail it"
    )
)]

pub mod address;
pub mod config;
pub mod cost;
pub mod counting;
pub mod decision;
pub mod events;
pub mod fields;
pub mod key;
pub mod limit;
pub mod limiter;
pub mod limits;
pub mod quota;
pub mod reply;
pub mod service;
pub mod verdict;

pub use config::{Config, RawConfig};
pub use events::Event;

use config::OnError;
use counting::Counting;
use decision::{decide, without_service};
use fields::{Field, FieldStyle, LEGACY_REMAINING};
use filter_kit::headers::Edit;
use filter_kit::host::{self, Plugin, SharedData};
use filter_kit::reply::ReplyTemplate;
use filter_kit::request::{Needs, RequestHead};
use filter_kit::values::{HeaderName, Mode};
use limits::Limits;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use reply::Extra;
use service::{Answer, Service, answered};
use std::rc::Rc;
use verdict::{Decision, Question, Refusal, Verdict};

/// The JSON Schema of the configuration.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(RawConfig)
}

#[cfg(target_arch = "wasm32")]
mod entry {
    proxy_wasm::main! {{ filter_kit::host::start::<crate::RateLimit>(); }}
}

/// The filter on one worker.
pub struct RateLimit {
    mode: Mode,
    limits: Limits,
    fields: FieldStyle,
    response: ReplyTemplate,
    service: Option<Service>,
    needs: Needs,
    counting: Counting,
}

impl Plugin for RateLimit {
    type Config = Config;

    fn new(config: Config) -> Self {
        let counting = Counting::define(&config.limits);
        let limits = Limits::new(
            config.limits,
            config.exempt,
            config.max_keys,
            &SharedData,
            host::random_seed(),
        );
        Self {
            mode: config.mode,
            fields: config.fields,
            needs: limits.needs().or(config.response.needs()),
            response: config.response,
            service: config.service,
            limits,
            counting,
        }
    }

    fn request(plugin: &Rc<Self>) -> Box<dyn HttpContext> {
        Box::new(Request {
            filter: Rc::clone(plugin),
            fields: Vec::new(),
            extra: Vec::new(),
            waiting: None,
        })
    }
}

impl RateLimit {
    fn name(&self, limit: usize) -> &str {
        self.limits
            .get(limit)
            .map_or("", |(limit, _)| limit.name.as_str())
    }

    /// The fields of a response, but for those that the rate limit service gives itself.
    fn fields(&self, decision: &Decision, extra: &[(HeaderName, Vec<u8>)]) -> Vec<Field> {
        let mut fields = fields::fields(self.fields, &decision.standings);
        fields.retain(|(name, _)| !extra.iter().any(|(other, _)| other.as_str() == *name));
        fields
    }

    fn refuse(
        &self,
        refusal: &Refusal,
        decision: &Decision,
        extra: Extra,
        head: &RequestHead,
    ) -> Action {
        let fields = self.fields(decision, &extra.headers);
        let name = self.name(refusal.limit);
        let reply = reply::reply(refusal, name, fields, extra, &self.response, head);
        host::reply(&reply)
    }
}

/// One request.
struct Request {
    filter: Rc<RateLimit>,
    /// For the response.
    fields: Vec<Field>,
    /// For the response, from the rate limit service.
    extra: Vec<(HeaderName, Vec<u8>)>,
    waiting: Option<Waiting>,
}

/// A request that waits for the rate limit service.
struct Waiting {
    call: u32,
    decision: Decision,
    questions: Vec<Question>,
    head: RequestHead,
}

impl Request {
    /// Does what was decided, but for asking the service. `Continue` is for the caller to carry out.
    fn act(&mut self, decision: &Decision, extra: Extra, head: &RequestHead) -> Action {
        self.filter.counting.count(decision);
        match &decision.verdict {
            Verdict::Refuse(refusal) => self.filter.refuse(refusal, decision, extra, head),
            Verdict::Pass | Verdict::Exempt | Verdict::Ask(_) => {
                self.fields = self.filter.fields(decision, &extra.headers);
                self.extra = extra.headers;
                Action::Continue
            }
        }
    }

    /// Asks the rate limit service, and lets the request wait.
    fn ask(&mut self, decision: Decision, questions: Vec<Question>, head: RequestHead) -> Action {
        let filter = Rc::clone(&self.filter);
        let call = filter.service.as_ref().and_then(|service| {
            host::grpc_call(
                &service.cluster,
                (service::SERVICE, service::METHOD),
                &service.message(&questions),
                service.timeout,
            )
        });
        match call {
            Some(call) => {
                self.waiting = Some(Waiting {
                    call,
                    decision,
                    questions,
                    head,
                });
                Action::Pause
            }
            None => self.do_without(decision, &questions, &head),
        }
    }

    /// The service has no answer.
    fn do_without(
        &mut self,
        decision: Decision,
        questions: &[Question],
        head: &RequestHead,
    ) -> Action {
        let filter = Rc::clone(&self.filter);
        filter.counting.event(Event::ServiceError);
        let on_error = filter.service.as_ref().map(|service| service.on_error);
        let decision = without_service(
            decision,
            questions,
            &filter.limits,
            on_error.unwrap_or(OnError::Refuse),
            (&SharedData, host::now()),
        );
        self.act(&decision, Extra::default(), head)
    }
}

impl Context for Request {
    fn on_grpc_call_response(&mut self, call: u32, status: u32, size: usize) {
        let Some(waiting) = self.waiting.take_if(|waiting| waiting.call == call) else {
            return;
        };
        let Waiting {
            decision,
            questions,
            head,
            ..
        } = waiting;
        let filter = Rc::clone(&self.filter);
        let answer = (status == 0)
            .then(|| Answer::read(&host::grpc_response(size)))
            .flatten();
        let action = match answer {
            None => self.do_without(decision, &questions, &head),
            Some(answer) => {
                filter.counting.event(if answer.is_over_limit() {
                    Event::ServiceOverLimit
                } else {
                    Event::ServiceOk
                });
                let decision = answered(decision, &questions, &answer, &filter.limits);
                let action = self.act(&decision, answer.for_client, &head);
                if action == Action::Continue {
                    host::edit_request(&added(answer.for_upstream));
                }
                action
            }
        };
        if action == Action::Continue {
            host::resume_request();
        }
    }
}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let filter = Rc::clone(&self.filter);
        if filter.limits.is_empty() {
            return Action::Continue;
        }
        let head = host::request_head(filter.needs);
        let mut decision = decide(&filter.limits, &head, filter.mode, &SharedData, host::now());
        match std::mem::replace(&mut decision.verdict, Verdict::Pass) {
            Verdict::Ask(questions) => self.ask(decision, questions, head),
            verdict => {
                decision.verdict = verdict;
                self.act(&decision, Extra::default(), &head)
            }
        }
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        if !self.fields.is_empty() {
            let remaining = host::response_header(LEGACY_REMAINING);
            let fields = std::mem::take(&mut self.fields);
            host::edit_response(&fields::edits(fields, remaining.as_deref()));
        }
        if !self.extra.is_empty() {
            host::edit_response(&added(std::mem::take(&mut self.extra)));
        }
        Action::Continue
    }
}

fn added(headers: Vec<(HeaderName, Vec<u8>)>) -> Vec<Edit> {
    headers
        .into_iter()
        .map(|(name, value)| Edit::Add(name.as_str().to_owned(), value))
        .collect()
}
