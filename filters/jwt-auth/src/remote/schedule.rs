//! When keys are fetched, and for how long they may be used. Nothing here waits, asks or remembers.
//!
//! The clock is the wall's. Where it is set back, times lie in the future: what lies further ahead
//! than it ever could is not believed.

use super::Source;
use super::state::State;
use std::time::Duration;

/// How much longer than the fetch the lease is: for the worker to note the outcome.
const MARGIN: Duration = Duration::from_secs(1);

/// How far two workers may be apart in time: the clock is read at the start of a callback.
const TOLERANCE: Duration = Duration::from_secs(60);

/// The first pause after a failed fetch. It doubles with every failure.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause without keys: requests are being refused.
const LONGEST_PAUSE_WITHOUT: Duration = Duration::from_secs(1);

/// The longest pause while the old keys serve.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Why a fetch is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// There are no keys, or they are to be kept fresh.
    Fresh,
    /// A token names a key that is not among them.
    Other,
}

impl Source {
    /// Until when no other worker begins a fetch, if one begins now.
    #[must_use]
    pub fn lease(&self, now: Duration) -> Duration {
        now.saturating_add(self.timeout).saturating_add(MARGIN)
    }

    /// Whether somebody fetches.
    #[must_use]
    pub fn is_fetching(&self, state: &State, now: Duration) -> bool {
        state.holder != 0 && now < state.lease_until && state.lease_until <= self.lease(now)
    }

    /// Whether the keys may be used.
    #[must_use]
    pub fn is_usable(&self, state: &State, now: Duration) -> bool {
        state.keys != 0 && now.saturating_sub(state.fetched) <= self.stale_for
    }

    /// Whether a fetch may begin.
    #[must_use]
    pub fn is_due(&self, state: &State, now: Duration, want: Want) -> bool {
        if self.is_fetching(state, now) || pause_left(state, now) > Duration::ZERO {
            return false;
        }
        if !self.is_usable(state, now) || since(state.fetched, now) >= self.refresh {
            return true;
        }
        want == Want::Other && since(state.ended, now) >= self.refetch
    }

    /// How long it is until a fetch is due unasked; the time of one that is under way does not
    /// count.
    #[must_use]
    pub fn due_in(&self, state: &State, now: Duration) -> Duration {
        let fresh = if self.is_usable(state, now) {
            self.refresh.saturating_sub(since(state.fetched, now))
        } else {
            Duration::ZERO
        };
        fresh.max(pause_left(state, now))
    }

    /// The pause after so many failures in a row: half of it is chance, so that proxies that failed
    /// together do not come back together.
    #[must_use]
    pub fn pause(&self, failures: u32, has_keys: bool, random: u64) -> Duration {
        let longest = match has_keys {
            true => LONGEST_PAUSE.min(self.refresh),
            false => LONGEST_PAUSE_WITHOUT,
        };
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let pause = FIRST_PAUSE.saturating_mul(doubled).min(longest);
        let half = pause.checked_div(2).unwrap_or_default();
        half.saturating_add(share(half, random))
    }
}

/// A share of a span by chance, from nothing to all of it.
#[must_use]
pub(crate) fn share(span: Duration, random: u64) -> Duration {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random.checked_rem(millis.saturating_add(1)).unwrap_or(0))
}

/// How long ago something was; for ever, where it lies in the future.
fn since(then: Duration, now: Duration) -> Duration {
    if then > now.saturating_add(TOLERANCE) {
        return Duration::MAX;
    }
    now.saturating_sub(then)
}

fn pause_left(state: &State, now: Duration) -> Duration {
    let left = state.retry_at.saturating_sub(now);
    if state.failures == 0 || left > LONGEST_PAUSE {
        return Duration::ZERO;
    }
    left
}

#[cfg(test)]
mod tests;
