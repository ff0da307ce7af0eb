//! A filter on one worker: what its requests and its background work share. First decisions are
//! made here; [`again`] handles requests that have waited.

mod again;

use super::waiting::{Held, Place, Waiting};
use super::{Background, Filter, Flow, MAX_WAITS, Wait, Wake, explain_reply, report_edits};
use crate::config::FilterConfig as _;
use crate::explain;
use crate::host::{self, CallFailure, CallId, HttpAnswer, Map};
use crate::reply::{Client, LocalReply};
use crate::request::Request;
use crate::values::Mode;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// A filter and its root context.
pub(super) struct Worker<F: Filter> {
    root: u32,
    pub(super) filter: F,
    waiting: Waiting<F::State>,
    /// The background's news when waiting requests were last decided on.
    considered: Cell<u64>,
    tick: Cell<Option<Duration>>,
}

/// What happened to a request.
pub(super) enum Outcome<S> {
    /// It continued to the next filter, and leaves this state for its response.
    Passed(S),
    /// It was answered.
    Answered(S),
    /// It waits.
    Waits(Rc<Place<S>>),
}

impl<F: Filter> Worker<F> {
    /// Must be called in `on_configure` of the root context.
    pub(super) fn new(root: u32, filter: F) -> Self {
        let worker = Self {
            root,
            filter,
            waiting: Waiting::default(),
            considered: Cell::new(0),
            tick: Cell::new(None),
        };
        if let Some(background) = worker.filter.background() {
            worker.tick_every(background.tick_in(host::now(), false));
        }
        worker
    }

    /// Decides on a request. Must be called in `on_http_request_headers` of its stream. Returns
    /// `None` if the request continues; its state then stays in place.
    pub(super) fn on_request(
        &self,
        stream: u32,
        state: &mut F::State,
        has_more: bool,
    ) -> Option<Outcome<F::State>> {
        let mut request = Request::of_host(has_more);
        let flow = self.filter.on_request(&mut request, state);
        if matches!(flow, Flow::Continue) {
            self.write(&request);
            self.after_request(stream);
            if host::tells_decisions() {
                explain::debug(F::Config::FILTER, "passed", &request);
            }
            return None;
        }
        Some(self.follow(flow, stream, request, std::mem::take(state)))
    }

    /// Must be called in `on_tick` of the root context.
    pub(super) fn on_tick(&self) {
        if let Some(background) = self.filter.background() {
            let now = host::now();
            background.on_tick(now);
            self.see_to_waiting(now);
        }
    }

    /// Must be called in `on_http_call_response` of the root context.
    pub(super) fn on_http_answer(&self, call: CallId, headers: usize, body_size: usize) {
        if let Some(background) = self.filter.background() {
            let now = host::now();
            let answer: Result<HttpAnswer, CallFailure> =
                host::http_answer(headers, body_size, background.max_answer_bytes());
            background.on_answer(call, answer, now);
            self.see_to_waiting(now);
        }
    }

    fn follow(
        &self,
        flow: Flow,
        stream: u32,
        request: Request,
        state: F::State,
    ) -> Outcome<F::State> {
        if !matches!(flow, Flow::Continue) {
            return self.follow_elsewhere(flow, stream, request, state);
        }
        self.write(&request);
        self.after_request(stream);
        Outcome::Passed(state)
    }

    /// Handles replies and waiting requests, separately from the common case.
    #[inline(never)]
    fn follow_elsewhere(
        &self,
        mut flow: Flow,
        stream: u32,
        mut request: Request,
        mut state: F::State,
    ) -> Outcome<F::State> {
        for _ in 0..MAX_WAITS {
            match flow {
                Flow::Continue => break,
                Flow::Reply(reply) if self.filter.mode() == Mode::Report => {
                    self.explain(&reply, &request);
                    request.forget_edits();
                    break;
                }
                Flow::Reply(reply) => {
                    self.explain(&reply, &request);
                    host::send(&reply, client_of(&mut request));
                    self.after_request(stream);
                    return Outcome::Answered(state);
                }
                Flow::Wait(wait) => match self.admit(wait) {
                    Ok((until, call)) => {
                        let held = Held {
                            request: Some(request),
                            state,
                        };
                        let place = Rc::new(Place::new(stream, until, call, held));
                        if call.is_none() {
                            self.waiting.admit(&place);
                        }
                        self.after_request(stream);
                        return Outcome::Waits(place);
                    }
                    Err(wake) => flow = self.filter.on_resume(&mut request, &mut state, wake),
                },
            }
        }
        self.write(&request);
        self.after_request(stream);
        Outcome::Passed(state)
    }

    /// Starts waiting. Returns until when, and for which call.
    fn admit(&self, wait: Wait) -> Result<(Duration, Option<u32>), Wake> {
        match wait {
            Wait::Call(call) => {
                let token = host::grpc_call(&call).ok_or(Wake::Answer(None))?;
                Ok((Duration::MAX, Some(token)))
            }
            Wait::News(_) if self.filter.mode() == Mode::Report => Err(Wake::TimeUp),
            Wait::News(until) => {
                let max = self.filter.background().map_or(0, |b| b.max_waiting());
                if self.waiting.has_room(max) {
                    if let Some(background) = self.filter.background() {
                        background.on_wait();
                    }
                    Ok((until, None))
                } else {
                    Err(Wake::Full)
                }
            }
        }
    }

    fn explain(&self, reply: &LocalReply, request: &Request) {
        explain_reply(F::Config::FILTER, self.filter.mode(), reply, request);
    }

    fn write(&self, request: &Request) {
        let Some(headers) = request.edited() else {
            return;
        };
        match self.filter.mode() {
            Mode::Enforce => host::write(Map::Request, headers),
            Mode::Report => report_edits(F::Config::FILTER, "request", None, Some(headers)),
        }
    }

    /// Called after a request, which may have given the background something to do sooner. Must be
    /// called in a callback of its stream, or acting for it.
    fn after_request(&self, stream: u32) {
        if let Some(background) = self.filter.background() {
            self.tick_sooner(background, stream);
        }
    }

    #[inline(never)]
    fn tick_sooner(&self, background: &dyn Background, stream: u32) {
        let wanted = background.tick_in(host::now(), !self.waiting.is_empty());
        let is_sooner = match (wanted, self.tick.get()) {
            (Some(wanted), Some(tick)) => wanted < tick,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if is_sooner {
            host::act_for(self.root, stream, || self.tick_every(wanted));
        }
    }

    fn tick_every(&self, period: Option<Duration>) {
        if self.tick.replace(period) != period {
            host::tick_every(period);
        }
    }
}

/// Returns the client of a request as received, because the edits of an answered request are
/// dropped.
fn client_of(request: &mut Request) -> Client {
    if request.is_changed() {
        request.forget_edits();
    }
    request.client()
}
