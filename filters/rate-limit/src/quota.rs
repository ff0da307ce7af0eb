//! Quotas: a number of requests per window, with a burst.

use std::num::NonZeroU32;
use std::time::Duration;

/// Maximum time in which an empty bucket may fill up, in nanoseconds: about 73 years. With it, no
/// sum of times overflows.
const MAX_FILL: u64 = 1 << 61;

/// A quota, checked so that no arithmetic with it overflows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    requests: NonZeroU32,
    per: Duration,
    burst: NonZeroU32,
    /// The time in which one request is refilled, in nanoseconds.
    interval: u64,
}

/// How much of a quota is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// How many requests with a cost of 1 would pass now.
    pub remaining: u64,
    /// How long until the whole burst is available.
    pub reset: Duration,
}

impl Quota {
    /// Creates a quota of `requests` per `per`, of which `burst` may arrive at once.
    ///
    /// # Errors
    /// One line for a quota that is too fine or too coarse to be counted in nanoseconds.
    pub fn new(requests: NonZeroU32, per: Duration, burst: NonZeroU32) -> Result<Self, String> {
        let nanos = u64::try_from(per.as_nanos()).unwrap_or(u64::MAX);
        let interval = nanos
            .checked_div(u64::from(requests.get()))
            .unwrap_or_default();
        if interval == 0 {
            return Err(format!(
                "{requests} requests per {per:?} exceed one per nanosecond; the maximum is {}",
                nanos.min(u64::from(u32::MAX))
            ));
        }
        if interval
            .checked_mul(u64::from(burst.get()))
            .is_none_or(|fill| fill > MAX_FILL)
        {
            let most = MAX_FILL.checked_div(interval).unwrap_or(1);
            return Err(format!(
                "a burst of {burst} takes more than 73 years to fill up at {requests} requests per {per:?}; the maximum is {most}"
            ));
        }
        Ok(Self {
            requests,
            per,
            burst,
            interval,
        })
    }

    /// Returns the number of requests in [`Quota::per`].
    #[must_use]
    pub fn requests(&self) -> u32 {
        self.requests.get()
    }

    /// Returns the window.
    #[must_use]
    pub fn per(&self) -> Duration {
        self.per
    }

    /// Returns how many requests may arrive at once.
    #[must_use]
    pub fn burst(&self) -> u32 {
        self.burst.get()
    }

    /// Converts the quota to governor's type.
    #[must_use]
    pub fn governor(&self) -> Option<governor::Quota> {
        governor::Quota::with_period(Duration::from_nanos(self.interval))
            .map(|quota| quota.allow_burst(self.burst))
    }

    /// Returns the time in which one request is refilled, in nanoseconds.
    #[must_use]
    pub fn interval_nanos(&self) -> u64 {
        self.interval
    }

    /// Returns the time in which an empty bucket fills up, in nanoseconds.
    #[must_use]
    pub fn fill_nanos(&self) -> u64 {
        self.interval.saturating_mul(u64::from(self.burst.get()))
    }

    /// Returns what is left at `now` in a bucket that is full again at `full_at`. Both are in
    /// nanoseconds since the same origin.
    #[must_use]
    pub fn left(&self, full_at: u64, now: u64) -> Left {
        let missing = full_at.saturating_sub(now);
        let there = self.fill_nanos().saturating_sub(missing);
        Left {
            remaining: there.checked_div(self.interval).unwrap_or_default(),
            reset: Duration::from_nanos(missing),
        }
    }
}

/// Converts a duration to seconds, rounded up.
#[must_use]
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_add(u64::from(duration.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quota(requests: u32, per: Duration, burst: u32) -> Result<Quota, String> {
        let some = |n| NonZeroU32::new(n).unwrap();
        Quota::new(some(requests), per, some(burst))
    }

    #[test]
    fn quotas_that_cannot_be_counted_are_refused_with_what_can() {
        let year = Duration::from_secs(365 * 24 * 3600);
        let ms = Duration::from_millis(1);
        for (requests, per, burst, error) in [
            (100, Duration::from_secs(60), 20, None),
            (1, year, 73, None),
            (u32::MAX, Duration::from_secs(5), u32::MAX, None),
            (1_000_000, ms, 1, None),
            (
                1_000_001,
                ms,
                1,
                Some("exceed one per nanosecond; the maximum is 1000000"),
            ),
            (1, year, 74, Some("the maximum is 73")),
            (
                1,
                Duration::from_secs(1),
                u32::MAX,
                Some("the maximum is 2305843009"),
            ),
        ] {
            let got = quota(requests, per, burst).err();
            assert_eq!(
                got.is_some(),
                error.is_some(),
                "{requests} {per:?} {burst}: {got:?}"
            );
            if let (Some(got), Some(error)) = (got, error) {
                assert!(got.contains(error), "{got}");
            }
        }
    }

    #[test]
    fn what_is_left_grows_with_time() {
        let quota = quota(60, Duration::from_secs(60), 10).unwrap();
        let second = 1_000_000_000;
        for (full_at, now, remaining, reset) in [
            (0, 0, 10, 0),
            (5 * second, 9 * second, 10, 0),
            (10 * second, 0, 0, 10),
            (10 * second, second, 1, 9),
            (10 * second, 5 * second, 5, 5),
        ] {
            let left = quota.left(full_at, now);
            assert_eq!(left.remaining, remaining, "{full_at} {now}");
            assert_eq!(left.reset, Duration::from_secs(reset), "{full_at} {now}");
        }
        assert_eq!(whole_seconds(Duration::from_millis(1001)), 2);
        assert_eq!(whole_seconds(Duration::from_secs(2)), 2);
        assert_eq!(whole_seconds(Duration::ZERO), 0);
    }

    proptest! {
        #[test]
        fn no_quota_overflows(requests in 1_u32.., per_ms in 1_u64..31_536_000_000, burst in 1_u32.., at: u64, now: u64) {
            if let Ok(quota) = quota(requests, Duration::from_millis(per_ms), burst) {
                let left = quota.left(at, now);
                prop_assert!(left.remaining <= u64::from(burst));
                // What governor computes without a check: a time, a whole burst, and one more
                // interval.
                let far = u64::try_from(Duration::from_secs(200 * 365 * 24 * 3600).as_nanos()).unwrap();
                prop_assert!(far.checked_add(quota.fill_nanos()).and_then(|t| t.checked_add(quota.fill_nanos())).is_some());
                prop_assert!(quota.governor().is_some());
            }
        }
    }
}
