//! From a request and its limits to a decision: what is charged, in which order.

use super::{Checks, Decision, Outcome, Question, Verdict, add};
use crate::config::OnError;
use crate::fields::Standing;
use crate::key::{self, Entry};
use crate::limit::{Bucket, Limit, Scope};
use crate::limiter::{Check, Limiter};
use crate::limits::Limits;
use crate::quota::whole_seconds;
use crate::reason::Reason;
use filter_kit::request::{Request, TooManyReadings};
use filter_kit::store::CasStore;
use filter_kit::values::Mode;
use std::time::Duration;

/// Decides a request. Limits of this process are charged first, in their order, up to the first that refuses; then the rate limit service
/// is asked about all of its own at once.
pub fn decide(
    limits: &Limits,
    request: &Request,
    checks: Checks,
    store: &impl CasStore,
    now: Duration,
) -> Decision {
    let mut decision = Decision::new(Verdict::Pass);
    if checks.looks_at_host
        && request.host().is_err()
        && decision.refuse_by_filter(checks.mode, Reason::MalformedHost)
    {
        return decision;
    }
    match limits.is_exempt(request) {
        Ok(false) => {}
        Ok(true) => {
            decision.verdict = Verdict::Exempt;
            return decision;
        }
        Err(TooManyReadings) => {
            if decision.refuse_by_filter(checks.mode, Reason::AmbiguousPath) {
                return decision;
            }
        }
    }
    let mut questions = Vec::new();
    for (index, limit, limiter) in limits.iter() {
        let counts = match limit.counts(request) {
            Ok(counts) => counts,
            Err(TooManyReadings) => {
                if decision.refuse_by_filter(checks.mode, Reason::AmbiguousPath) {
                    return decision;
                }
                // A limit with a mode of its own may be enforced all the same.
                true
            }
        };
        if !counts {
            continue;
        }
        let bucket = limit.bucket(request);
        let is_missing = !matches!(bucket, Bucket::Of(_));
        add(&mut decision.incidents.missing_keys, is_missing);
        let cost = limit.cost.of(request);
        let ends = match (bucket, limit.scope, limiter) {
            (Bucket::Refused, ..) => decision.refuse(index, limit, Reason::MissingKey),
            (Bucket::Of(entries), Scope::Process, Some(limiter)) => {
                decision.charge((index, limit, limiter), (&entries, cost), (store, now))
            }
            // The service takes a cost of 0 for one of 1; and there is nothing to ask.
            (Bucket::Of(entries), Scope::Service, _) if cost > 0 => {
                questions.push(Question {
                    limit: index,
                    entries,
                    cost,
                });
                false
            }
            _ => false,
        };
        if ends {
            return decision;
        }
    }
    if !questions.is_empty() {
        decision.verdict = Verdict::Ask(questions);
    }
    decision
}

/// Decides without the rate limit service, which has no answer to these questions.
pub fn without_service(
    mut decision: Decision,
    questions: &[Question],
    limits: &Limits,
    on_error: OnError,
    (store, now): (&impl CasStore, Duration),
) -> Decision {
    decision.verdict = Verdict::Pass;
    for question in questions {
        let index = question.limit;
        let ends = match (on_error, limits.get(index)) {
            (OnError::Refuse, Some((limit, _))) => {
                decision.refuse(index, limit, Reason::ServiceUnavailable)
            }
            (OnError::Process, Some((limit, Some(limiter)))) => decision.charge(
                (index, limit, limiter),
                (&question.entries, question.cost),
                (store, now),
            ),
            _ => false,
        };
        if ends {
            break;
        }
    }
    decision
}

impl Decision {
    /// Charges a limit of this process. Returns whether that ends the request.
    fn charge(
        &mut self,
        (index, limit, limiter): (usize, &Limit, &Limiter),
        (entries, cost): (&[Entry], u32),
        (store, now): (&impl CasStore, Duration),
    ) -> bool {
        let quota = limiter.quota();
        let (left, reason) = match limiter.check(store, &key::bytes(entries), cost, now) {
            Check::Charged { left, evicted } => {
                add(&mut self.incidents.evicted, evicted);
                (Some(left), None)
            }
            Check::UsedUp { left, wait } => {
                let retry_after = whole_seconds(wait).max(1);
                (Some(left), Some(Reason::UsedUp { retry_after }))
            }
            Check::TooCostly => {
                let retry_after = whole_seconds(quota.per()).max(1);
                (None, Some(Reason::TooCostly { retry_after }))
            }
            Check::Contended => (None, Some(Reason::Contended)),
        };
        if let Some(left) = left
            && limit.mode == Mode::Enforce
        {
            self.standings.push(Standing {
                name: limit.name.clone(),
                requests: quota.requests().into(),
                window: Some(whole_seconds(quota.per()).max(1)),
                left,
            });
        }
        match reason {
            Some(reason) => self.refuse(index, limit, reason),
            None => {
                self.outcomes.push((index, Outcome::Passed));
                false
            }
        }
    }
}
