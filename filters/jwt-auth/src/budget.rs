//! Limits the time that a worker spends on slow signature verifications. RSA and P-256 in the host
//! take 40 to 65 µs. P-384 and P-521 in the host take 1 to 2 ms, and most verifications inside the
//! module 1 to 5 ms, during which the worker serves no other request. So a flood of tokens, valid
//! or not, could stall the worker.

use std::time::Duration;

/// A time budget that refills continuously and is spent on verifications.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    per_second: i64,
    /// In nanoseconds. Negative after a verification that took longer than the remaining budget.
    left: i64,
    filled: Duration,
}

const SECOND: i64 = 1_000_000_000;

impl Budget {
    /// Creates a budget with this much time per second, a quarter of which may be spent at once.
    #[must_use]
    pub(crate) fn new(per_second: Duration) -> Self {
        let per_second = nanos(per_second).min(SECOND);
        Self {
            per_second,
            left: per_second / 4,
            filled: Duration::ZERO,
        }
    }

    /// Whether a verification may start. It may overdraw the budget; then the next one has to wait
    /// longer.
    pub(crate) fn allows(&mut self, now: Duration) -> bool {
        let passed = nanos(now.saturating_sub(self.filled)).min(SECOND);
        let share = passed.saturating_mul(self.per_second) / SECOND;
        self.left = self.left.saturating_add(share).min(self.per_second / 4);
        self.filled = now;
        self.left > 0
    }

    /// Deducts the duration of a verification. The debt is limited to what one second refills, so
    /// that a jump of the clock does not lock out tokens.
    pub(crate) fn spend(&mut self, took: Duration) {
        let left = self.left.saturating_sub(nanos(took));
        self.left = left.max(self.per_second.saturating_neg());
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verified_in(seconds: u64, cost: Duration, per_second: Duration) -> u32 {
        let mut budget = Budget::new(per_second);
        let start = Duration::from_secs(1_700_000_000);
        let (mut now, mut count) = (start, 0);
        while now < start + Duration::from_secs(seconds) {
            if budget.allows(now) {
                budget.spend(cost);
                now += cost;
                count += 1;
            }
            now += Duration::from_millis(1);
        }
        count
    }

    #[test]
    fn verifications_take_no_more_than_their_share_of_the_time() {
        let share = Duration::from_millis(200);
        for (cost_us, most) in [(100, 9200), (1000, 2100), (10_000, 220)] {
            let cost = Duration::from_micros(cost_us);
            let count = verified_in(10, cost, share);
            assert!(count <= most, "{cost_us}: {count}");
            assert!(count >= most * 8 / 10, "{cost_us}: {count}");
        }
    }

    #[test]
    fn nothing_is_verified_with_an_empty_budget_and_a_clock_that_goes_back_does_no_harm() {
        assert_eq!(verified_in(1, Duration::from_micros(1), Duration::ZERO), 0);
        let mut budget = Budget::new(Duration::from_millis(40));
        assert!(budget.allows(Duration::from_secs(100)));
        budget.spend(Duration::from_secs(1));
        assert!(!budget.allows(Duration::from_secs(99)));
        assert!(!budget.allows(Duration::from_secs(100)));
        assert!(budget.allows(Duration::from_secs(102)));
    }
}
