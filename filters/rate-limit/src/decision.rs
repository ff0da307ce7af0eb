//! From a request and its limits to a verdict.

use crate::config::OnError;
use crate::fields::Standing;
use crate::key::{self, Entry};
use crate::limit::{Bucket, Limit, Scope};
use crate::limiter::{Check, Limiter};
use crate::limits::Limits;
use crate::quota::whole_seconds;
use crate::verdict::{Decision, Outcome, Question, Reason, Refusal, Verdict, add};
use filter_kit::request::RequestHead;
use filter_kit::store::CasStore;
use filter_kit::values::Mode;
use std::time::Duration;

impl Decision {
    /// Charges a limit of this process; says whether that ends the request.
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

/// Decides a request. Limits of this process are charged first, in their order, up to the first that refuses; then the rate limit service
/// is asked of all of its own at once. `mode` is for what concerns no limit of its own.
pub fn decide(
    limits: &Limits,
    request: &RequestHead,
    mode: Mode,
    store: &impl CasStore,
    now: Duration,
) -> Decision {
    let mut decision = Decision::new(Verdict::Pass);
    match limits.is_exempt(request) {
        Ok(false) => {}
        Ok(true) => return Decision::new(Verdict::Exempt),
        Err(_) if mode == Mode::Report => decision.incidents.ambiguous_path = true,
        Err(_) => {
            return Decision::new(Verdict::Refuse(Refusal {
                limit: 0,
                reason: Reason::AmbiguousPath,
            }));
        }
    }
    let mut questions = Vec::new();
    for (index, limit, limiter) in limits.iter() {
        let ends = match limit.matches.fits(request) {
            Ok(false) => false,
            Err(_) => decision.refuse(index, limit, Reason::AmbiguousPath),
            Ok(true) => {
                let bucket = limit.bucket(request);
                add(
                    &mut decision.incidents.missing_keys,
                    !matches!(bucket, Bucket::Of(_)),
                );
                let cost = limit.cost.of(request);
                match (bucket, limit.scope, limiter) {
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
                }
            }
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

#[cfg(test)]
mod tests;
