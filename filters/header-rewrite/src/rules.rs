//! Rules, and their operations in order.

mod rule;

use crate::decision::Applied;
use crate::events::Event;
use crate::operation::{Budget, Exchange, Look, ResponseOperation};
use crate::reason::{Refused, Skipped};
use filter_kit::matching::MatchIndex;
use filter_kit::reply::LocalReply;
use filter_kit::request::Request;
use filter_kit::response::Response;
use filter_kit::values::HeaderName;

pub(crate) use rule::{Parts, Rule};

/// All rules, in order.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    index: MatchIndex,
    look_at_host: bool,
    /// Whether a rule keeps something for its response.
    keep: bool,
    /// Whether a rule depends on responses.
    look_at_responses: bool,
}

/// The result of editing a request.
#[derive(Debug, Default)]
pub struct Edited {
    /// Why operations were skipped.
    pub skipped: Vec<Skipped>,
    /// The answer to send instead of the upstream's.
    pub answer: Option<Box<(Event, LocalReply)>>,
}

impl Rules {
    /// Creates the rules, in the order of the configuration.
    #[must_use]
    pub fn new(rules: Vec<Rule>) -> Self {
        Self {
            index: MatchIndex::new(rules.iter().map(|rule| &rule.matches)),
            look_at_host: rules.iter().any(|rule| rule.looks_at_host),
            keep: rules.iter().any(|rule| rule.keeps),
            look_at_responses: rules.iter().any(|rule| rule.look != Look::default()),
            rules,
        }
    }

    /// Whether there are no rules, so that no request is ever changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether a match or a template depends on the host. If so, a request with a malformed host
    /// has to be refused.
    #[must_use]
    pub fn look_at_host(&self) -> bool {
        self.look_at_host
    }

    /// Returns the rules that may match a request, with their indices, in order.
    pub fn candidates(&self, request: &Request) -> impl Iterator<Item = (usize, &Rule)> {
        self.index
            .candidates(request)
            .filter_map(|at| Some((at, self.rules.get(at)?)))
    }

    /// Whether a rule edits requests.
    #[must_use]
    pub fn edit_requests(&self) -> bool {
        self.rules.iter().any(Rule::edits_request)
    }

    /// Applies the request operations of rules, up to the first answer. Each operation sees the
    /// result of the previous ones.
    ///
    /// # Errors
    /// [`Refused`] if the request must not continue: the rules cannot be applied, and it must not
    /// pass through unchanged.
    #[inline(never)]
    pub fn edit_request(
        &self,
        applied: &[Applied],
        request: &mut Request,
    ) -> Result<Edited, Refused> {
        let mut budget = Budget::default();
        let mut edited = Edited::default();
        for (rule, captures) in self.of(applied) {
            rule.edit_request(request, captures, &mut budget, &mut edited.skipped)?;
            if let Some(answer) = &rule.answer {
                edited.answer = Some(Box::new(rule.reply(answer, request, captures)?));
                break;
            }
        }
        Ok(edited)
    }

    /// Whether an operation of these rules depends on whether the client used HTTPS.
    #[must_use]
    pub fn look_at_scheme(&self, applied: &[Applied]) -> bool {
        self.of(applied).any(|(rule, _)| rule.looks_at_scheme)
    }

    /// Returns the request headers that pass the nonce to the upstream.
    pub fn nonce_headers<'r>(
        &'r self,
        applied: &'r [Applied],
    ) -> impl Iterator<Item = &'r HeaderName> {
        self.of(applied).flat_map(|(rule, _)| &rule.nonce_headers)
    }

    /// Whether a response operation of these rules depends on more than the response.
    #[must_use]
    pub fn keep(&self, applied: &[Applied]) -> bool {
        self.keep && self.of(applied).any(|(rule, _)| rule.keeps)
    }

    fn keep_request(&self, applied: &[Applied]) -> bool {
        self.of(applied).any(|(rule, _)| rule.keeps_request)
    }

    /// Returns a snapshot of the request, if a response operation depends on it.
    #[must_use]
    pub fn snapshot(&self, applied: &[Applied], request: &Request) -> Option<Request> {
        if !self.keep_request(applied) {
            return None;
        }
        let templates = self
            .of(applied)
            .flat_map(|(rule, _)| rule.response.iter())
            .filter_map(ResponseOperation::template)
            .filter(|template| template.looks_at_request());
        Some(request.snapshot(|request| templates.for_each(|template| template.read(request))))
    }

    /// Applies the response operations of rules. Returns why operations were skipped.
    #[must_use]
    pub fn edit_response(
        &self,
        applied: &[Applied],
        exchange: &mut Exchange<'_>,
        response: &mut Response,
    ) -> Vec<Skipped> {
        if self.look_at_responses {
            let look: Look = self.of(applied).map(|(rule, _)| rule.look).sum();
            if look.is_at_all() {
                let _ = response.headers();
            }
        }
        let mut skipped = Vec::new();
        for (rule, captures) in self.of(applied) {
            for operation in &rule.response {
                skipped.extend(operation.apply(exchange, response, captures));
            }
        }
        skipped
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
