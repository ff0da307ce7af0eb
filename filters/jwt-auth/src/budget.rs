//! How long a worker may verify signatures inside the module. What the host verifies takes 40 to 65 µs; inside the module a PS256 or ES384
//! signature takes 1 to 10 ms, in which the worker serves nobody else. So a flood of tokens could stall it, good or bad.

use std::time::Duration;

/// An allowance that fills up with time and is drawn on by verifications.
#[derive(Debug, Clone)]
pub struct Budget {
    per_second: Duration,
    left: Duration,
    filled: Duration,
}

impl Budget {
    /// So much time per second. A quarter of it may be spent at once.
    #[must_use]
    pub fn new(per_second: Duration) -> Self {
        Self {
            per_second,
            left: per_second / 4,
            filled: Duration::ZERO,
        }
    }

    /// Whether a verification may begin. One that does may overdraw.
    pub fn allows(&mut self, now: Duration) -> bool {
        let passed = now.saturating_sub(self.filled).min(Duration::from_secs(1));
        let share = passed.as_nanos().saturating_mul(self.per_second.as_nanos());
        let share = share.checked_div(1_000_000_000).unwrap_or_default();
        let fill = Duration::from_nanos(u64::try_from(share).unwrap_or(u64::MAX));
        self.left = self.left.saturating_add(fill).min(self.per_second / 4);
        self.filled = now;
        !self.left.is_zero()
    }

    /// Draws what a verification took.
    pub fn spend(&mut self, took: Duration) {
        self.left = self.left.saturating_sub(took);
    }
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
        for (cost_us, most) in [(100, 10_000), (1000, 2100), (10_000, 220)] {
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
        assert!(budget.allows(Duration::from_secs(101)));
    }
}
