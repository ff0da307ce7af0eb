//! Which requirement a request falls under.

use crate::requirement::Requirement;
use filter_kit::matching::Match;
use filter_kit::request::RequestHead;
use filter_kit::spelling::AmbiguousPath;

/// A rule: what it is for, and what it requires.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The requests it is for.
    pub matches: Match,
    /// What they have to show.
    pub requirement: Requirement,
}

/// All rules, in order.
#[derive(Debug, Clone)]
pub struct Rules {
    rules: Vec<Rule>,
    otherwise: Requirement,
}

impl Rules {
    /// Rules in the order of the configuration, and the requirement where none matches.
    #[must_use]
    pub fn new(rules: Vec<Rule>, otherwise: Requirement) -> Self {
        Self { rules, otherwise }
    }

    /// The requirement of the first rule that matches.
    ///
    /// # Errors
    /// [`AmbiguousPath`] where the spellings of the path decide whether a rule matches.
    pub fn requirement(&self, head: &RequestHead) -> Result<&Requirement, AmbiguousPath> {
        for rule in &self.rules {
            if rule.matches.fits(head)? {
                return Ok(&rule.requirement);
            }
        }
        Ok(&self.otherwise)
    }
}

/// Whether a request is a CORS preflight (Fetch standard, section 3.2.2).
#[must_use]
pub fn is_preflight(head: &RequestHead) -> bool {
    let has = |name| head.headers.first(name).is_some_and(|v| !v.is_empty());
    head.method == b"OPTIONS" && has("origin") && has("access-control-request-method")
}
