//! What a decision depends on besides the request: the time, and the keys that are available now.

use crate::keys::KeySet;
use std::rc::Rc;
use std::time::Duration;

/// The current keys of a provider.
#[derive(Debug, Clone)]
pub enum KeyState {
    /// They are available.
    Here {
        /// The keys.
        set: Rc<KeySet>,
        /// Whether to fetch them again, and to wait, if no key verifies a token.
        may_change: bool,
    },
    /// They are not available.
    NotHere {
        /// Whether they are being fetched.
        may_change: bool,
    },
}

/// The circumstances of one decision.
pub struct Moment<'m> {
    /// The wall-clock time since the Unix epoch.
    pub now: Duration,
    /// Reads the same clock again, to measure the time of a verification.
    pub clock: &'m dyn Fn() -> Duration,
    /// Returns the keys of the provider with this index.
    pub keys: &'m dyn Fn(usize) -> KeyState,
    /// Whether the request may wait for keys.
    pub patient: bool,
}
