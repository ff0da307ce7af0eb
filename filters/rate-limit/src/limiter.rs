//! GCRA, the generic cell rate algorithm (ITU-T I.371). It stores one number per key: the time at
//! which the bucket is full again. A request passes if that time, plus its cost, is at most one
//! whole burst ahead.
//!
//! `governor` decides. The numbers are stored in a [`SlotTable`] that all workers share, so a quota
//! is exact for the process.

mod answers;
mod bucket;

use crate::quota::{Left, Quota};
use bucket::{Bucket, Instant};
use filter_kit::store::{CasStore, SlotTable, Update};
use governor::RateLimiter;
use governor::middleware::NoOpMiddleware;
use governor::state::NotKeyed;
use std::cell::Cell;
use std::convert::Infallible;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

pub(crate) use answers::Charged;

/// A quota and its buckets.
#[derive(Debug)]
pub(crate) struct Limiter {
    quota: Quota,
    /// The time in which an empty bucket fills up, in nanoseconds.
    fill: u64,
    buckets: Rc<SlotTable>,
    /// Decides on its bucket, which is both its state and its clock.
    governor: Option<Governor>,
}

/// Governor's limiter, without middleware.
type Governor = RateLimiter<NotKeyed, Bucket, Bucket, NoOpMiddleware<Instant>>;

/// The result of charging a request to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// It was charged, and passes.
    Charged {
        /// What is left.
        left: Left,
        /// Whether the bucket of another key was evicted.
        evicted: bool,
    },
    /// The quota is used up; nothing was charged.
    UsedUp {
        /// What is left.
        left: Left,
        /// How long until a request with this cost passes.
        wait: Duration,
    },
    /// The cost is more than a full bucket holds; nothing was charged.
    TooCostly {
        /// What is left.
        left: Left,
    },
    /// Nothing was charged, because too many workers changed the same buckets at the same time.
    Contended,
}

/// How far the clocks of two requests may differ that change a bucket one after the other: a worker
/// reads the clock first, and may be suspended before it reaches the bucket. Ten seconds, in
/// nanoseconds.
const HELD_UP_NANOS: u64 = 10_000_000_000;

impl Limiter {
    /// Creates a limiter with one bucket per key in `buckets`.
    #[must_use]
    pub(crate) fn new(quota: Quota, buckets: Rc<SlotTable>) -> Self {
        let bucket = Bucket::default();
        let governor = |quota| RateLimiter::new(quota, bucket.clone(), bucket.clone());
        Self {
            quota,
            fill: quota.fill_nanos(),
            buckets,
            governor: quota.governor().map(governor),
        }
    }

    /// The quota.
    #[must_use]
    pub(crate) fn quota(&self) -> &Quota {
        &self.quota
    }

    /// Charges a key if its bucket contains enough. `now` is the wall-clock time since the Unix
    /// epoch, the same for all workers. If the clock has been set back by more than ten seconds, a
    /// bucket is empty, but fills up in the usual time.
    pub(crate) fn check(
        &self,
        store: &impl CasStore,
        key: &[u8],
        cost: u32,
        now: Duration,
    ) -> Check {
        let now = Instant::at(now);
        match NonZeroU32::new(cost) {
            None => Check::Charged {
                left: self.look(store, key, now),
                evicted: false,
            },
            // Checked before governor, which multiplies cost and interval without an overflow
            // check.
            Some(cost) if cost.get() <= self.quota.burst() => self.charge(store, key, cost, now),
            Some(_) => Check::TooCostly {
                left: self.look(store, key, now),
            },
        }
    }

    fn charge(&self, store: &impl CasStore, key: &[u8], cost: NonZeroU32, now: Instant) -> Check {
        let Some(governor) = &self.governor else {
            return Check::TooCostly {
                left: self.look(store, key, now),
            };
        };
        // The time at which a bucket that is empty now is full again. A time far beyond it was
        // stored before the clock was set back.
        let empty = now.0.saturating_add(self.fill);
        let latest = empty.saturating_add(HELD_UP_NANOS);
        let is_set_back = Cell::new(false);
        let update = self.buckets.update(store, key, |stored| {
            is_set_back.set(stored.is_some_and(|full_at| full_at > latest));
            let full_at = stored.map(|full_at| if full_at > latest { empty } else { full_at });
            let bucket = governor.clock();
            bucket.set(now, full_at);
            match governor.check_n(cost) {
                Ok(Ok(())) => Ok((bucket.full_at(), bucket.full_at())),
                Ok(Err(not_until)) => Err((full_at, not_until.wait_time_from(now))),
                // Not reachable: the cost is at most the burst.
                Err(_) => Err((full_at, Duration::MAX)),
            }
        });
        match update {
            Ok(Update::Done { value, evicted }) => Check::Charged {
                left: self.left(value, now),
                evicted,
            },
            Ok(Update::Contended) => Check::Contended,
            Err((full_at, wait)) => {
                if is_set_back.get() {
                    self.begin_to_fill(store, key, empty);
                }
                Check::UsedUp {
                    left: self.left(full_at.unwrap_or_default(), now),
                    wait,
                }
            }
        }
    }

    /// Handles a clock that was set back: the bucket is empty, and fills up from now on. Without
    /// this, a refusal would leave it empty until the clock is back at the old time.
    fn begin_to_fill(&self, store: &impl CasStore, key: &[u8], empty: u64) {
        let update = self.buckets.update(store, key, |stored| {
            let full_at = stored.map_or(empty, |full_at| full_at.min(empty));
            Ok::<_, Infallible>(((), full_at))
        });
        // If other workers win the race, the next request tries again.
        let _ = update;
    }

    /// Returns what is left, without charging.
    fn look(&self, store: &impl CasStore, key: &[u8], now: Instant) -> Left {
        self.left(self.buckets.get(store, key).unwrap_or_default(), now)
    }

    fn left(&self, full_at: u64, now: Instant) -> Left {
        let latest = now.0.saturating_add(self.fill);
        self.quota.left(full_at.min(latest), now.0)
    }
}

#[cfg(test)]
mod tests;
