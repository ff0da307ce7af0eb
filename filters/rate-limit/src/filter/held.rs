//! What a request holds until it has ended, and who gives it back.

use crate::decision::{Later, Pending};
use filter_kit::host::{CallFailure, CallId, HttpAnswer, SharedData, property, random_seed};
use filter_kit::pipeline::Background;
use filter_kit::store::{Holder, Lease};
use std::rc::Rc;
use std::time::Duration;

thread_local! {
    /// This VM as the holder of leases, whatever configurations it loads. Requests of an old one
    /// end after a new one has been loaded.
    static HOLDER: Rc<Holder> = Rc::new(Holder::new(random_id()));
}

/// This VM as the holder of leases.
pub(super) fn holder() -> Rc<Holder> {
    HOLDER.with(Rc::clone)
}

fn random_id() -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = random_seed();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// What a request that passed leaves to do. Its leases are given back when the host destroys the
/// stream: after the response, or a reset.
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

    /// What the answer may be charged to, once.
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

/// Whether the request did not end by itself. Then Envoy cuts it off from the upstream only after
/// this filter: the lease is given back when that is done, or there would be one more under way for
/// a moment.
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
