//! Limits that count responses. A request passes if anything is left, and its response is charged.
//! If the response costs more than is left, the rest is owed: the bucket may be one whole burst
//! below empty, and fills up from there.

use super::{Check, HELD_UP_NANOS, Instant, Limiter};
use crate::quota::Left;
use filter_kit::store::{CasStore, Update};
use std::cell::Cell;
use std::convert::Infallible;
use std::time::Duration;

/// The result of charging a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charged {
    /// It was charged.
    Done {
        /// What is left.
        left: Left,
        /// Whether the bucket of another key was evicted.
        evicted: bool,
    },
    /// Nothing was charged, because too many workers changed the same buckets at the same time.
    Contended,
}

impl Limiter {
    /// Whether anything is left for a key, without charging. For `now`, see [`check`](Self::check).
    pub(crate) fn look_ahead(&self, store: &impl CasStore, key: &[u8], now: Duration) -> Check {
        let now = Instant::at(now);
        let mut full_at = self.buckets.get(store, key).unwrap_or_default();
        if full_at > self.latest_owed(now) {
            // The clock was set back.
            full_at = now.0.saturating_add(self.fill);
            self.begin_to_fill(store, key, full_at);
        }
        let left = self.quota.left(full_at, now.0);
        if left.remaining > 0 {
            return Check::Charged {
                left,
                evicted: false,
            };
        }
        // One request is available when all but the rest of the burst is missing.
        let missing = full_at.saturating_sub(now.0);
        let rest = self.fill.saturating_sub(self.quota.interval_nanos());
        let wait = Duration::from_nanos(missing.saturating_sub(rest));
        Check::UsedUp { left, wait }
    }

    /// Charges a response to a key, up to one whole burst more than is left.
    pub(crate) fn charge_answer(
        &self,
        store: &impl CasStore,
        key: &[u8],
        cost: u32,
        now: Duration,
    ) -> Charged {
        let now = Instant::at(now);
        let cost = u64::from(cost).saturating_mul(self.quota.interval_nanos());
        let most = now.0.saturating_add(self.fill).saturating_add(self.fill);
        let latest = self.latest_owed(now);
        let full_at = Cell::new(0);
        let update = self.buckets.update(store, key, |stored| {
            let stored = match stored.unwrap_or_default() {
                set_back if set_back > latest => now.0.saturating_add(self.fill),
                stored => stored.max(now.0),
            };
            full_at.set(stored.saturating_add(cost).min(most.max(stored)));
            Ok::<_, Infallible>(((), full_at.get()))
        });
        match update {
            Ok(Update::Done { evicted, .. }) => Charged::Done {
                left: self.quota.left(full_at.get(), now.0),
                evicted,
            },
            Ok(Update::Contended) => Charged::Contended,
        }
    }

    /// Returns the latest time at which a bucket can be full, unless the clock was set back.
    fn latest_owed(&self, now: Instant) -> u64 {
        let most = now.0.saturating_add(self.fill).saturating_add(self.fill);
        most.saturating_add(HELD_UP_NANOS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::Quota;
    use filter_kit::store::{MemoryStore, SlotTable};
    use proptest::prelude::*;
    use std::num::NonZeroU32;
    use std::rc::Rc;

    const START: Duration = Duration::from_secs(1_700_000_000);

    /// Creates a limiter with this many requests per minute.
    fn limiter(store: &MemoryStore, requests: u32) -> Limiter {
        let requests = NonZeroU32::new(requests).unwrap();
        let quota = Quota::new(requests, Duration::from_secs(60), requests).unwrap();
        Limiter::new(quota, Rc::new(SlotTable::new(store, "t", 100, [7; 16])))
    }

    fn at(seconds: u64) -> Duration {
        START + Duration::from_secs(seconds)
    }

    fn passes(check: Check) -> bool {
        matches!(check, Check::Charged { .. })
    }

    fn wait(check: Check) -> u64 {
        match check {
            Check::UsedUp { wait, .. } => wait.as_secs(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn looks_cost_nothing_and_five_answers_lock_the_sixth_try() {
        let store = MemoryStore::default();
        let limiter = limiter(&store, 5);
        for _ in 0..1000 {
            assert!(passes(limiter.look_ahead(&store, b"k", START)));
        }
        for _ in 0..5 {
            assert!(passes(limiter.look_ahead(&store, b"k", START)));
            limiter.charge_answer(&store, b"k", 1, START);
        }
        assert_eq!(wait(limiter.look_ahead(&store, b"k", START)), 12);
        assert!(!passes(limiter.look_ahead(&store, b"k", at(11))));
        assert!(passes(limiter.look_ahead(&store, b"k", at(12))));
        assert!(passes(limiter.look_ahead(&store, b"other", START)));
    }

    #[test]
    fn what_an_answer_costs_beyond_what_is_left_is_owed_up_to_one_burst() {
        let store = MemoryStore::default();
        let limiter = limiter(&store, 60);
        for (cost, remaining, wait_for_one) in [
            (59, 1, None),
            // 59 are owed.
            (60, 0, Some(60)),
            // No more than a burst can be owed.
            (u32::MAX, 0, Some(61)),
            (u32::MAX, 0, Some(61)),
        ] {
            let charged = limiter.charge_answer(&store, b"k", cost, START);
            let Charged::Done { left, evicted } = charged else {
                panic!("no one else writes");
            };
            assert_eq!((left.remaining, evicted), (remaining, false), "{cost}");
            let look = limiter.look_ahead(&store, b"k", START);
            assert_eq!((!passes(look)).then(|| wait(look)), wait_for_one, "{cost}");
        }
        assert!(!passes(limiter.look_ahead(&store, b"k", at(60))));
        assert!(passes(limiter.look_ahead(&store, b"k", at(61))));
        assert!(passes(limiter.look_ahead(&store, b"k", at(120))));
    }

    #[test]
    fn a_clock_that_is_set_back_leaves_a_bucket_empty_for_as_long_as_it_takes_to_fill_up() {
        let store = MemoryStore::default();
        let limiter = limiter(&store, 60);
        limiter.charge_answer(&store, b"k", 120, START);
        let earlier = START - Duration::from_secs(3600);
        assert_eq!(wait(limiter.look_ahead(&store, b"k", earlier)), 1);
        assert!(passes(limiter.look_ahead(
            &store,
            b"k",
            earlier + Duration::from_secs(1)
        )));
    }

    proptest! {
        #[test]
        fn no_cost_and_no_time_overflows(costs in prop::collection::vec(any::<u32>(), 0..20), seconds: u64, requests in 1..u32::MAX) {
            let store = MemoryStore::default();
            let limiter = limiter(&store, requests);
            let now = Duration::from_secs(seconds);
            for cost in costs {
                limiter.charge_answer(&store, b"k", cost, now);
                limiter.look_ahead(&store, b"k", now);
            }
        }
    }
}
