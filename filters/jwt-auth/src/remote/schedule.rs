//! When keys are fetched, and for how long they may be used. Pure functions without state or I/O.
//!
//! Times are wall-clock times. If the clock is set back, stored times lie in the future. A time
//! further ahead than is possible is ignored.

use super::Source;
use super::state::State;
use std::time::Duration;

/// How much longer the lease is than the fetch, so that the worker can store the result.
const MARGIN: Duration = Duration::from_secs(1);

/// Maximum clock difference between two workers, because each reads the clock at the start of a
/// callback.
const TOLERANCE: Duration = Duration::from_secs(60);

/// The pause after the first failed fetch. It doubles with every further failure.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Maximum pause without keys, when requests are being refused.
const LONGEST_PAUSE_WITHOUT: Duration = Duration::from_secs(1);

/// Maximum pause while the old keys are still usable.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Why a fetch is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// There are no keys, or they have to be refreshed.
    Fresh,
    /// A token names an unknown key.
    Other,
}

impl Source {
    /// Returns the time until which no other worker starts a fetch, if one starts now.
    #[must_use]
    pub fn lease(&self, now: Duration) -> Duration {
        now.saturating_add(self.timeout).saturating_add(MARGIN)
    }

    /// Whether a worker is fetching.
    #[must_use]
    pub fn is_fetching(&self, state: &State, now: Duration) -> bool {
        state.holder != 0 && now < state.lease_until && state.lease_until <= self.lease(now)
    }

    /// Whether the keys may be used.
    #[must_use]
    pub fn is_usable(&self, state: &State, now: Duration) -> bool {
        state.keys != 0 && now.saturating_sub(state.fetched) <= self.stale_for
    }

    /// Whether a fetch may start.
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

    /// Returns how long it takes until a scheduled fetch is due, ignoring a fetch in progress.
    #[must_use]
    pub fn due_in(&self, state: &State, now: Duration) -> Duration {
        let fresh = if self.is_usable(state, now) {
            self.refresh.saturating_sub(since(state.fetched, now))
        } else {
            Duration::ZERO
        };
        fresh.max(pause_left(state, now))
    }

    /// Returns the pause after this many failures in a row. Half of it is random, so that proxies
    /// that failed at the same time do not retry at the same time.
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

/// Returns a random part of a duration, from nothing to all of it.
#[must_use]
pub(crate) fn share(span: Duration, random: u64) -> Duration {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random.checked_rem(millis.saturating_add(1)).unwrap_or(0))
}

/// Returns the time since `then`. A time in the future counts as infinitely long ago.
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
