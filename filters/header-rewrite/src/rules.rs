//! Which rules apply to a request, and their operations in order.

use crate::draft::Draft;
use crate::operation::{Budget, RequestOperation, ResponseOperation, Skipped, TooCostly};
use filter_kit::headers::{Edit, Headers};
use filter_kit::matching::Match;
use filter_kit::request::{Needs, RequestHead};
use filter_kit::spelling::AmbiguousPath;

/// A rule: what it is for, and what it does.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The requests it is for.
    pub matches: Match,
    /// What it does to the request.
    pub request: Vec<RequestOperation>,
    /// What it does to the response.
    pub response: Vec<ResponseOperation>,
}

/// All rules, in order.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    needs: Needs,
}

impl Rules {
    /// Rules in the order of the configuration.
    #[must_use]
    pub fn new(rules: Vec<Rule>) -> Self {
        let needs = Needs::any(rules.iter().flat_map(|rule| {
            let request = rule.request.iter().map(RequestOperation::needs);
            let response = rule.response.iter().map(|r| r.operation.needs());
            request.chain(response).chain([rule.matches.needs()])
        }));
        Self { rules, needs }
    }

    /// Whether there is nothing to do, ever.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules
            .iter()
            .all(|rule| rule.request.is_empty() && rule.response.is_empty())
    }

    /// What has to be known of a request.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.needs
    }
}

/// The rules that apply to one request, and what its response has to know of it.
#[derive(Debug, Default)]
pub struct Selected {
    /// Places in [`Rules`], with the captures of the path pattern.
    rules: Vec<(usize, Vec<Option<Vec<u8>>>)>,
    request: RequestHead,
}

/// What the host has to do, and what was left undone.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// The edits.
    pub edits: Vec<Edit>,
    /// Why operations were not carried out.
    pub skipped: Vec<Skipped>,
}

impl Selected {
    /// Finds the rules that match the request as it came: what one rule does cannot make another match.
    ///
    /// # Errors
    /// [`AmbiguousPath`] where the answer of a rule depends on how the path is spelled. The other rules are found all the same.
    pub fn select(&mut self, rules: &Rules, head: &RequestHead) -> Result<(), AmbiguousPath> {
        let mut ambiguous = Ok(());
        for (i, rule) in rules.rules.iter().enumerate() {
            match rule.matches.fits(head) {
                Ok(true) => {
                    let captures = if rule.matches.path_groups() > 0 {
                        rule.matches.path_captures(head)
                    } else {
                        Vec::new()
                    };
                    self.rules.push((i, captures));
                }
                Ok(false) => {}
                Err(error) => ambiguous = Err(error),
            }
        }
        ambiguous
    }

    /// Carries out the request operations of the rules that match.
    ///
    /// # Errors
    /// [`TooCostly`] where all its replacements together take too much work. The request must not go on: it is not known what an absent
    /// header would mean to those who wait for it.
    pub fn rewrite_request(
        &self,
        rules: &Rules,
        head: &RequestHead,
    ) -> Result<Rewritten, TooCostly> {
        if self.of(rules).all(|(rule, _)| rule.request.is_empty()) {
            return Ok(Rewritten::default());
        }
        let mut budget = Budget::default();
        let mut skipped = Vec::new();
        let mut draft = Draft::new(head.headers.clone());
        let mut after = RequestHead {
            headers: Headers::default(),
            ..head.clone()
        };
        for (rule, captures) in self.of(rules) {
            for operation in &rule.request {
                match operation.apply(&mut after, &mut draft, captures, &mut budget) {
                    Ok(()) => {}
                    Err(Skipped::TooCostly(error)) => return Err(error),
                    Err(reason) => skipped.push(reason),
                }
            }
        }
        let mut edits = Vec::new();
        if after.authority != head.authority {
            edits.push(Edit::Set(":authority".to_owned(), after.authority));
        }
        if let Some(target) = after
            .target
            .filter(|target| head.target.as_ref() != Some(target))
        {
            edits.push(Edit::Set(":path".to_owned(), target));
        }
        edits.extend(draft.edits());
        Ok(Rewritten { edits, skipped })
    }

    /// Keeps the request as it came, where the response has something to do.
    pub fn keep_for_response(&mut self, rules: &Rules, head: RequestHead) {
        if self.rewrites_response(rules) {
            self.request = head;
        }
    }

    /// Whether the response has something to do.
    #[must_use]
    pub fn rewrites_response(&self, rules: &Rules) -> bool {
        self.of(rules).any(|(rule, _)| !rule.response.is_empty())
    }

    /// Carries out the response operations of the rules that match.
    #[must_use]
    pub fn rewrite_response(&self, rules: &Rules, headers: Headers) -> Rewritten {
        let mut skipped = Vec::new();
        let mut draft = Draft::new(headers);
        for (rule, captures) in self.of(rules) {
            for operation in &rule.response {
                skipped.extend(operation.apply(&self.request, &mut draft, captures).err());
            }
        }
        Rewritten {
            edits: draft.edits(),
            skipped,
        }
    }

    fn of<'r>(
        &'r self,
        rules: &'r Rules,
    ) -> impl Iterator<Item = (&'r Rule, &'r [Option<Vec<u8>>])> {
        self.rules
            .iter()
            .filter_map(|(i, captures)| Some((rules.rules.get(*i)?, captures.as_slice())))
    }
}

#[cfg(test)]
mod tests;
