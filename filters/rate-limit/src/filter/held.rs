//! What a request holds until it ends, and how it is given back.

use crate::decision::{Later, Pending};
use filter_kit::host::{CallFailure, CallId, HttpAnswer, SharedData, property, random_seed};
use filter_kit::pipeline::Background;
use filter_kit::store::{Holder, Lease};
use std::rc::Rc;
use std::time::Duration;

thread_local! {
    /// This VM as a holder of leases, across configurations. Requests of an old configuration may
    /// end after a new one was loaded.
    static HOLDER: Rc<Holder> = Rc::new(Holder::new(random_id()));
}

/// Returns this VM as a holder of leases.
pub(super) fn holder() -> Rc<Holder> {
    HOLDER.with(Rc::clone)
}

fn random_id() -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = random_seed();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// What remains to be done for a request that passed. Its leases are given back when the host
/// destroys the stream: after the response, or a reset.
#[derive(Debug)]
pub(super) struct Held {
    holder: Rc<Holder>,
    charges: Vec<Pending>,
    leases: Vec<Lease>,
}

impl Held {
    pub(super) fn new(later: Later) -> Self {
        Self {
            holder: holder(),
            charges: later.charges,
            leases: later.leases,
        }
    }

    /// Takes the buckets that the response may be charged to.
    pub(super) fn take_charges(&mut self) -> Vec<Pending> {
        std::mem::take(&mut self.charges)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.leases.is_empty() {
            return;
        }
        let is_cut = is_cut();
        for lease in std::mem::take(&mut self.leases) {
            if is_cut {
                self.holder.release_later(lease);
            } else {
                self.holder.release(&SharedData, lease);
            }
        }
    }
}

/// Whether the request was aborted. Envoy then disconnects it from the upstream only after this
/// filter is done. The lease must be given back after that, or for a moment there would be one more
/// request in progress.
fn is_cut() -> bool {
    property(b"response\0flags").is_some_and(|flags| flags.iter().any(|byte| *byte != 0))
}

/// Renews the leases of this VM.
#[derive(Debug)]
pub(super) struct Leases(pub(super) Rc<Holder>);

impl Background for Leases {
    fn max_waiting(&self) -> usize {
        0
    }

    fn on_tick(&self, now: Duration) {
        self.0.tick(&SharedData, now);
    }

    fn on_answer(&self, _: CallId, _: Result<HttpAnswer, CallFailure>, _: Duration) {}

    fn max_answer_bytes(&self) -> usize {
        0
    }

    fn news(&self) -> u64 {
        0
    }

    fn tick_in(&self, _: Duration, _: bool) -> Option<Duration> {
        self.0.tick_in()
    }
}
