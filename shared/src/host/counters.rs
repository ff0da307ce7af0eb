//! Counters of the host.

use super::abi;
use crate::metrics::Event;
use std::cell::RefCell;
use std::collections::HashMap;
use std::marker::PhantomData;

/// A counter of the host. Where the host would not define it, counting does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter(Option<u32>);

thread_local! {
    /// Counters of this VM. Every definition makes Envoy keep one more, so each name is defined once, however often the
    /// configuration is loaded.
    static DEFINED: RefCell<HashMap<String, Counter>> = RefCell::default();
}

impl Counter {
    /// Defines a counter; the same name gives the same counter. At load, never per request.
    #[must_use]
    pub fn define(name: &str) -> Self {
        if let Some(defined) = DEFINED.with_borrow(|defined| defined.get(name).copied()) {
            return defined;
        }
        let counter = Self(abi::define_counter(name));
        DEFINED.with_borrow_mut(|defined| defined.insert(name.to_owned(), counter));
        counter
    }

    /// Adds one.
    pub fn increment(self) {
        if let Some(id) = self.0 {
            // A host that does not count is no reason to fail a request.
            let _ = abi::increment(id, 1);
        }
    }
}

/// The counters of a filter's [`Event`]s.
#[derive(Debug, Clone)]
pub struct Counters<E> {
    counters: Vec<Counter>,
    events: PhantomData<E>,
}

impl<E: Event> Counters<E> {
    /// Defines the counters of all events.
    #[must_use]
    pub fn define() -> Self {
        Self {
            counters: E::ALL
                .iter()
                .map(|event| Counter::define(event.name()))
                .collect(),
            events: PhantomData,
        }
    }

    /// Counts an event.
    pub fn increment(&self, event: E) {
        if let Some(counter) = self.counters.get(event.index()) {
            counter.increment();
        }
    }
}
