//! Limits and counters: Limitador's library, with its own counters in memory or with
//! [`RedisCounters`].

use std::{
    collections::HashMap,
    panic::{self, AssertUnwindSafe},
    sync::Arc,
};

use anyhow::{Result, anyhow, ensure};
use limitador::{
    CheckResult, RateLimiter,
    counter::Counter,
    limit::{Context, Limit, Namespace},
};

use super::redis_counters::RedisCounters;

/// Maximum number of counters in memory.
const MAX_COUNTERS: u64 = 100_000;

/// Evaluates limits.
pub(super) struct Engine {
    limiter: RateLimiter,
    redis: Option<RedisCounters>,
}

/// One descriptor, as the expressions of the limits see it. Of equal keys the last one counts, as
/// in Limitador.
pub(super) type Descriptor = HashMap<String, String>;

impl Engine {
    pub(super) fn new(limits: &[Limit], redis: Option<&str>) -> Result<Self> {
        let limiter = RateLimiter::new(MAX_COUNTERS);
        for limit in limits {
            let is_new = limiter.add_limit(limit.clone());
            // Limitador would silently use one of them.
            ensure!(
                is_new,
                "limits[{}] differs from another one in its name or maximum only",
                limits.iter().rposition(|other| other == limit).unwrap_or(0)
            );
        }
        Ok(Self {
            limiter,
            redis: redis.map(RedisCounters::new).transpose()?,
        })
    }

    /// Charges `hits` to all limits of the domain that apply, unless one of them would be exceeded.
    ///
    /// # Errors
    /// If a limit cannot be evaluated or Redis does not answer.
    pub(super) async fn check(
        &self,
        domain: &str,
        descriptors: Vec<Descriptor>,
        hits: u64,
    ) -> Result<CheckResult> {
        let namespace = Namespace::from(domain);
        let Some(redis) = &self.redis else {
            return evaluate(descriptors, |context| {
                self.limiter
                    .check_rate_limited_and_update(&namespace, context, hits)
            });
        };
        let counters = evaluate(descriptors, |context| {
            let limits = self.limiter.get_limits(&namespace).into_iter();
            limits
                .filter(|limit| limit.applies(context))
                .filter_map(|limit| Counter::new(Arc::new(limit), context).transpose())
                .collect::<Result<Vec<_>, _>>()
        })?;
        redis.check_and_update(counters, hits).await
    }

    /// Drops what belongs to an event loop that has ended.
    pub(super) fn disconnect(&self) {
        if let Some(redis) = &self.redis {
            redis.disconnect();
        }
    }
}

/// Limitador panics if an expression fails for a reason other than a missing key, such as
/// `descriptors[1]` with one descriptor. Its server then resets the stream; here the caller gets an
/// error.
fn evaluate<T>(
    descriptors: Vec<Descriptor>,
    ask: impl FnOnce(&Context<'_>) -> Result<T, limitador::errors::LimitadorError>,
) -> Result<T> {
    let mut context = Context::default();
    context.list_binding("descriptors".to_owned(), descriptors);
    let answer = panic::catch_unwind(AssertUnwindSafe(|| ask(&context)));
    answer
        .map_err(|_| anyhow!("an expression of the limits does not fit the descriptors"))?
        .map_err(|error| anyhow!("{error}"))
}
