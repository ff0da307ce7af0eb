//! Decides whether a request passes, and what is known about it then. [`decide`] derives this from
//! a request and its limits.

mod answers;
mod apart;
mod charge;

use crate::few::Few;
use crate::fields::Standing;
use crate::key::Entry;
use crate::limit::{Limit, LimitMode};
use crate::quota::Quota;
use crate::reason::Reason;
use filter_kit::store::Lease;
use filter_kit::values::Mode;

pub(crate) use answers::{AnswerCharged, charge_answer};
pub(crate) use charge::{decide, without_service};

/// The decision on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    /// Whether it passes.
    pub verdict: Verdict,
    /// The state of the enforced limits, for the fields of the response.
    pub standings: Few<Standing>,
    /// The outcome for each limit, by its index.
    pub outcomes: Few<(usize, Outcome)>,
    /// What else has to be counted.
    pub incidents: Incidents,
    /// What remains to be done when the response arrives and when the request ends, if anything.
    pub later: Option<Box<Later>>,
}

/// What remains to be done for a request that passes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Later {
    /// The buckets that its response may be charged to.
    pub charges: Vec<Pending>,
    /// The leases to give back when the request ends.
    pub leases: Vec<Lease>,
}

/// A bucket that the response may be charged to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    /// The index of the limit.
    pub limit: usize,
    /// The key.
    pub key: Vec<u8>,
    /// The quota of the request.
    pub quota: Quota,
    /// The cost, unless it comes from a response header.
    pub cost: u32,
}

/// Whether a request passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It passes.
    Pass,
    /// It is exempt from all limits.
    Exempt,
    /// It is refused.
    Refuse(Refusal),
    /// The limits of this process let it pass, and the rate limit service decides.
    Ask(Vec<Question>),
}

/// Why a request is refused, and by which limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The index of the limit; `None` if the filter itself refuses.
    pub limit: Option<usize>,
    /// The reason.
    pub reason: Reason,
}

/// The outcome of a request at one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It passes.
    Passed,
    /// It is refused.
    Refused,
    /// It would be refused if the limit were enforced.
    Reported,
    /// It would be refused if the limit were enforced. The upstream gets the limit's name.
    Annotated,
}

/// What else has to be counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Incidents {
    /// The number of limits with a key that the request lacks.
    pub missing_keys: u32,
    /// The number of evicted buckets.
    pub evicted: u32,
    /// The number of limits at which the request lost too many races against other workers.
    pub contended: u32,
    /// The number of limits whose table was full of requests in progress.
    pub crowded: u32,
    /// Whether the path can be read in too many ways, but this is not enforced.
    pub ambiguous_path: bool,
    /// Whether the host is malformed, but this is not enforced.
    pub malformed_host: bool,
}

/// A question to the rate limit service: one bucket of a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The index of the limit.
    pub limit: usize,
    /// The bucket.
    pub entries: Vec<Entry>,
    /// The cost.
    pub cost: u32,
}

/// How the filter treats requests that it refuses itself, regardless of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checks {
    /// Whether to refuse them.
    pub mode: Mode,
    /// Whether the configuration depends on hosts, so that a malformed host is refused.
    pub looks_at_host: bool,
}

impl Decision {
    /// Creates a decision that consists of just a verdict.
    #[must_use]
    pub(crate) fn new(verdict: Verdict) -> Self {
        Self {
            verdict,
            standings: Few::None,
            outcomes: Few::None,
            incidents: Incidents::default(),
            later: None,
        }
    }

    /// Returns the limits in annotate mode that the request exceeds.
    pub(crate) fn annotated(&self) -> impl Iterator<Item = usize> {
        self.outcomes
            .iter()
            .filter(|(_, outcome)| *outcome == Outcome::Annotated)
            .map(|(limit, _)| *limit)
    }

    fn later(&mut self) -> &mut Later {
        self.later.get_or_insert_default()
    }

    /// Records that a limit lets a request pass, unless another of its buckets did not.
    pub(crate) fn pass(&mut self, index: usize) {
        if self
            .outcomes
            .last()
            .is_none_or(|(limit, _)| *limit != index)
        {
            self.outcomes.push((index, Outcome::Passed));
        }
    }

    /// Records that a limit refuses. Returns whether that ends the request.
    #[inline(never)]
    pub(crate) fn refuse(&mut self, index: usize, limit: &Limit, reason: Reason) -> bool {
        let enforced = limit.mode.is_enforced();
        add(&mut self.incidents.contended, reason == Reason::Contended);
        add(&mut self.incidents.crowded, reason == Reason::Crowded);
        let outcome = match limit.mode {
            LimitMode::Enforce => Outcome::Refused,
            LimitMode::Report => Outcome::Reported,
            LimitMode::Annotate => Outcome::Annotated,
        };
        match self.outcomes.last_mut() {
            Some((limit, other)) if *limit == index => *other = outcome,
            _ => self.outcomes.push((index, outcome)),
        }
        if enforced {
            self.verdict = Verdict::Refuse(Refusal {
                limit: Some(index),
                reason,
            });
        }
        enforced
    }

    /// Whether the limit checked last refuses the request, or would.
    #[must_use]
    pub(crate) fn is_refused_by(&self, index: usize) -> bool {
        matches!(self.outcomes.last(), Some((limit, outcome)) if *limit == index && *outcome != Outcome::Passed)
    }

    /// Records the state of a bucket of an enforced limit. Of several buckets, keeps the one that
    /// refuses, or the one with the least left.
    pub(crate) fn stand(&mut self, standing: Standing, refuses: bool) {
        match self.standings.last_mut() {
            Some(other) if other.limit == standing.limit => {
                if refuses || standing.is_below(other) {
                    *other = standing;
                }
            }
            _ => self.standings.push(standing),
        }
    }

    /// Records that the filter itself refuses. Returns whether that ends the request.
    #[inline(never)]
    fn refuse_by_filter(&mut self, mode: Mode, reason: Reason) -> bool {
        let enforced = mode == Mode::Enforce;
        if enforced {
            self.verdict = Verdict::Refuse(Refusal {
                limit: None,
                reason,
            });
        } else {
            match reason {
                Reason::MalformedHost => self.incidents.malformed_host = true,
                _ => self.incidents.ambiguous_path = true,
            }
        }
        enforced
    }
}

/// Adds one if the event happened.
fn add(count: &mut u32, happened: bool) {
    *count = count.saturating_add(u32::from(happened));
}

#[cfg(test)]
mod tests;
