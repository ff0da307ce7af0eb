//! The filter on one worker, and a request on its way through it: what is decided elsewhere is applied here.

use crate::config::{Config, OnError};
use crate::decision::{Checks, Decision, Question, Refusal, Verdict, decide, without_service};
use crate::events::{Counting, Event};
use crate::few::Few;
use crate::fields::{FieldStyle, Fields, Standing};
use crate::limits::{Limits, Plugin, Tables};
use crate::reply::{self, Extra};
use crate::service::{Answer, Service, answered};
use filter_kit::host::{SharedData, random_seed};
use filter_kit::pipeline::{Callbacks, Filter, Flow, Wait, Wake};
use filter_kit::reply::{LocalReply, ReplyTemplate};
use filter_kit::request::Request;
use filter_kit::response::Response;
use filter_kit::values::HeaderName;
use std::cell::RefCell;

/// The filter on one worker.
#[derive(Debug)]
pub struct RateLimit {
    checks: Checks,
    limits: Limits,
    fields: FieldStyle,
    response: ReplyTemplate,
    service: Option<Service>,
    counting: Counting,
    /// For the fields of a response.
    buffer: RefCell<Vec<u8>>,
}

/// What a request leaves for its response, or for the answer of the rate limit service.
#[derive(Debug, Default)]
pub struct State {
    /// For the fields.
    standings: Few<Standing>,
    asked: Option<Box<Asked>>,
}

/// What a request leaves that the rate limit service is asked about.
#[derive(Debug)]
enum Asked {
    /// It waits for the answer.
    Waits(Decision, Vec<Question>),
    /// Headers of the answer, for the response.
    Answered(Vec<(HeaderName, Vec<u8>)>),
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
        Self::new_nth(config, 0)
    }

    fn new_nth(config: Config, nth: usize) -> Self {
        let counting = Counting::define(&config.limits);
        let tables = Tables {
            max_keys: config.max_keys,
            plugin: Plugin::of_host(nth),
            seed: random_seed(),
        };
        let limits = Limits::new(config.limits, config.exempt, &tables, &SharedData);
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
            buffer: RefCell::default(),
        }
    }

    // `mode()` stays `Enforce`: limits have modes of their own, and what is not enforced makes no edit and no reply.

    fn on_request(&self, request: &mut Request, state: &mut State) -> Flow {
        if self.limits.is_empty() {
            return Flow::Continue;
        }
        let mut decision = decide(&self.limits, request, self.checks, &SharedData, || {
            request.now()
        });
        if matches!(decision.verdict, Verdict::Pass) {
            self.pass(&mut decision, request, state);
            return Flow::Continue;
        }
        self.apply(decision, Extra::default(), request, state)
    }

    /// The rate limit service has answered, or will not.
    fn on_resume(&self, request: &mut Request, state: &mut State, wake: Wake) -> Flow {
        let Some(Asked::Waits(decision, questions)) = state.asked.take().map(|asked| *asked) else {
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
        let flow = self.apply(decision, answer.for_client, request, state);
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
        if state.standings.is_empty() && state.asked.is_none() {
            return;
        }
        let extra = match state.asked.as_deref() {
            Some(Asked::Answered(extra)) => extra.as_slice(),
            _ => &[],
        };
        // Those that the rate limit service gives itself are left to it.
        let is_given = |name: &str| extra.iter().any(|(other, _)| other.as_str() == name);
        let fields = self.fields(&state.standings, None, self.buffer.take());
        fields.write(response, is_given);
        self.buffer.replace(fields.into_buffer());
        for (name, value) in extra {
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
        state.asked = Some(Box::new(Asked::Waits(decision, questions)));
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
        self.apply(decision, Extra::default(), request, state)
    }

    /// Applies what was decided. `extra` is of the rate limit service, where it was asked.
    fn apply(
        &self,
        mut decision: Decision,
        extra: Extra,
        request: &Request,
        state: &mut State,
    ) -> Flow {
        match &mut decision.verdict {
            Verdict::Ask(questions) => {
                let questions = std::mem::take(questions);
                self.ask(decision, questions, request, state)
            }
            Verdict::Refuse(refusal) => {
                let refusal = refusal.clone();
                self.counting.count(&decision, request);
                Flow::Reply(self.refusal(&refusal, &decision, extra, request))
            }
            Verdict::Pass | Verdict::Exempt => {
                self.pass(&mut decision, request, state);
                if !extra.headers.is_empty() {
                    state.asked = Some(Box::new(Asked::Answered(extra.headers)));
                }
                Flow::Continue
            }
        }
    }

    fn pass(&self, decision: &mut Decision, request: &Request, state: &mut State) {
        self.counting.count(decision, request);
        state.standings = std::mem::take(&mut decision.standings);
    }

    fn refusal(
        &self,
        refusal: &Refusal,
        decision: &Decision,
        extra: Extra,
        request: &Request,
    ) -> LocalReply {
        let fields = self.fields(&decision.standings, refusal.limit, Vec::new());
        let limit = refusal.limit.and_then(|index| self.limits.get(index));
        let name = limit.map_or("", |(limit, _)| limit.name.as_str());
        reply::reply(
            &refusal.reason,
            name,
            &fields,
            extra,
            &self.response,
            request,
        )
    }

    fn fields(
        &self,
        standings: &[Standing],
        refused_by: Option<usize>,
        buffer: Vec<u8>,
    ) -> Fields<'_> {
        let label = |limit| self.limits.label(limit);
        Fields::new(self.fields, standings, refused_by, label, buffer)
    }
}

#[cfg(test)]
mod tests;
