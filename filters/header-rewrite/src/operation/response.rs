//! Operations on responses.

use super::{Budget, HeaderOperation, Look, Message, When};
use crate::reason::Skipped;
use filter_kit::request::Request;
use filter_kit::response::Response;
use filter_kit::template::{Template, Values};

/// An operation on a response.
#[derive(Debug, Clone)]
pub struct ResponseOperation {
    /// `None` applies to every response.
    when: Option<Box<When>>,
    operation: HeaderOperation,
    look: Look,
}

/// What a request keeps for the operations on its response.
#[derive(Debug, Default)]
pub struct Kept {
    /// The request as received, if an operation depends on it.
    pub sent: Option<Request>,
    /// Whether the client used HTTPS.
    pub is_https: bool,
    /// The nonce of this request.
    pub nonce: Option<String>,
}

/// What the operations on a response have access to.
#[derive(Debug, Default)]
pub struct Exchange<'a> {
    pub(super) kept: Option<&'a Kept>,
    /// The status, read once for all operations.
    pub(super) status: Option<Option<u16>>,
}

impl<'a> Exchange<'a> {
    /// Creates the state before the first operation.
    #[must_use]
    pub fn new(kept: Option<&'a Kept>) -> Self {
        Self { kept, status: None }
    }
}

impl ResponseOperation {
    /// Creates an operation for responses that meet the condition.
    #[must_use]
    pub fn new(when: When, operation: HeaderOperation) -> Self {
        let look = if when.headers.is_empty() {
            Look::of(&operation)
        } else {
            Look::AT_ALL
        };
        Self {
            look,
            when: (!when.is_always()).then(|| Box::new(when)),
            operation,
        }
    }

    /// Applies the operation if its condition is met. Returns why it was skipped. A header that is
    /// too costly to replace in is removed.
    #[must_use]
    pub fn apply(
        &self,
        exchange: &mut Exchange<'_>,
        response: &mut Response,
        path_captures: &[Option<Vec<u8>>],
    ) -> Option<Skipped> {
        if self.when.is_none()
            && let HeaderOperation::Set(name, template) = &self.operation
            && let Some(value) = template.fixed()
        {
            response.set(name.as_str(), value);
            return None;
        }
        self.apply_any(exchange, response, path_captures)
    }

    #[inline(never)]
    fn apply_any(
        &self,
        exchange: &mut Exchange<'_>,
        response: &mut Response,
        path_captures: &[Option<Vec<u8>>],
    ) -> Option<Skipped> {
        if self
            .when
            .as_ref()
            .is_some_and(|when| !when.holds(response, exchange))
        {
            return None;
        }
        let kept = exchange.kept;
        let nonce = kept.and_then(|kept| Some(("nonce", kept.nonce.as_ref()?.as_bytes())));
        let values = Values {
            request: kept.and_then(|kept| kept.sent.as_ref()),
            response: self.look.is_at_all().then(|| response.headers()),
            path_captures,
            extra: nonce.as_slice(),
            ..Values::default()
        };
        // Its own budget, so that the cost of one header does not remove another.
        let mut budget = Budget::default();
        let message = Message::Response(response);
        let (change, skipped) = self.operation.change(message, &values, &mut budget);
        change.make_in_response(response);
        skipped
    }

    /// Returns how much of the response it depends on, except for the status.
    #[must_use]
    pub fn look(&self) -> Look {
        self.look
    }

    /// Whether it depends on whether the client used HTTPS.
    #[must_use]
    pub fn looks_at_scheme(&self) -> bool {
        self.when.as_ref().is_some_and(|when| when.https)
    }

    /// Returns the template of its value.
    #[must_use]
    pub fn template(&self) -> Option<&Template> {
        self.operation.template()
    }
}
