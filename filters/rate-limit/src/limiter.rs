//! GCRA, the generic cell rate algorithm (ITU-T I.371): one number per key, the time at which its bucket is full again. A request is
//! let through if that time, moved on by its cost, is at most a whole burst ahead.
//!
//! `governor` decides; its state stands in a [`SlotTable`] that all workers share, so a quota is exact for the process.

use crate::quota::{Left, Quota};
use filter_kit::store::{CasStore, SlotTable, Update};
use governor::RateLimiter;
use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use std::cell::Cell;
use std::convert::Infallible;
use std::num::NonZeroU32;
use std::time::Duration;

/// A quota and its buckets.
#[derive(Debug, Clone)]
pub struct Limiter {
    quota: Quota,
    buckets: SlotTable,
}

/// The result of charging a request to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// It was charged, and passes.
    Charged {
        /// What is left.
        left: Left,
        /// Whether the bucket of another key was forgotten for it.
        evicted: bool,
    },
    /// The quota is used up; nothing was charged.
    UsedUp {
        /// What is left.
        left: Left,
        /// How long until a request of this cost passes.
        wait: Duration,
    },
    /// The cost is more than a full bucket holds.
    TooCostly,
    /// Too many workers changed the same buckets at the same time; nothing was charged.
    Contended,
}

/// How far the clocks of two requests may differ that change a bucket one after the other: a worker reads the clock first, and may be held up
/// before it comes to the bucket. In nanoseconds: ten seconds.
const HELD_UP_NANOS: u64 = 10_000_000_000;

impl Limiter {
    /// A quota for each key of `buckets`.
    #[must_use]
    pub fn new(quota: Quota, buckets: SlotTable) -> Self {
        Self { quota, buckets }
    }

    /// The quota.
    #[must_use]
    pub fn quota(&self) -> &Quota {
        &self.quota
    }

    /// Charges a key, if its bucket holds enough. `now` is the wall clock since the epoch, the same for all workers. If it has been set back
    /// by more than ten seconds, a bucket is empty for as long as it takes to fill up, and no longer.
    pub fn check(&self, store: &impl CasStore, key: &[u8], cost: u32, now: Duration) -> Check {
        let now = Instant::at(now);
        let Some(cost) = NonZeroU32::new(cost) else {
            let full_at = self.buckets.get(store, key).unwrap_or_default();
            return Check::Charged {
                left: self.left(full_at, now),
                evicted: false,
            };
        };
        // Before governor, whose product of cost and interval is not checked.
        if cost.get() > self.quota.burst() {
            return Check::TooCostly;
        }
        let Some(quota) = self.quota.governor() else {
            return Check::TooCostly;
        };
        let state = Buckets {
            store,
            table: &self.buckets,
            empty: now.0.saturating_add(self.quota.fill_nanos()),
            full_at: Cell::new(now.0),
            evicted: Cell::new(false),
            contended: Cell::new(false),
            set_back: Cell::new(false),
        };
        let limiter = Governor::new(quota, state, SharedOrigin::new(now));
        let outcome = limiter.check_key_n(&key.to_vec(), cost);
        let state = limiter.into_state_store();
        let left = self.left(state.full_at.get(), now);
        match outcome {
            _ if state.contended.get() => Check::Contended,
            Ok(Ok(())) => Check::Charged {
                left,
                evicted: state.evicted.get(),
            },
            Ok(Err(not_until)) => {
                if state.set_back.get() {
                    state.begin_to_fill(key);
                }
                Check::UsedUp {
                    left,
                    wait: not_until.wait_time_from(now),
                }
            }
            Err(_) => Check::TooCostly,
        }
    }

    fn left(&self, full_at: u64, now: Instant) -> Left {
        let latest = now.0.saturating_add(self.quota.fill_nanos());
        self.quota.left(full_at.min(latest), now.0)
    }
}

/// Governor's limiter, without middleware.
type Governor<S> = RateLimiter<Vec<u8>, S, SharedOrigin, NoOpMiddleware<Instant>>;

/// Governor's store of states.
struct Buckets<'s, S> {
    store: &'s S,
    table: &'s SlotTable,
    /// When a bucket that is empty now is full again. A time far behind it is from before the clock was set back.
    empty: u64,
    full_at: Cell<u64>,
    evicted: Cell<bool>,
    contended: Cell<bool>,
    set_back: Cell<bool>,
}

impl<S: CasStore> Buckets<'_, S> {
    /// After the clock was set back: the bucket is empty, and fills up from now on. A refusal alone would leave it as it is, empty until the
    /// clock is where it was.
    fn begin_to_fill(&self, key: &[u8]) {
        let update = self.table.update(self.store, key, |stored| {
            let full_at = stored.map_or(self.empty, |full_at| full_at.min(self.empty));
            Ok::<_, Infallible>(((), full_at))
        });
        // Where other workers are faster, the next request tries again.
        let _ = update;
    }
}

impl<S: CasStore> StateStore for Buckets<'_, S> {
    type Key = Vec<u8>;

    fn measure_and_replace<T, F, E>(&self, key: &Vec<u8>, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let update = self.table.update(self.store, key, |stored| {
            let latest = self.empty.saturating_add(HELD_UP_NANOS);
            let set_back = stored.is_some_and(|full_at| full_at > latest);
            self.set_back.set(set_back);
            let stored = stored.map(|full_at| if set_back { self.empty } else { full_at });
            self.full_at.set(stored.unwrap_or_default());
            let (value, full_at) = decide(stored.map(nanos))?;
            self.full_at.set(full_at.as_u64());
            Ok((value, full_at.as_u64()))
        })?;
        match update {
            Update::Done { value, evicted } => {
                self.evicted.set(evicted);
                Ok(value)
            }
            // Governor has no word for it: whatever it concludes from this is not listened to.
            Update::Contended => {
                self.contended.set(true);
                decide(None).map(|(value, _)| value)
            }
        }
    }
}

fn nanos(nanos: u64) -> Nanos {
    Duration::from_nanos(nanos).into()
}

/// Nanoseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Instant(u64);

impl Instant {
    /// Governor's sums do not check for overflow: 200 years after the epoch the clock stands still.
    fn at(since_epoch: Duration) -> Self {
        const LATEST: u64 = 200 * 365 * 24 * 3600 * 1_000_000_000;
        let nanos = u64::try_from(since_epoch.as_nanos()).unwrap_or(LATEST);
        Self(nanos.min(LATEST))
    }
}

impl std::ops::Add<Nanos> for Instant {
    type Output = Self;

    fn add(self, other: Nanos) -> Self {
        Self(self.0.saturating_add(other.as_u64()))
    }
}

impl Reference for Instant {
    fn duration_since(&self, earlier: Self) -> Nanos {
        nanos(self.0.saturating_sub(earlier.0))
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.saturating_sub(duration.as_u64()))
    }
}

/// A clock whose first reading is the epoch. Governor counts from its first reading, and all workers must count from the same.
struct SharedOrigin {
    now: Instant,
    was_read: Cell<bool>,
}

impl SharedOrigin {
    fn new(now: Instant) -> Self {
        Self {
            now,
            was_read: Cell::new(false),
        }
    }
}

impl Clock for SharedOrigin {
    type Instant = Instant;

    fn now(&self) -> Instant {
        if self.was_read.replace(true) {
            self.now
        } else {
            Instant(0)
        }
    }
}

#[cfg(test)]
mod tests;
