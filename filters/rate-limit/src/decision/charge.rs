//! Derives the decision from a request and its limits: what is charged, and in which order.

use super::{Checks, Decision, Question, Verdict, add};
use crate::config::OnError;
use crate::fields::Standing;
use crate::key;
use crate::limit::{Limit, Scope};
use crate::limiter::Check;
use crate::limits::{Counted, Limits, Table};
use crate::quota::whole_seconds;
use crate::reason::Reason;
use filter_kit::request::{Request, TooManyReadings};
use filter_kit::store::CasStore;
use std::time::Duration;

/// Decides on a request. The limits of this process are charged first, in order, up to the first
/// that refuses. Then the rate limit service is asked about all of its limits at once. `now` is
/// called only if a limit is charged.
pub(crate) fn decide(
    limits: &Limits,
    request: &Request,
    checks: Checks,
    store: &impl CasStore,
    now: impl Fn() -> Duration,
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
    for (index, counted) in limits.candidates(request) {
        let limit = &counted.limit;
        let counts = match limit.counts(request) {
            Ok(counts) => counts,
            Err(TooManyReadings) => {
                if decision.refuse_by_filter(checks.mode, Reason::AmbiguousPath) {
                    return decision;
                }
                // A limit with its own mode may still be enforced.
                true
            }
        };
        if !counts {
            continue;
        }
        // Most requests have one key, which is a part of the request.
        if limit.scope == Scope::Process
            && let Table::Requests(limiter) = &counted.table
            && let Some(key) = key::plain(&limit.key, request)
        {
            let cost = limit.cost.of(request);
            let check = limiter.check(store, key, cost, now());
            if decision.charged(index, limit, check) && limit.mode.is_enforced() {
                return decision;
            }
            continue;
        }
        if decision.charge((index, counted), request, (store, &now), &mut questions) {
            return decision;
        }
    }
    if !questions.is_empty() {
        decision.verdict = Verdict::Ask(questions);
    }
    decision
}

/// Decides without the rate limit service, which has not answered these questions.
pub(crate) fn without_service(
    mut decision: Decision,
    questions: &[Question],
    limits: &Limits,
    on_error: OnError,
    (store, now): (&impl CasStore, Duration),
) -> Decision {
    decision.verdict = Verdict::Pass;
    for question in questions {
        let index = question.limit;
        let Some(counted) = limits.get(index) else {
            continue;
        };
        let limit = &counted.limit;
        let refuses = match (on_error, &counted.table) {
            // One of its buckets is used up, so the others are not charged.
            _ if decision.is_refused_by(index) => false,
            (OnError::Refuse, _) => {
                decision.refuse(index, limit, Reason::ServiceUnavailable);
                true
            }
            (OnError::Process, Table::Requests(limiter)) => {
                let key = key::bytes(&question.entries);
                let check = limiter.check(store, &key, question.cost, now);
                decision.charged(index, limit, check)
            }
            _ => false,
        };
        if refuses && limit.mode.is_enforced() {
            break;
        }
    }
    decision
}

impl Decision {
    /// Charges all keys of a request at a limit, or adds questions to the service about them.
    /// Returns whether that ends the request.
    #[inline(never)]
    fn charge(
        &mut self,
        (index, counted): (usize, &Counted),
        request: &Request,
        (store, now): (&impl CasStore, &impl Fn() -> Duration),
        questions: &mut Vec<Question>,
    ) -> bool {
        let limit = &counted.limit;
        let keys = match limit.keys(request) {
            Ok(keys) => keys,
            Err(reason) => {
                let is_missing = reason == Reason::MissingKey;
                add(&mut self.incidents.missing_keys, is_missing);
                return self.refuse(index, limit, reason);
            }
        };
        add(&mut self.incidents.missing_keys, keys.is_empty());
        let cost = limit.cost.of(request);
        for key in keys.iter() {
            let refuses = match (limit.scope, &counted.table) {
                (Scope::Process, Table::Requests(limiter)) => {
                    let check = key.with_bytes(|key| limiter.check(store, key, cost, now()));
                    self.charged(index, limit, check)
                }
                (Scope::Process, _) => {
                    self.charge_apart((index, counted), key, (request, cost), (store, now()))
                }
                // The service would treat a cost of 0 as 1, so it is not asked.
                (Scope::Service, _) if cost > 0 => {
                    questions.push(Question {
                        limit: index,
                        entries: key.entries(&limit.key),
                        cost,
                    });
                    false
                }
                (Scope::Service, _) => false,
            };
            if refuses {
                // The others are not charged.
                return limit.mode.is_enforced();
            }
        }
        false
    }

    /// Records the result of a charge. Returns whether the limit refuses the request, or would.
    pub(super) fn charged(&mut self, index: usize, limit: &Limit, check: Check) -> bool {
        let (left, reason) = match check {
            Check::Charged { left, evicted } => {
                add(&mut self.incidents.evicted, evicted);
                (Some(left), None)
            }
            Check::UsedUp { left, wait } => {
                let retry_after = whole_seconds(wait).max(1);
                (Some(left), Some(Reason::UsedUp { retry_after }))
            }
            Check::TooCostly { left } => (Some(left), Some(Reason::TooCostly)),
            Check::Contended => (None, Some(Reason::Contended)),
        };
        if let Some(left) = left
            && limit.mode.is_enforced()
        {
            self.stand(Standing::new(index, left), reason.is_some());
        }
        self.conclude(index, limit, reason)
    }

    pub(super) fn conclude(&mut self, index: usize, limit: &Limit, reason: Option<Reason>) -> bool {
        match reason {
            Some(reason) => {
                self.refuse(index, limit, reason);
                true
            }
            None => {
                self.pass(index);
                false
            }
        }
    }
}
