//! Charges responses.

use super::Pending;
use crate::fields::{Advertised, Standing, window};
use crate::limiter::{Charged, Limiter};
use crate::limits::{Counted, Limits, Table};
use crate::quota::{Left, Quota};
use filter_kit::response::Response;
use filter_kit::store::CasStore;
use std::rc::Rc;
use std::time::Duration;

/// The result of charging a response at a limit that counts responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AnswerCharged {
    /// It was charged.
    Done {
        /// What is left, if the limit is enforced.
        standing: Option<Standing>,
        /// Whether the bucket of another key was evicted.
        evicted: bool,
    },
    /// Nothing was charged, because too many workers changed the same buckets at the same time.
    Contended,
}

/// Charges a response to a bucket. Returns `None` if the limit does not count such responses, or if
/// the cost is zero.
pub(crate) fn charge_answer(
    pending: &Pending,
    limits: &Limits,
    response: &Response,
    (store, now): (&impl CasStore, Duration),
) -> Option<AnswerCharged> {
    let counted = limits.get(pending.limit)?;
    let Table::Buckets(buckets) = &counted.table else {
        return None;
    };
    if !counted.limit.charge.counts(response.status()) {
        return None;
    }
    let cost = counted.limit.cost.of_answer(response, pending.cost);
    if cost == 0 {
        return None;
    }
    let limiter = Limiter::new(pending.quota, Rc::clone(buckets));
    Some(
        match limiter.charge_answer(store, &pending.key, cost, now) {
            Charged::Done { left, evicted } => AnswerCharged::Done {
                standing: counted
                    .limit
                    .mode
                    .is_enforced()
                    .then(|| standing(pending.limit, counted, Some(&pending.quota), left)),
                evicted,
            },
            Charged::Contended => AnswerCharged::Contended,
        },
    )
}

/// Returns the state of a limit whose quota may differ between requests; `None` if it allows no
/// request.
pub(super) fn standing(
    index: usize,
    counted: &Counted,
    quota: Option<&Quota>,
    left: Left,
) -> Standing {
    let advertised = (!counted.has_fixed_quota()).then(|| {
        Box::new(Advertised {
            requests: quota.map_or(0, Quota::requests).into(),
            window: window(&counted.limit.allowance),
        })
    });
    Standing {
        advertised,
        ..Standing::new(index, left)
    }
}
