//! Requests that wait for the rate limit service.

use super::RateLimit;
use super::state::{Asked, State};
use crate::config::OnError;
use crate::decision::{Decision, Question, without_service};
use crate::events::Event;
use crate::reply::Extra;
use crate::service::{Answer, answered};
use filter_kit::host::SharedData;
use filter_kit::pipeline::{Flow, Wait, Wake};
use filter_kit::request::Request;

impl RateLimit {
    /// Asks the rate limit service, and lets the request wait.
    pub(super) fn ask(
        &self,
        decision: Decision,
        questions: Vec<Question>,
        request: &mut Request,
        state: &mut State,
    ) -> Flow {
        let Some(service) = &self.service else {
            return self.do_without(decision, &questions, request, state);
        };
        let call = service.call(&questions);
        state.rest().asked = Some(Asked::Waits(decision, questions));
        Flow::Wait(Wait::Call(call))
    }

    /// Resumes when the rate limit service has answered, or has failed.
    #[inline(never)]
    pub(super) fn resume(&self, request: &mut Request, state: &mut State, wake: Wake) -> Flow {
        let asked = state.rest.as_mut().and_then(|rest| rest.asked.take());
        let Some(Asked::Waits(decision, questions)) = asked else {
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

    /// Continues without an answer of the rate limit service.
    fn do_without(
        &self,
        decision: Decision,
        questions: &[Question],
        request: &mut Request,
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
}
