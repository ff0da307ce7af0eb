//! Applies a decision: the request passes, is answered, or waits.

use super::RateLimit;
use super::state::{Asked, State};
use crate::decision::{AnswerCharged, Decision, Pending, Refusal, Verdict, charge_answer};
use crate::events::Event;
use crate::few::Few;
use crate::fields::{FieldStyle, Fields, Standing};
use crate::reply::{self, Extra};
use filter_kit::host::{self, SharedData};
use filter_kit::pipeline::Flow;
use filter_kit::reply::LocalReply;
use filter_kit::request::Request;
use filter_kit::response::Response;

/// The request header that tells the upstream which limits a request exceeds.
const EXCEEDED: &str = "x-ratelimit-exceeded";

impl RateLimit {
    /// Applies a decision. `extra` comes from the rate limit service, if it was asked.
    pub(super) fn apply(
        &self,
        mut decision: Decision,
        extra: Extra,
        request: &mut Request,
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
                // The request is not in progress any more, and there is no response.
                state.rest = None;
                Flow::Reply(self.refusal(&refusal, &decision, extra, request))
            }
            Verdict::Pass | Verdict::Exempt => {
                self.pass(&mut decision, request, state);
                if !extra.headers.is_empty() {
                    state.rest().asked = Some(Asked::Answered(extra.headers));
                }
                Flow::Continue
            }
        }
    }

    pub(super) fn pass(&self, decision: &mut Decision, request: &mut Request, state: &mut State) {
        self.counting.count(decision, request);
        if self.annotates {
            self.annotate(decision, request);
        }
        if self.fields != FieldStyle::None {
            state.standings = std::mem::take(&mut decision.standings);
        }
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
        let limit = limit.map(|counted| &counted.limit);
        let name = limit.map_or("", |limit| limit.name.as_str());
        let response = limit.and_then(|limit| limit.response.as_ref());
        reply::reply(
            &refusal.reason,
            name,
            &fields,
            extra,
            response.unwrap_or(&self.response),
            request,
        )
    }

    /// Charges the response, and writes its fields.
    #[inline(never)]
    pub(super) fn respond(&self, response: &mut Response, state: &mut State) {
        let mut asked = None;
        if let Some(rest) = state.rest.as_deref_mut() {
            if let Some(held) = &mut rest.held {
                self.charge_answers(held.take_charges(), response, &mut state.standings);
            }
            asked = rest.asked.as_ref();
        }
        let extra = match asked {
            Some(Asked::Answered(extra)) => extra.as_slice(),
            _ => &[],
        };
        // The rate limit service sets these itself.
        let is_given = |name: &str| extra.iter().any(|(other, _)| other.as_str() == name);
        let fields = self.fields(&state.standings, None, self.buffer.take());
        fields.write(response, is_given);
        self.buffer.replace(fields.into_buffer());
        for (name, value) in extra {
            response.add(name.as_str(), value);
        }
    }

    /// Charges a response, and records what is left.
    #[inline(never)]
    fn charge_answers(
        &self,
        charges: Vec<Pending>,
        response: &Response,
        standings: &mut Few<Standing>,
    ) {
        for pending in charges {
            match charge_answer(&pending, &self.limits, response, (&SharedData, host::now())) {
                Some(AnswerCharged::Done { standing, evicted }) => {
                    if evicted {
                        self.counting.event(Event::Evicted);
                    }
                    let Some(standing) = standing else {
                        continue;
                    };
                    let mut standings = standings.iter_mut();
                    if let Some(before) = standings.find(|s| s.limit == standing.limit) {
                        *before = standing;
                    }
                }
                Some(AnswerCharged::Contended) => self.counting.event(Event::Contended),
                None => {}
            }
        }
    }

    /// Removes the annotation header from a client's request, in every spelling.
    #[inline(never)]
    pub(super) fn remove_annotations(request: &mut Request) {
        request.edit(|headers| {
            headers.remove(EXCEEDED);
            headers.remove_look_alikes(EXCEEDED);
        });
    }

    /// Tells the upstream which limits a request exceeds.
    #[inline(never)]
    fn annotate(&self, decision: &Decision, request: &mut Request) {
        let names: Vec<&str> = decision
            .annotated()
            .filter_map(|index| self.limits.get(index))
            .map(|counted| counted.limit.name.as_str())
            .collect();
        if !names.is_empty() {
            request.edit(|headers| headers.set(EXCEEDED, names.join(", ").as_bytes()));
        }
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
