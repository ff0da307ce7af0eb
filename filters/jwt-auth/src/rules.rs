//! Which requirements apply to a request.

use crate::requirement::{ProviderRequirement, Requirement};
use filter_kit::headers::{is_look_alike, is_same_name};
use filter_kit::matching::{Match, MatchIndex, ReadingSet};
use filter_kit::request::{Request, TooManyReadings};
use filter_kit::values::is_token;

/// A rule: which requests it applies to, and what it requires.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The requests that it applies to.
    pub matches: Match,
    /// What is required of them.
    pub requirement: Requirement,
}

/// All rules, in order.
#[derive(Debug, Clone)]
pub struct Rules {
    rules: Vec<Rule>,
    by_match: MatchIndex,
    otherwise: Requirement,
}

/// The requirements that apply to a request: one, or one for each reading of its path. All must be
/// met.
#[derive(Debug, Clone, Default)]
pub struct Requirements<'r>(Vec<(Option<usize>, &'r Requirement)>);

impl<'r> From<&'r Requirement> for Requirements<'r> {
    fn from(requirement: &'r Requirement) -> Self {
        Self(vec![(None, requirement)])
    }
}

impl<'r> Requirements<'r> {
    /// Iterates over the requirements.
    pub fn iter(&self) -> impl Iterator<Item = &'r Requirement> {
        self.0.iter().map(|(_, requirement)| *requirement)
    }

    /// Iterates over the requirements with the number of their rule, from 0; `None` if no rule
    /// matched.
    pub fn numbered(&self) -> impl Iterator<Item = (Option<usize>, &'r Requirement)> {
        self.0.iter().copied()
    }

    /// Returns the provider if its token is the only requirement, with the number of the rule;
    /// `None` for any other requirement, or for several.
    #[must_use]
    pub fn only_provider(&self) -> Option<(Option<usize>, &'r ProviderRequirement)> {
        let &[(rule, mut requirement)] = self.0.as_slice() else {
            return None;
        };
        loop {
            match requirement {
                Requirement::Provider(required) => return Some((rule, required)),
                Requirement::Any(list) | Requirement::All(list) => {
                    let [only] = list.as_slice() else {
                        return None;
                    };
                    requirement = only;
                }
                _ => return None,
            }
        }
    }

    /// Whether nothing is required.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.iter()
            .all(|requirement| matches!(requirement, Requirement::Nothing))
    }
}

impl Rules {
    /// Creates the rules, in the order of the configuration, and the requirement that applies if no
    /// rule matches.
    #[must_use]
    pub fn new(rules: Vec<Rule>, otherwise: Requirement) -> Self {
        Self {
            by_match: MatchIndex::new(rules.iter().map(|rule| &rule.matches)),
            rules,
            otherwise,
        }
    }

    /// Returns, for each reading of the path, the requirement of the first rule that matches.
    ///
    /// # Errors
    /// [`TooManyReadings`] of the path.
    pub fn requirements(&self, request: &Request) -> Result<Requirements<'_>, TooManyReadings> {
        if self.rules.is_empty() {
            return Ok(Requirements::from(&self.otherwise));
        }
        let mut found = Requirements::default();
        let mut left = ReadingSet::ALL;
        let candidates = self.by_match.candidates(request);
        for (at, rule) in candidates.filter_map(|at| Some((at, self.rules.get(at)?))) {
            let matching = rule.matches.readings(request)?.and(left);
            if matching.is_none() {
                continue;
            }
            found.0.push((Some(at), &rule.requirement));
            left = left.without(matching);
            if left.is_none() {
                return Ok(found);
            }
        }
        found.0.push((None, &self.otherwise));
        Ok(found)
    }

    /// Whether it depends on the host which rule matches.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.matches.looks_at_host() || rule.requirement.looks_at_host())
    }
}

/// Headers that some servers treat as the method. Browsers do not send them with a preflight.
const METHOD_OVERRIDES: [&str; 3] = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
];

/// Whether a request is a CORS preflight as browsers send it (Fetch standard, sections 3.2.2 and
/// 4.8): with one origin and one method, and without a body or a method override.
#[must_use]
pub(crate) fn is_preflight(request: &Request) -> bool {
    let only = |name| {
        let mut values = request.headers().all(name);
        values.next().filter(|_| values.next().is_none())
    };
    request.method() == b"OPTIONS"
        && !request.has_more()
        && only("origin").is_some_and(|origin| !origin.is_empty())
        && only("access-control-request-method").is_some_and(is_token)
        && !request.headers().iter().any(|(name, _)| {
            METHOD_OVERRIDES.iter().any(|other| {
                let other = other.as_bytes();
                is_same_name(name, other) || is_look_alike(name, other)
            })
        })
}
