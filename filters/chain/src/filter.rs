//! The filter on one worker: passes each request and each response through the items.

use crate::config::Config;
use crate::item::{self, Item, ItemState};
use filter_kit::headers::Headers;
use filter_kit::pipeline::{Background, Callbacks, Filter, Flow, Wait, Wake};
use filter_kit::request::Request;
use filter_kit::response::Response;
use std::cell::Cell;

/// The filter on one worker.
pub struct Chain {
    pub(crate) items: Vec<Item>,
    has_background: bool,
    reads_requests: bool,
    /// The index of the item for which a request starts to wait.
    pub(crate) waits_for: Cell<usize>,
}

/// What a request keeps for its response, or for when it resumes after waiting.
#[derive(Default)]
pub struct State {
    /// One for each item, once the request has arrived.
    items: Vec<ItemState>,
    /// The index of the item for which it waits.
    waits_for: usize,
}

impl Filter for Chain {
    type Config = Config;
    type State = State;

    const CALLBACKS: Callbacks = item::CALLBACKS;

    fn new(config: Config) -> Self {
        let items = item::items(config.items);
        Self {
            has_background: items.iter().any(|item| item.background().is_some()),
            reads_requests: items.iter().any(Item::reads_requests),
            items,
            waits_for: Cell::new(0),
        }
    }

    // `mode()` remains `Enforce`: each item has its own mode, which is applied when the item runs.

    fn on_request(&self, request: &mut Request, state: &mut State) -> Flow {
        state.items = self.states();
        if self.reads_requests {
            let _ = request.headers();
        }
        self.follow(0, None, request, state)
    }

    fn on_resume(&self, request: &mut Request, state: &mut State, wake: Wake) -> Flow {
        self.follow(state.waits_for, Some(wake), request, state)
    }

    fn on_request_trailers(&self, trailers: &mut Headers) {
        for item in &self.items {
            item.on_request_trailers(trailers);
        }
    }

    fn on_response(&self, response: &mut Response, state: &mut State) {
        // A response may arrive without its request.
        if state.items.is_empty() {
            state.items = self.states();
        }
        for (at, (item, state)) in self.items.iter().zip(&mut state.items).enumerate().rev() {
            item.on_response(response, state, at > 0);
        }
    }

    fn background(&self) -> Option<&dyn Background> {
        self.has_background.then_some(self)
    }
}

impl Chain {
    fn states(&self) -> Vec<ItemState> {
        self.items.iter().map(Item::state).collect()
    }

    /// Passes a request through the items from `first` on. If the request has waited for that item,
    /// the item is woken.
    fn follow(
        &self,
        first: usize,
        mut wake: Option<Wake>,
        request: &mut Request,
        state: &mut State,
    ) -> Flow {
        let items = self.items.iter().zip(&mut state.items).enumerate();
        for (at, (item, item_state)) in items.skip(first) {
            let flow = item.on_request(request, item_state, wake.take());
            if matches!(flow, Flow::Continue) {
                continue;
            }
            if let Flow::Wait(Wait::Call(_) | Wait::News(_)) = flow {
                state.waits_for = at;
                self.waits_for.set(at);
            }
            return flow;
        }
        Flow::Continue
    }
}
