//! What becomes of a request, and why: the words in which the rest speaks of it.

use crate::fields::Standing;
use crate::key::Entry;
use crate::limit::Limit;
use filter_kit::values::Mode;

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it passes.
    pub verdict: Verdict,
    /// How it stands with the limits that are enforced, for the fields of its response.
    pub standings: Vec<Standing>,
    /// What each limit made of it, by its place in the list.
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
    /// As far as this process knows; the rate limit service has a say too.
    Ask(Vec<Question>),
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The limit, by its place in the list.
    pub limit: usize,
    /// Why.
    pub reason: Reason,
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The limit is used up.
    UsedUp {
        /// In seconds, at least 1.
        retry_after: u64,
    },
    /// The request costs more than the limit ever lets through.
    TooCostly {
        /// In seconds: the window. A smaller request may pass then.
        retry_after: u64,
    },
    /// Too many workers changed the same buckets at the same time.
    Contended,
    /// The request lacks a part of the key.
    MissingKey,
    /// Its path has several spellings, and only some of them match.
    AmbiguousPath,
    /// The rate limit service has no answer.
    ServiceUnavailable,
}

impl Reason {
    /// When to try again, in seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::UsedUp { retry_after } | Self::TooCostly { retry_after } => Some(*retry_after),
            Self::Contended | Self::ServiceUnavailable => Some(1),
            Self::MissingKey | Self::AmbiguousPath => None,
        }
    }
}

/// What a limit made of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It passes.
    Passed,
    /// It is refused.
    Refused,
    /// It would be refused, were the limit enforced.
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
    /// Whether the path is ambiguous, though that is not enforced.
    pub ambiguous_path: bool,
}

/// What the rate limit service is asked of a request: one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The limit, by its place in the list.
    pub limit: usize,
    /// The bucket.
    pub entries: Vec<Entry>,
    /// The cost.
    pub cost: u32,
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

    /// Notes that a limit refuses; says whether that ends the request.
    pub fn refuse(&mut self, index: usize, limit: &Limit, reason: Reason) -> bool {
        let enforced = limit.mode == Mode::Enforce;
        match reason {
            Reason::Contended => add(&mut self.incidents.contended, true),
            Reason::AmbiguousPath => self.incidents.ambiguous_path = !enforced,
            _ => {}
        }
        if reason != Reason::AmbiguousPath {
            let outcome = if enforced {
                Outcome::Refused
            } else {
                Outcome::Reported
            };
            self.outcomes.push((index, outcome));
        }
        if enforced {
            self.verdict = Verdict::Refuse(Refusal {
                limit: index,
                reason,
            });
        }
        enforced
    }
}

/// Counts one more, if it happened.
pub(crate) fn add(count: &mut u32, happened: bool) {
    *count = count.saturating_add(u32::from(happened));
}
