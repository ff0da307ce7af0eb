//! When keys are fetched, and for how long they may be used. Nothing here waits, asks or remembers.
//!
//! The clock is the wall's. Where it is set back, times lie in the future: what lies further ahead than it ever could is not believed.

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
    /// Until when a fetch that begins now is nobody else's to make.
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

    /// How long it is until a fetch is due unasked; the time of one that is under way does not count.
    #[must_use]
    pub fn due_in(&self, state: &State, now: Duration) -> Duration {
        let fresh = if self.is_usable(state, now) {
            self.refresh.saturating_sub(since(state.fetched, now))
        } else {
            Duration::ZERO
        };
        fresh.max(pause_left(state, now))
    }

    /// The pause after so many failures in a row: half of it is chance, so that proxies that failed together do not come back together.
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
pub fn share(span: Duration, random: u64) -> Duration {
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
mod tests {
    use super::*;
    use crate::remote::tests::source;

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn ago(seconds: u64) -> Duration {
        NOW - Duration::from_secs(seconds)
    }

    fn fetched(seconds_ago: u64) -> State {
        State {
            keys: 1,
            fetched: ago(seconds_ago),
            ended: ago(seconds_ago),
            ..State::default()
        }
    }

    #[test]
    fn a_fetch_is_due_without_keys_with_old_ones_and_for_an_unknown_key_after_the_interval() {
        let source = source();
        let failed = |state: State, retry_in: Duration| State {
            failures: 1,
            retry_at: NOW + retry_in,
            ..state
        };
        let leased = |state: State, until: Duration| State {
            holder: 7,
            lease_until: until,
            ..state
        };
        let (second, zero) = (Duration::from_secs(1), Duration::ZERO);
        for (what, state, fresh, other) in [
            ("none", State::default(), true, true),
            ("new", fetched(0), false, false),
            ("within the interval", fetched(29), false, false),
            ("after the interval", fetched(30), false, true),
            ("before the refresh", fetched(599), false, true),
            ("at the refresh", fetched(600), true, true),
            ("too old", fetched(86_401), true, true),
            (
                "none, in the pause",
                failed(State::default(), second),
                false,
                false,
            ),
            (
                "none, after the pause",
                failed(State::default(), zero),
                true,
                true,
            ),
            (
                "old, in the pause",
                failed(fetched(700), second),
                false,
                false,
            ),
            (
                "old, after the pause",
                failed(fetched(700), zero),
                true,
                true,
            ),
            (
                "good, after the pause",
                failed(fetched(100), zero),
                false,
                true,
            ),
            (
                "under way",
                leased(fetched(700), NOW + second),
                false,
                false,
            ),
            ("given up", leased(fetched(700), NOW), true, true),
            (
                "a lease of another time",
                leased(fetched(700), NOW + second * 60),
                true,
                true,
            ),
            (
                "a pause of another time",
                failed(fetched(700), second * 61),
                true,
                true,
            ),
        ] {
            assert_eq!(source.is_due(&state, NOW, Want::Fresh), fresh, "{what}");
            assert_eq!(source.is_due(&state, NOW, Want::Other), other, "{what}");
        }
        let mut future = fetched(0);
        future.fetched = NOW + second;
        assert!(
            !source.is_due(&future, NOW, Want::Fresh),
            "another worker's clock"
        );
        future.fetched = NOW + second * 3600;
        assert!(
            source.is_due(&future, NOW, Want::Fresh),
            "a clock that was set back"
        );
        assert!(source.is_usable(&future, NOW));
    }

    #[test]
    fn keys_serve_until_they_are_too_old() {
        let source = source();
        assert!(!source.is_usable(&State::default(), NOW));
        for (age, usable) in [(0, true), (86_400, true), (86_401, false)] {
            assert_eq!(source.is_usable(&fetched(age), NOW), usable, "{age}");
        }
    }

    #[test]
    fn the_next_fetch_is_awaited_for_as_long_as_it_takes() {
        let source = source();
        let retry = |state: State, millis: u64| State {
            failures: 3,
            retry_at: NOW + Duration::from_millis(millis),
            ..state
        };
        for (state, millis) in [
            (State::default(), 0),
            (retry(State::default(), 300), 300),
            (fetched(100), 500_000),
            (fetched(700), 0),
            (retry(fetched(700), 300), 300),
            (retry(fetched(100), 300), 500_000),
        ] {
            assert_eq!(source.due_in(&state, NOW), Duration::from_millis(millis));
        }
    }

    #[test]
    fn pauses_double_up_to_a_bound_and_differ_by_chance() {
        let source = source();
        for (failures, has_keys, longest) in [
            (1, true, 250),
            (2, true, 500),
            (5, true, 4000),
            (9, true, 60_000),
            (u32::MAX, true, 60_000),
            (1, false, 250),
            (3, false, 1000),
            (u32::MAX, false, 1000),
        ] {
            let pause = |random| source.pause(failures, has_keys, random).as_millis();
            assert_eq!(pause(0), longest / 2, "{failures}");
            let half = u64::try_from(longest / 2).unwrap();
            assert_eq!(pause(half), longest, "{failures}");
            assert!(
                (0..1000).all(|random| (longest / 2..=longest).contains(&pause(random * 7919)))
            );
        }
    }
}
