//! The context of a stream, the same for every filter.

use super::waiting::Place;
use super::worker::{Outcome, Worker};
use super::{Filter, Next, report_edits};
use crate::config::FilterConfig as _;
use crate::host::{self, Map};
use crate::response::Response;
use crate::values::Mode;
use std::rc::Rc;

/// The context of a stream.
pub(crate) struct Stream<F: Filter> {
    context: u32,
    worker: Rc<Worker<F>>,
    phase: Phase<F::State>,
}

/// The state of a request.
enum Phase<S> {
    /// It has not arrived yet, or it has continued.
    Open(S),
    /// The filter has answered it.
    Answered(S),
    /// It is waiting, or has waited.
    Waits(Rc<Place<S>>),
}

impl<F: Filter> Stream<F> {
    /// Must not call the host: the call would act for another context.
    pub(super) fn new(context: u32, worker: Rc<Worker<F>>) -> Self {
        Self {
            context,
            worker,
            phase: Phase::Open(F::State::default()),
        }
    }

    fn enter(&mut self, outcome: Outcome<F::State>) -> Next {
        let (phase, action) = match outcome {
            Outcome::Passed(state) => (Phase::Open(state), Next::Continue),
            Outcome::Answered(state) => (Phase::Answered(state), Next::Pause),
            Outcome::Waits(place) => (Phase::Waits(place), Next::Pause),
        };
        self.phase = phase;
        action
    }

    /// With `allow_on_headers_stop_iteration` Envoy passes on body and trailers of a paused
    /// request. They wait with the request; after a reply, they are held back for good.
    pub(crate) fn hold(&self) -> Next {
        match &self.phase {
            Phase::Answered(_) => Next::Pause,
            Phase::Waits(place) if place.is_held() => Next::Pause,
            Phase::Open(_) | Phase::Waits(_) => Next::Continue,
        }
    }
}

impl<F: Filter> Stream<F> {
    /// Handles the trailers of the request.
    pub(crate) fn on_request_trailers(&self) {
        let filter = &self.worker.filter;
        let mut trailers = host::map(Map::RequestTrailers);
        filter.on_request_trailers(&mut trailers);
        if trailers.is_changed() {
            match filter.mode() {
                Mode::Enforce => host::write(Map::RequestTrailers, &trailers),
                Mode::Report => report_edits(
                    F::Config::FILTER,
                    "request's trailers",
                    None,
                    Some(&trailers),
                ),
            }
        }
    }

    /// Handles the headers of the request; `has_more` says whether a body or trailers follow.
    pub(crate) fn on_request(&mut self, has_more: bool) -> Next {
        let mut other;
        let state = match &mut self.phase {
            Phase::Open(state) => state,
            Phase::Answered(_) | Phase::Waits(_) => {
                other = F::State::default();
                &mut other
            }
        };
        match self.worker.on_request(self.context, state, has_more) {
            None => Next::Continue,
            Some(outcome) => self.enter(outcome),
        }
    }

    /// Handles the answer to a gRPC call of this stream, or its failure.
    pub(crate) fn on_grpc_answer(&mut self, token: u32, status: u32, size: usize) {
        let Phase::Waits(place) = &self.phase else {
            return;
        };
        if place.call.get() != Some(token) {
            return;
        }
        let answer = (status == 0).then(|| host::grpc_answer(size));
        let Some(outcome) = self.worker.on_answer(place, answer) else {
            return;
        };
        if self.enter(outcome) == Next::Continue {
            host::resume_request();
        }
    }

    /// Handles the headers of the response.
    pub(crate) fn on_response(&mut self) {
        let mut waited;
        let state = match &mut self.phase {
            Phase::Open(state) | Phase::Answered(state) => state,
            Phase::Waits(place) => {
                waited = place.take_state();
                &mut waited
            }
        };
        let filter = &self.worker.filter;
        let mut response = Response::of_host(filter.mode());
        filter.on_response(&mut response, state);
        if let Some(headers) = response.edited() {
            match filter.mode() {
                Mode::Enforce => host::write(Map::Response, headers),
                Mode::Report => report_edits(F::Config::FILTER, "response", None, Some(headers)),
            }
        }
    }
}
