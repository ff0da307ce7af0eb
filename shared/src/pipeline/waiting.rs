//! Requests that wait for news. Each is taken out by one caller, which decides on it or puts it
//! back.
//!
//! The stream owns its place. When the stream ends, the place is dropped, and nothing is done for
//! it.

use crate::request::Request;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

/// The place of a request that waits, and of the state that it leaves when it continues.
pub(super) struct Place<S> {
    /// The context of its stream.
    pub(super) stream: u32,
    /// The time until which it waits for news.
    pub(super) until: Cell<Duration>,
    /// The token of the call that it waits for.
    pub(super) call: Cell<Option<u32>>,
    is_answered: Cell<bool>,
    held: RefCell<Held<S>>,
}

/// A request and its state, while no callback uses them.
pub(super) struct Held<S> {
    /// `None` once the request has continued or was answered.
    pub(super) request: Option<Request>,
    pub(super) state: S,
}

impl<S: Default> Place<S> {
    pub(super) fn new(stream: u32, until: Duration, call: Option<u32>, held: Held<S>) -> Self {
        Self {
            stream,
            until: Cell::new(until),
            call: Cell::new(call),
            is_answered: Cell::new(false),
            held: RefCell::new(held),
        }
    }

    /// Takes the request out; `None` if it is not waiting any more.
    pub(super) fn take(&self) -> Option<(Request, S)> {
        let mut held = self.held.borrow_mut();
        let request = held.request.take()?;
        Some((request, std::mem::take(&mut held.state)))
    }

    /// Puts back a request that waits again, or keeps waiting.
    pub(super) fn put_back(&self, until: Duration, call: Option<u32>, request: Request, state: S) {
        self.until.set(until);
        self.call.set(call);
        *self.held.borrow_mut() = Held {
            request: Some(request),
            state,
        };
    }

    /// Stores the state for the response.
    pub(super) fn leave(&self, state: S) {
        self.held.borrow_mut().state = state;
    }

    /// Takes the state out.
    pub(super) fn take_state(&self) -> S {
        std::mem::take(&mut self.held.borrow_mut().state)
    }

    /// Marks the request as answered by the filter.
    pub(super) fn answer(&self) {
        self.is_answered.set(true);
    }

    /// Whether the request still waits, or was answered after it had waited.
    pub(super) fn is_held(&self) -> bool {
        self.is_answered.get() || self.held.borrow().request.is_some()
    }
}

/// The places of all requests that wait for news on this worker.
pub(super) struct Waiting<S>(RefCell<Vec<Weak<Place<S>>>>);

impl<S> Default for Waiting<S> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<S: Default> Waiting<S> {
    /// Whether one more request may wait, of at most `max`.
    pub(super) fn has_room(&self, max: usize) -> bool {
        let mut places = self.0.borrow_mut();
        if places.len() >= max {
            places.retain(|place| place.strong_count() > 0);
        }
        places.len() < max
    }

    pub(super) fn admit(&self, place: &Rc<Place<S>>) {
        self.0.borrow_mut().push(Rc::downgrade(place));
    }

    /// Takes out all requests whose streams still exist, in order of arrival.
    pub(super) fn take(&self) -> Vec<Rc<Place<S>>> {
        let places = self.0.take();
        places.iter().filter_map(Weak::upgrade).collect()
    }

    /// Whether no request waits. A request whose stream has ended counts until all are taken out.
    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }
}
