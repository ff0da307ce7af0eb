//! Rules, and their operations in order.

use crate::decision::Applied;
use crate::operation::{Budget, RequestOperation, ResponseOperation};
use crate::reason::{Refused, Skipped};
use filter_kit::matching::Match;
use filter_kit::request::Request;
use filter_kit::response::Response;
use filter_kit::template::Template;

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
    look_at_host: bool,
}

impl Rule {
    fn looks_at_host(&self) -> bool {
        self.matches.looks_at_host()
            || self.request.iter().any(RequestOperation::looks_at_host)
            || self.response_templates().any(Template::looks_at_host)
    }

    /// The templates of the response operations.
    fn response_templates(&self) -> impl Iterator<Item = &Template> {
        self.response
            .iter()
            .filter_map(|response| response.operation.template())
    }
}

impl Rules {
    /// Rules in the order of the configuration.
    #[must_use]
    pub fn new(rules: Vec<Rule>) -> Self {
        Self {
            look_at_host: rules.iter().any(Rule::looks_at_host),
            rules,
        }
    }

    /// Whether no request is ever changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules
            .iter()
            .all(|rule| rule.request.is_empty() && rule.response.is_empty())
    }

    /// Whether a match or a template looks at the host, so that a request with a malformed one has to be refused.
    #[must_use]
    pub fn look_at_host(&self) -> bool {
        self.look_at_host
    }

    /// The rules, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// Carries out the request operations of rules; each sees what those before it did. Gives why operations were not carried out.
    ///
    /// # Errors
    /// [`Refused`] where the request must not go on: it cannot be what the rules make of it, and it must not pass as it was.
    pub fn edit_request(
        &self,
        applied: &[Applied],
        request: &mut Request,
    ) -> Result<Vec<Skipped>, Refused> {
        let mut budget = Budget::default();
        let mut skipped = Vec::new();
        for (rule, captures) in self.of(applied) {
            for operation in &rule.request {
                skipped.extend(operation.apply(request, captures, &mut budget)?);
            }
        }
        Ok(skipped)
    }

    /// The request as it is now, where a response operation looks at it.
    #[must_use]
    pub fn snapshot(&self, applied: &[Applied], request: &Request) -> Option<Request> {
        let templates = || {
            self.of(applied)
                .flat_map(|(rule, _)| rule.response_templates())
                .filter(|template| template.looks_at_request())
        };
        templates().next()?;
        Some(request.snapshot(|request| templates().for_each(|template| template.read(request))))
    }

    /// Carries out the response operations of rules. `sent` is the request as it came. Gives why operations were not carried out.
    #[must_use]
    pub fn edit_response(
        &self,
        applied: &[Applied],
        sent: Option<&Request>,
        response: &mut Response,
    ) -> Vec<Skipped> {
        self.of(applied)
            .flat_map(|(rule, captures)| rule.response.iter().map(move |r| (r, captures)))
            .filter_map(|(operation, captures)| operation.apply(sent, response, captures))
            .collect()
    }

    fn of<'r>(
        &'r self,
        applied: &'r [Applied],
    ) -> impl Iterator<Item = (&'r Rule, &'r [Option<Vec<u8>>])> {
        applied.iter().filter_map(|applied| {
            let rule = self.rules.get(applied.rule)?;
            Some((rule, applied.captures.as_slice()))
        })
    }
}

#[cfg(test)]
mod tests;
