//! The filter on one worker, and a request on its way through it: what is decided elsewhere is applied here.

use crate::config::{Config, OnError};
use crate::decision::{Checks, Decision, Question, Refusal, Verdict, decide, without_service};
use crate::events::{Counting, Event};
use crate::fields::{self, Field, FieldStyle};
use crate::limits::Limits;
use crate::reply::{self, Extra};
use crate::service::{Answer, Service, answered};
use filter_kit::host::{SharedData, random_seed};
use filter_kit::pipeline::{Callbacks, Filter, Flow, Wait, Wake};
use filter_kit::reply::{LocalReply, ReplyTemplate};
use filter_kit::request::Request;
use filter_kit::response::Response;
use filter_kit::values::HeaderName;

/// The filter on one worker.
#[derive(Debug)]
pub struct RateLimit {
    checks: Checks,
    limits: Limits,
    fields: FieldStyle,
    response: ReplyTemplate,
    service: Option<Service>,
    counting: Counting,
}

/// What a request leaves for its response, or for the answer of the rate limit service.
#[derive(Debug, Default)]
pub struct State {
    fields: Vec<Field>,
    /// From the rate limit service.
    extra: Vec<(HeaderName, Vec<u8>)>,
    waiting: Option<(Decision, Vec<Question>)>,
}

impl Filter for RateLimit {
    type Config = Config;
    type State = State;

    const CALLBACKS: Callbacks = Callbacks {
        waiting: true,
        grpc: true,
        ..Callbacks::HEADS
    };

    fn new(config: Config) -> Self {
        let counting = Counting::define(&config.limits);
        let limits = Limits::new(
            config.limits,
            config.exempt,
            config.max_keys,
            &SharedData,
            random_seed(),
        );
        Self {
            checks: Checks {
                mode: config.mode,
                looks_at_host: limits.looks_at_host() || config.response.looks_at_host(),
            },
            limits,
            fields: config.fields,
            response: config.response,
            service: config.service,
            counting,
        }
    }

    // `mode()` stays `Enforce`: limits have modes of their own, and what is not enforced makes no edit and no reply.

    fn on_request(&self, request: &mut Request, state: &mut State) -> Flow {
        if self.limits.is_empty() {
            return Flow::Continue;
        }
        let now = request.now();
        let mut decision = decide(&self.limits, request, self.checks, &SharedData, now);
        match std::mem::replace(&mut decision.verdict, Verdict::Pass) {
            Verdict::Ask(questions) => self.ask(decision, questions, request, state),
            verdict => {
                decision.verdict = verdict;
                self.apply(&decision, Extra::default(), request, state)
            }
        }
    }

    /// The rate limit service has answered, or will not.
    fn on_resume(&self, request: &mut Request, state: &mut State, wake: Wake) -> Flow {
        let Some((decision, questions)) = state.waiting.take() else {
            return Flow::Continue;
        };
        let Wake::Answer(Some(bytes)) = wake else {
            return self.do_without(decision, &questions, request, state);
        };
        let Some(answer) = Answer::read(&bytes) else {
            return self.do_without(decision, &questions, request, state);
        };
        self.counting.event(if answer.is_over_limit() {
            Event::ServiceOverLimit
        } else {
            Event::ServiceOk
        });
        let decision = answered(decision, &questions, &answer, &self.limits);
        let flow = self.apply(&decision, answer.for_client, request, state);
        if flow == Flow::Continue && !answer.for_upstream.is_empty() {
            request.edit(|headers| {
                for (name, value) in &answer.for_upstream {
                    headers.add(name.as_str(), value);
                }
            });
        }
        flow
    }

    fn on_response(&self, response: &mut Response, state: &mut State) {
        let State { fields, extra, .. } = std::mem::take(state);
        if fields.is_empty() && extra.is_empty() {
            return;
        }
        fields::write(&fields, response);
        for (name, value) in &extra {
            response.add(name.as_str(), value);
        }
    }
}

impl RateLimit {
    /// Asks the rate limit service, and lets the request wait.
    fn ask(
        &self,
        decision: Decision,
        questions: Vec<Question>,
        request: &Request,
        state: &mut State,
    ) -> Flow {
        let Some(service) = &self.service else {
            return self.do_without(decision, &questions, request, state);
        };
        let call = service.call(&questions);
        state.waiting = Some((decision, questions));
        Flow::Wait(Wait::Call(call))
    }

    /// The rate limit service has no answer.
    fn do_without(
        &self,
        decision: Decision,
        questions: &[Question],
        request: &Request,
        state: &mut State,
    ) -> Flow {
        self.counting.event(Event::ServiceError);
        let on_error = self.service.as_ref().map(|service| service.on_error);
        let decision = without_service(
            decision,
            questions,
            &self.limits,
            on_error.unwrap_or(OnError::Refuse),
            (&SharedData, request.now()),
        );
        self.apply(&decision, Extra::default(), request, state)
    }

    /// Applies what was decided; the rate limit service has been asked.
    fn apply(
        &self,
        decision: &Decision,
        extra: Extra,
        request: &Request,
        state: &mut State,
    ) -> Flow {
        self.counting.count(decision);
        match &decision.verdict {
            Verdict::Refuse(refusal) => {
                Flow::Reply(self.refusal(refusal, decision, extra, request))
            }
            Verdict::Pass | Verdict::Exempt | Verdict::Ask(_) => {
                state.fields = self.fields(decision, &extra.headers);
                state.extra = extra.headers;
                Flow::Continue
            }
        }
    }

    fn refusal(
        &self,
        refusal: &Refusal,
        decision: &Decision,
        extra: Extra,
        request: &Request,
    ) -> LocalReply {
        let fields = self.fields(decision, &extra.headers);
        let limit = refusal.limit.and_then(|index| self.limits.get(index));
        let name = limit.map_or("", |(limit, _)| limit.name.as_str());
        reply::reply(
            &refusal.reason,
            name,
            fields,
            extra,
            &self.response,
            request,
        )
    }

    /// The fields of a response, but for those that the rate limit service gives itself.
    fn fields(&self, decision: &Decision, extra: &[(HeaderName, Vec<u8>)]) -> Vec<Field> {
        let mut fields = fields::fields(self.fields, &decision.standings);
        fields.retain(|(name, _)| !extra.iter().any(|(other, _)| other.as_str() == *name));
        fields
    }
}

#[cfg(test)]
mod tests;
