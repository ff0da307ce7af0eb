//! From an answer to what it is charged.

use super::Pending;
use crate::fields::{Advertised, Standing, window};
use crate::limiter::{Charged, Limiter};
use crate::limits::{Counted, Limits, Table};
use crate::quota::{Left, Quota};
use filter_kit::response::Response;
use filter_kit::store::CasStore;
use std::rc::Rc;
use std::time::Duration;

/// An answer at a limit that counts answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AnswerCharged {
    /// It was charged.
    Done {
        /// What is left, where the limit is enforced.
        standing: Option<Standing>,
        /// Whether the bucket of another key was forgotten for it.
        evicted: bool,
    },
    /// Too many workers changed the same buckets at the same time; nothing was charged.
    Contended,
}

/// Charges an answer to a bucket. `None` where the limit does not count such answers, or it costs
/// nothing.
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

/// What is left at a limit, of a quota that may differ from request to request; `None`: none
/// passes.
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
