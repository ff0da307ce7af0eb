//! Decisions: whether a request passes, and what is known of it then. [`decide`] makes them from a request and its limits.

mod charge;

use crate::fields::Standing;
use crate::key::Entry;
use crate::limit::Limit;
use crate::reason::Reason;
use filter_kit::values::Mode;

pub use charge::{decide, without_service};

/// What is decided about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it passes.
    pub verdict: Verdict,
    /// The state of the limits that are enforced, for the fields of its response.
    pub standings: Vec<Standing>,
    /// The outcome of each limit, by its place in the list.
    pub outcomes: Vec<(usize, Outcome)>,
    /// What else is to be counted.
    pub incidents: Incidents,
}

/// Whether a request passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Pass,
    /// It is exempt from all limits.
    Exempt,
    /// It does not.
    Refuse(Refusal),
    /// The limits of this process let it pass; the rate limit service decides.
    Ask(Vec<Question>),
}

/// Why a request is refused, and by which limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The limit, by its place in the list; `None`: the filter itself.
    pub limit: Option<usize>,
    /// Why.
    pub reason: Reason,
}

/// The outcome of a request at a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It passes.
    Passed,
    /// It is refused.
    Refused,
    /// It would be refused if the limit were enforced.
    Reported,
}

/// What else is to be counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Incidents {
    /// Limits whose key the request lacks.
    pub missing_keys: u32,
    /// Buckets that were forgotten.
    pub evicted: u32,
    /// Limits at which other workers were faster, time and again.
    pub contended: u32,
    /// Whether the path can be read in too many ways, though that is not enforced.
    pub ambiguous_path: bool,
    /// Whether the host is malformed, though that is not enforced.
    pub malformed_host: bool,
}

/// A question for the rate limit service: one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The limit, by its place in the list.
    pub limit: usize,
    /// The bucket.
    pub entries: Vec<Entry>,
    /// The cost.
    pub cost: u32,
}

/// How the filter treats requests that it refuses itself, whichever limits count them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checks {
    /// Whether to refuse them.
    pub mode: Mode,
    /// Whether the configuration looks at hosts, so that a malformed one is refused.
    pub looks_at_host: bool,
}

impl Decision {
    /// Nothing but a verdict.
    #[must_use]
    pub fn new(verdict: Verdict) -> Self {
        Self {
            verdict,
            standings: Vec::new(),
            outcomes: Vec::new(),
            incidents: Incidents::default(),
        }
    }

    /// Notes that a limit refuses. Returns whether that ends the request.
    pub fn refuse(&mut self, index: usize, limit: &Limit, reason: Reason) -> bool {
        let enforced = limit.mode == Mode::Enforce;
        add(&mut self.incidents.contended, reason == Reason::Contended);
        let outcome = if enforced {
            Outcome::Refused
        } else {
            Outcome::Reported
        };
        self.outcomes.push((index, outcome));
        if enforced {
            self.verdict = Verdict::Refuse(Refusal {
                limit: Some(index),
                reason,
            });
        }
        enforced
    }

    /// Notes that the filter itself refuses. Returns whether that ends the request.
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

/// Counts one more, if it happened.
fn add(count: &mut u32, happened: bool) {
    *count = count.saturating_add(u32::from(happened));
}

#[cfg(test)]
mod tests;
