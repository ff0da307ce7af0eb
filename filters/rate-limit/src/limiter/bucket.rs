//! A bucket in governor's terms: the state of a limiter, and its clock.

use governor::clock::{Clock, Reference};
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// The bucket on which governor decides, and the time. Its first clock reading is the epoch:
/// governor counts from there, and all workers must count from the same time.
#[derive(Debug, Clone, Default)]
pub(super) struct Bucket(Rc<Moment>);

#[derive(Debug, Default)]
struct Moment {
    now: Cell<Instant>,
    full_at: Cell<Option<u64>>,
}

impl Bucket {
    /// Sets the current time, and the time at which the bucket is full again; `None` if it has not
    /// been used.
    pub(super) fn set(&self, now: Instant, full_at: Option<u64>) {
        self.0.now.set(now);
        self.0.full_at.set(full_at);
    }

    /// Returns when the bucket is full again.
    pub(super) fn full_at(&self) -> u64 {
        self.0.full_at.get().unwrap_or_default()
    }
}

impl StateStore for Bucket {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (value, full_at) = decide(self.0.full_at.get().map(Nanos::new))?;
        self.0.full_at.set(Some(full_at.as_u64()));
        Ok(value)
    }
}

impl Clock for Bucket {
    type Instant = Instant;

    fn now(&self) -> Instant {
        self.0.now.get()
    }
}

/// Nanoseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant(pub(super) u64);

impl Instant {
    /// Governor's additions are not checked for overflow, so the clock stops 200 years after the
    /// epoch.
    pub(super) fn at(since_epoch: Duration) -> Self {
        const LATEST_SECONDS: u64 = 200 * 365 * 24 * 3600;
        const NANOS: u64 = 1_000_000_000;
        Self(if since_epoch.as_secs() < LATEST_SECONDS {
            let nanos = since_epoch.as_secs().wrapping_mul(NANOS);
            nanos.wrapping_add(since_epoch.subsec_nanos().into())
        } else {
            LATEST_SECONDS.wrapping_mul(NANOS)
        })
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
        Nanos::new(self.0.saturating_sub(earlier.0))
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.saturating_sub(duration.as_u64()))
    }
}
