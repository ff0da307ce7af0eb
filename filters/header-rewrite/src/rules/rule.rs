//! One rule.

use crate::answer::Answer;
use crate::events::Event;
use crate::operation::{
    Budget, Look, RemovedFirst, RequestOperation, ResponseOperation, remove_first,
};
use crate::reason::{Refused, Skipped};
use filter_kit::matching::Match;
use filter_kit::reply::LocalReply;
use filter_kit::request::Request;
use filter_kit::template::{Template, Values};
use filter_kit::values::HeaderName;

/// A rule: which requests it applies to, and what it does.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The requests that it applies to.
    pub matches: Match,
    removed_first: RemovedFirst,
    /// The operations on the request after that.
    request: Vec<RequestOperation>,
    /// The answer to the request after that.
    pub(super) answer: Option<Answer>,
    pub(super) response: Vec<ResponseOperation>,
    /// Request headers that pass the nonce to the upstream.
    pub(super) nonce_headers: Vec<HeaderName>,
    edits_request: bool,
    /// Whether a response operation depends on more than the response.
    pub(super) keeps: bool,
    pub(super) looks_at_scheme: bool,
    has_captures: bool,
    pub(super) looks_at_host: bool,
    /// Whether a response operation depends on the request.
    pub(super) keeps_request: bool,
    /// How much of the response its operations depend on.
    pub(super) look: Look,
}

/// The parts of a rule.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// The requests that it applies to.
    pub matches: Match,
    /// Its operations on the request.
    pub request: Vec<RequestOperation>,
    /// The answer to the request after that.
    pub answer: Option<Answer>,
    /// Its operations on the response.
    pub response: Vec<ResponseOperation>,
    /// Request headers that pass the nonce to the upstream.
    pub nonce_headers: Vec<HeaderName>,
}

impl Rule {
    /// Creates a rule from its parts. Everything that is the same for every request is computed
    /// here.
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

    /// Returns the capture groups of its path pattern, for the path as sent.
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

    pub(super) fn edit_request(
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
    pub(super) fn reply(
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
