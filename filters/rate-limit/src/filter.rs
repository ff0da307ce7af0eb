//! A worker's filter, and a request on its way through it: what is decided elsewhere is carried out here.

use crate::config::{Config, OnError};
use crate::counting::Counting;
use crate::decision::{decide, without_service};
use crate::events::Event;
use crate::fields::{self, Field, FieldStyle, LEGACY_REMAINING};
use crate::limits::Limits;
use crate::reply::{self, Extra};
use crate::service::{self, Answer, Service, answered};
use crate::verdict::{Decision, Question, Refusal, Verdict};
use filter_kit::headers::Edit;
use filter_kit::host::{self, SharedData};
use filter_kit::reply::ReplyTemplate;
use filter_kit::request::{Needs, RequestHead};
use filter_kit::values::{HeaderName, Mode};
use std::rc::Rc;

/// The filter on one worker.
#[derive(Debug)]
pub struct RateLimit {
    mode: Mode,
    limits: Limits,
    fields: FieldStyle,
    response: ReplyTemplate,
    service: Option<Service>,
    needs: Needs,
    counting: Counting,
}

impl RateLimit {
    /// The filter of a configuration.
    #[must_use]
    pub fn start(config: Config) -> Self {
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

    /// The fields of a response, but for those that the rate limit service gives itself.
    fn fields(&self, decision: &Decision, extra: &[(HeaderName, Vec<u8>)]) -> Vec<Field> {
        let mut fields = fields::fields(self.fields, &decision.standings);
        fields.retain(|(name, _)| !extra.iter().any(|(other, _)| other.as_str() == *name));
        fields
    }

    fn refuse(&self, refusal: &Refusal, decision: &Decision, extra: Extra, head: &RequestHead) {
        let fields = self.fields(decision, &extra.headers);
        let limit = self.limits.get(refusal.limit);
        let name = limit.map_or("", |(limit, _)| limit.name.as_str());
        let reply = reply::reply(refusal, name, fields, extra, &self.response, head);
        host::reply(&reply);
    }
}

/// What becomes of a request now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It goes on.
    Go,
    /// It waits for the rate limit service, or has been answered.
    Stay,
}

/// A request on its way through the filter.
#[derive(Debug)]
pub struct Passage {
    filter: Rc<RateLimit>,
    /// For the response.
    fields: Vec<Field>,
    /// For the response, from the rate limit service.
    extra: Vec<(HeaderName, Vec<u8>)>,
    waiting: Option<Waiting>,
}

/// A request that waits for the rate limit service.
#[derive(Debug)]
struct Waiting {
    call: u32,
    decision: Decision,
    questions: Vec<Question>,
    head: RequestHead,
}

impl Passage {
    /// Of a request that has not come yet. No host calls here: they would act for another context.
    #[must_use]
    pub fn new(filter: Rc<RateLimit>) -> Self {
        Self {
            filter,
            fields: Vec::new(),
            extra: Vec::new(),
            waiting: None,
        }
    }

    /// Its head is here. Only in `on_http_request_headers`.
    pub fn on_request(&mut self) -> Next {
        let filter = Rc::clone(&self.filter);
        if filter.limits.is_empty() {
            return Next::Go;
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

    /// The call has ended: with the bytes of an answer, or without. Only in `on_grpc_call_response`.
    pub fn on_answer(&mut self, call: u32, answer: impl Fn() -> Option<Vec<u8>>) -> Next {
        let Some(Waiting {
            decision,
            questions,
            head,
            ..
        }) = self.waiting.take_if(|waiting| waiting.call == call)
        else {
            return Next::Stay;
        };
        let filter = Rc::clone(&self.filter);
        let Some(answer) = answer().and_then(|bytes| Answer::read(&bytes)) else {
            return self.do_without(decision, &questions, &head);
        };
        filter.counting.event(if answer.is_over_limit() {
            Event::ServiceOverLimit
        } else {
            Event::ServiceOk
        });
        let decision = answered(decision, &questions, &answer, &filter.limits);
        let next = self.act(&decision, answer.for_client, &head);
        if next == Next::Go {
            host::edit_request(&added(answer.for_upstream));
        }
        next
    }

    /// Its response is here. Only in `on_http_response_headers`.
    pub fn on_response(&mut self) {
        if !self.fields.is_empty() {
            let remaining = host::response_header(LEGACY_REMAINING);
            let fields = std::mem::take(&mut self.fields);
            host::edit_response(&fields::edits(fields, remaining.as_deref()));
        }
        if !self.extra.is_empty() {
            host::edit_response(&added(std::mem::take(&mut self.extra)));
        }
    }

    /// Does what was decided, but for asking the service.
    fn act(&mut self, decision: &Decision, extra: Extra, head: &RequestHead) -> Next {
        self.filter.counting.count(decision);
        match &decision.verdict {
            Verdict::Refuse(refusal) => {
                self.filter.refuse(refusal, decision, extra, head);
                Next::Stay
            }
            Verdict::Pass | Verdict::Exempt | Verdict::Ask(_) => {
                self.fields = self.filter.fields(decision, &extra.headers);
                self.extra = extra.headers;
                Next::Go
            }
        }
    }

    /// Asks the rate limit service, and lets the request wait.
    fn ask(&mut self, decision: Decision, questions: Vec<Question>, head: RequestHead) -> Next {
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
                Next::Stay
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
    ) -> Next {
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

fn added(headers: Vec<(HeaderName, Vec<u8>)>) -> Vec<Edit> {
    headers
        .into_iter()
        .map(|(name, value)| Edit::Add(name.as_str().to_owned(), value))
        .collect()
}
