//! Decides which rules apply to a request.

use crate::reason::Refused;
use crate::rules::Rules;
use filter_kit::matching::ReadingSet;
use filter_kit::request::Request;
use std::ops::Deref;

/// A rule that applies to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The index in [`Rules`].
    pub rule: usize,
    /// The capture groups of its path pattern, for the path as sent.
    pub captures: Vec<Option<Vec<u8>>>,
}

/// The rules that apply to a request, in order. In most cases there is only one, which needs no
/// list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum AppliedRules {
    /// No rule.
    #[default]
    None,
    /// One rule.
    One(Applied),
    /// Several rules.
    Several(Vec<Applied>),
}

/// The rules that apply to a request, and whether it is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    /// The rules that apply. Their response operations also apply to a refusal.
    pub applied: AppliedRules,
    /// Why the request is refused before any request operation.
    pub refused: Option<Refused>,
}

impl AppliedRules {
    fn push(&mut self, applied: Applied) {
        if let Self::None = self {
            *self = Self::One(applied);
        } else {
            self.push_next(applied);
        }
    }

    #[inline(never)]
    fn push_next(&mut self, applied: Applied) {
        let mut rules = match std::mem::take(self) {
            Self::None => Vec::new(),
            Self::One(first) => vec![first],
            Self::Several(rules) => rules,
        };
        rules.push(applied);
        *self = Self::Several(rules);
    }
}

impl Deref for AppliedRules {
    type Target = [Applied];

    fn deref(&self) -> &[Applied] {
        match self {
            Self::None => &[],
            Self::One(applied) => std::slice::from_ref(applied),
            Self::Several(rules) => rules,
        }
    }
}

/// Finds the rules that match the request as received: the edits of one rule cannot make another
/// one match.
///
/// A rule applies if a reading of the path matches. If the readings differ in which request
/// operations apply, the request is refused.
#[must_use]
#[inline(never)]
pub(crate) fn decide(rules: &Rules, request: &Request) -> Decision {
    let mut decision = Decision::default();
    let mut is_answered = false;
    if rules.look_at_host() && request.host().is_err() {
        decision.refused = Some(Refused::MalformedHost);
    }
    for (at, rule) in rules.candidates(request) {
        let readings = rule.matches.readings(request).ok();
        if readings.is_some_and(ReadingSet::is_none) {
            continue;
        }
        // Without a set there are too many readings, and any rule may match. After an answer, no
        // rule edits the request.
        if rule.edits_request() && !is_answered {
            if !readings.is_some_and(ReadingSet::is_all) {
                decision.refused.get_or_insert(Refused::AmbiguousPath);
            } else {
                is_answered = rule.answers();
            }
        }
        decision.applied.push(Applied {
            rule: at,
            captures: rule.captures(request),
        });
    }
    decision
}

#[cfg(test)]
mod tests;
