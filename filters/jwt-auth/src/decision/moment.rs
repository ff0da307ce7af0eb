//! What a decision depends on beside the request: the time, and the keys that are here by now.

use crate::keys::KeySet;
use std::rc::Rc;
use std::time::Duration;

/// The keys of a provider at this moment.
#[derive(Debug, Clone)]
pub enum KeyState {
    /// They are here.
    Here {
        /// The keys.
        set: Rc<KeySet>,
        /// Whether a token that no key verifies is a reason to fetch them again, and to wait.
        may_change: bool,
    },
    /// They are not.
    NotHere {
        /// Whether they are on their way.
        may_change: bool,
    },
}

/// The surroundings of one decision.
pub struct Moment<'m> {
    /// The wall clock, since the epoch.
    pub now: Duration,
    /// The same clock, read again: how long a verification took.
    pub clock: &'m dyn Fn() -> Duration,
    /// The keys of the provider at this place of the list.
    pub keys: &'m dyn Fn(usize) -> KeyState,
    /// Whether the request may wait for keys.
    pub patient: bool,
}
