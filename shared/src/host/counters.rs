//! Counters of the host.

use super::abi;
use crate::metrics::Event;
use crate::values::Mode;
use std::cell::RefCell;
use std::collections::HashMap;
use std::marker::PhantomData;

/// A counter of the host. If the host refused to define it, counting has no effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counter(Option<u32>);

thread_local! {
    /// The counters of this VM. Envoy keeps a counter for every definition, so each name is defined
    /// once, however often the configuration is loaded.
    static DEFINED: RefCell<HashMap<String, Counter>> = RefCell::default();
}

impl Counter {
    /// Defines a counter. The same name returns the same counter. Call it when a configuration is
    /// loaded, never per request.
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
            // A counter that the host fails to increment is not a reason to fail a request.
            let _ = abi::increment(id, 1);
        }
    }
}

/// The counters of a filter's [`Event`]s.
#[derive(Debug, Clone)]
pub struct Counters<E> {
    counters: Vec<ByMode>,
    events: PhantomData<E>,
}

/// The counters of one event.
#[derive(Debug, Clone, Copy)]
struct ByMode {
    enforced: Counter,
    reported: Counter,
}

impl<E: Event> Counters<E> {
    /// Defines the counters of all events.
    #[must_use]
    pub fn define() -> Self {
        let by_mode = |event: &E| {
            let enforced = Counter::define(event.name());
            let reported = event.reported_name().map_or(enforced, Counter::define);
            ByMode { enforced, reported }
        };
        Self {
            counters: E::ALL.iter().map(by_mode).collect(),
            events: PhantomData,
        }
    }

    /// Counts an event that has the same counter in every mode.
    pub fn increment(&self, event: E) {
        self.count(event, Mode::Enforce);
    }

    /// Counts an event. In report mode its second counter is used.
    pub fn count(&self, event: E, mode: Mode) {
        if let Some(counters) = self.counters.get(event.index()) {
            match mode {
                Mode::Enforce => counters.enforced.increment(),
                Mode::Report => counters.reported.increment(),
            }
        }
    }
}
