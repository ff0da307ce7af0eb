//! Rules, and their operations in order.

use crate::answer::Answer;
use crate::decision::Applied;
use crate::events::Event;
use crate::operation::{
    Budget, Exchange, Look, RemovedFirst, RequestOperation, ResponseOperation, remove_first,
};
use crate::reason::{Refused, Skipped};
use filter_kit::matching::{Match, MatchIndex};
use filter_kit::reply::LocalReply;
use filter_kit::request::Request;
use filter_kit::response::Response;
use filter_kit::template::{Template, Values};
use filter_kit::values::HeaderName;

/// A rule: what it is for, and what it does.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The requests it is for.
    pub matches: Match,
    removed_first: RemovedFirst,
    /// What it does to the request after that.
    request: Vec<RequestOperation>,
    /// What answers the request after that.
    answer: Option<Answer>,
    response: Vec<ResponseOperation>,
    /// Request headers in which the upstream gets the nonce.
    nonce_headers: Vec<HeaderName>,
    edits_request: bool,
    /// Whether a response operation looks at more than the response.
    keeps: bool,
    looks_at_scheme: bool,
    has_captures: bool,
    looks_at_host: bool,
    /// Whether a response operation looks at the request.
    keeps_request: bool,
    /// How much of the response its operations look at.
    look: Look,
}

/// All rules, in order.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    index: MatchIndex,
    look_at_host: bool,
    /// Whether a rule keeps something for its response.
    keep: bool,
    /// Whether a rule looks at responses.
    look_at_responses: bool,
}

/// What a rule is made of.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// The requests it is for.
    pub matches: Match,
    /// Its operations on the request.
    pub request: Vec<RequestOperation>,
    /// What answers the request after these.
    pub answer: Option<Answer>,
    /// Its operations on the response.
    pub response: Vec<ResponseOperation>,
    /// Request headers in which the upstream gets the nonce.
    pub nonce_headers: Vec<HeaderName>,
}

/// How a request goes on.
#[derive(Debug, Default)]
pub struct Edited {
    /// Why operations were not carried out.
    pub skipped: Vec<Skipped>,
    /// The answer in place of the upstream's.
    pub answer: Option<Box<(Event, LocalReply)>>,
}

impl Rule {
    /// A rule of these parts. What is the same for every request is worked out here.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts {
            matches,
            mut request,
            answer,
            response,
            nonce_headers,
        } = parts;
        let templates = || response.iter().filter_map(ResponseOperation::template);
        Self {
            edits_request: !request.is_empty() || answer.is_some(),
            has_captures: matches.path_groups() > 0,
            looks_at_host: matches.looks_at_host()
                || request.iter().any(RequestOperation::looks_at_host)
                || answer.as_ref().is_some_and(Answer::looks_at_host)
                || templates().any(Template::looks_at_host),
            keeps_request: templates().any(Template::looks_at_request),
            keeps: templates().any(Template::looks_at_request)
                || response.iter().any(ResponseOperation::looks_at_scheme)
                || !nonce_headers.is_empty(),
            looks_at_scheme: response.iter().any(ResponseOperation::looks_at_scheme),
            look: response.iter().map(ResponseOperation::look).sum(),
            removed_first: remove_first(&mut request),
            matches,
            request,
            answer,
            response,
            nonce_headers,
        }
    }

    /// Whether it answers requests itself.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.answer.is_some()
    }

    /// Whether it has operations on the request, or answers it.
    #[must_use]
    pub fn edits_request(&self) -> bool {
        self.edits_request
    }

    /// The capture groups of its path pattern, in the path as it was sent.
    #[must_use]
    pub fn captures(&self, request: &Request) -> Vec<Option<Vec<u8>>> {
        if self.has_captures {
            self.path_captures(request)
        } else {
            Vec::new()
        }
    }

    #[inline(never)]
    fn path_captures(&self, request: &Request) -> Vec<Option<Vec<u8>>> {
        self.matches.path_captures(request)
    }

    fn edit_request(
        &self,
        request: &mut Request,
        captures: &[Option<Vec<u8>>],
        budget: &mut Budget,
        skipped: &mut Vec<Skipped>,
    ) -> Result<(), Refused> {
        if !self.removed_first.is_empty() {
            request.edit(|headers| self.removed_first.remove(headers));
        }
        for operation in &self.request {
            skipped.extend(operation.apply(request, captures, budget)?);
        }
        Ok(())
    }

    #[inline(never)]
    fn reply(
        &self,
        answer: &Answer,
        request: &Request,
        path_captures: &[Option<Vec<u8>>],
    ) -> Result<(Event, LocalReply), Refused> {
        let values = Values {
            request: Some(request),
            path_captures,
            ..Values::default()
        };
        let event = match answer {
            Answer::Redirect { .. } => Event::RequestRedirected,
            Answer::Respond(_) => Event::RequestAnswered,
        };
        Ok((event, answer.reply(&values)?))
    }
}

impl Rules {
    /// Rules in the order of the configuration.
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

    /// Whether no request is ever changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether a match or a template looks at the host, so that a request with a malformed one has to be refused.
    #[must_use]
    pub fn look_at_host(&self) -> bool {
        self.look_at_host
    }

    /// The rules that may match a request, with their places, in order.
    pub fn candidates(&self, request: &Request) -> impl Iterator<Item = (usize, &Rule)> {
        self.index
            .candidates(request)
            .filter_map(|at| Some((at, self.rules.get(at)?)))
    }

    /// Carries out the request operations of rules, up to the first answer; each sees what those before it did.
    ///
    /// # Errors
    /// [`Refused`] where the request must not go on: it cannot be what the rules make of it, and it must not pass as it was.
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

    /// Whether an operation of these rules depends on whether the client came over https.
    #[must_use]
    pub fn look_at_scheme(&self, applied: &[Applied]) -> bool {
        self.of(applied).any(|(rule, _)| rule.looks_at_scheme)
    }

    /// The request headers in which the upstream gets the nonce.
    pub fn nonce_headers<'r>(
        &'r self,
        applied: &'r [Applied],
    ) -> impl Iterator<Item = &'r HeaderName> {
        self.of(applied).flat_map(|(rule, _)| &rule.nonce_headers)
    }

    /// Whether a response operation of these rules looks at more than the response.
    #[must_use]
    pub fn keep(&self, applied: &[Applied]) -> bool {
        self.keep && self.of(applied).any(|(rule, _)| rule.keeps)
    }

    fn keep_request(&self, applied: &[Applied]) -> bool {
        self.of(applied).any(|(rule, _)| rule.keeps_request)
    }

    /// The request as it is now, where a response operation looks at it.
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

    /// Carries out the response operations of rules. Gives why operations were not carried out.
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
