//! When each request of a load is due.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// The next request, and when it is due.
pub(super) struct Pace {
    sent: AtomicU64,
    total: u64,
    begun: Instant,
    per_second: Option<f64>,
}

impl Pace {
    pub(super) fn new(begun: Instant, total: u64, per_second: Option<f64>) -> Self {
        Self {
            sent: AtomicU64::new(0),
            total,
            begun,
            per_second,
        }
    }

    /// Takes a request, unless all are taken, and waits until it is due. Returns its number, from
    /// 0.
    pub(super) async fn next(&self) -> Option<u64> {
        let take = |sent: u64| (sent < self.total).then_some(sent + 1);
        let number = self
            .sent
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .ok()?;
        if let Some(per_second) = self.per_second {
            #[allow(clippy::cast_precision_loss, reason = "no load has so many requests")]
            let due = Duration::from_secs_f64(number as f64 / per_second);
            tokio::time::sleep_until((self.begun + due).into()).await;
        }
        Some(number)
    }
}
