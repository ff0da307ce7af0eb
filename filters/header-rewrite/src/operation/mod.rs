//! What each operation does.
//!
//! On a request every name that an operation writes or removes also goes in each spelling that a server may read as the same name.

mod header;
mod host;
mod name;
mod path;
mod plan;
mod query;
mod replace;
mod target;
mod when;

use crate::reason::{Refused, Skipped};
use filter_kit::headers::Headers;
use filter_kit::request::Request;
use filter_kit::response::Response;
use filter_kit::template::{Template, Values};

pub use header::{Change, HeaderOperation};
pub use host::is_authority;
pub use name::{FRAMING, NameSelector};
pub(crate) use name::{is_removable, set_alone};
pub use path::{NewPrefix, PathRewrite, Place};
pub use plan::{Look, RemovedFirst, remove_first};
pub use query::QueryEdit;
pub use replace::{Budget, Replacement, TooCostly};
pub use target::TargetOperation;
pub use when::When;

/// An operation on a request.
#[derive(Debug, Clone)]
pub enum RequestOperation {
    /// On a header.
    Header(HeaderOperation),
    /// On a header of whose name other spellings are gone already.
    Planned(HeaderOperation),
    /// On path, query or host.
    Target(TargetOperation),
}

/// An operation on a response.
#[derive(Debug, Clone)]
pub struct ResponseOperation {
    /// `None`: for every response.
    when: Option<Box<When>>,
    operation: HeaderOperation,
    look: Look,
}

/// What a request leaves for the operations on its response.
#[derive(Debug, Default)]
pub struct Kept {
    /// The request as it came, where an operation looks at it.
    pub sent: Option<Request>,
    /// Whether the client came over https.
    pub is_https: bool,
    /// The nonce of this request.
    pub nonce: Option<String>,
}

/// What the operations on a response know.
#[derive(Debug, Default)]
pub struct Exchange<'a> {
    kept: Option<&'a Kept>,
    /// The status, read once for all operations.
    status: Option<Option<u16>>,
}

impl<'a> Exchange<'a> {
    /// Before the first operation.
    #[must_use]
    pub fn new(kept: Option<&'a Kept>) -> Self {
        Self { kept, status: None }
    }
}

/// A message under edit.
#[derive(Debug, Clone, Copy)]
pub enum Message<'a> {
    /// A request.
    Request(&'a Request),
    /// A response.
    Response(&'a Response),
}

impl<'a> Message<'a> {
    /// Its headers.
    #[must_use]
    pub fn headers(self) -> &'a Headers {
        match self {
            Self::Request(request) => request.headers(),
            Self::Response(response) => response.headers(),
        }
    }

    fn is_request(self) -> bool {
        matches!(self, Self::Request(_))
    }

    /// Whether a header is there. Of a response whose headers are not read yet, only this one is asked for.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        match self {
            Self::Request(request) => request.headers().contains(name),
            Self::Response(response) => response.has(name),
        }
    }

    /// The values of a header. `host` of a request is the host of `:authority`.
    #[must_use]
    pub fn values(self, name: &str) -> Vec<Vec<u8>> {
        match self {
            Self::Request(request) => request.values(name).map(<[u8]>::to_vec).collect(),
            Self::Response(response) => response.headers().all(name).map(<[u8]>::to_vec).collect(),
        }
    }
}

impl RequestOperation {
    /// Carries it out; gives why it was not.
    ///
    /// # Errors
    /// [`Refused`] where the request must not go on.
    pub fn apply(
        &self,
        request: &mut Request,
        path_captures: &[Option<Vec<u8>>],
        budget: &mut Budget,
    ) -> Result<Option<Skipped>, Refused> {
        if let Self::Planned(HeaderOperation::Set(name, template)) = self
            && let Some(value) = template.fixed()
        {
            request.edit(|headers| headers.set(name.as_str(), value));
            return Ok(None);
        }
        self.apply_any(request, path_captures, budget)
    }

    #[inline(never)]
    fn apply_any(
        &self,
        request: &mut Request,
        path_captures: &[Option<Vec<u8>>],
        budget: &mut Budget,
    ) -> Result<Option<Skipped>, Refused> {
        let (operation, is_planned) = match self {
            Self::Target(operation) => return operation.apply(request, path_captures, budget),
            Self::Header(operation) => (operation, false),
            Self::Planned(operation) => (operation, true),
        };
        let values = Values {
            request: Some(request),
            path_captures,
            ..Values::default()
        };
        let message = Message::Request(request);
        let (change, skipped) = operation.change(message, &values, budget);
        if skipped == Some(Skipped::TooCostly) {
            return Err(Refused::TooCostly);
        }
        request.edit(|headers| {
            let name = operation.name();
            if let Some(name) = name.filter(|_| !is_planned) {
                name::remove_look_alikes(headers, name);
            }
            change.make_in_request(name, headers);
        });
        Ok(skipped)
    }

    /// Whether it looks at the host of the request.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        match self {
            Self::Header(HeaderOperation::Copy { from, .. }) => from.as_str() == "host",
            _ => self.template().is_some_and(Template::looks_at_host),
        }
    }

    /// The template of its value.
    fn template(&self) -> Option<&Template> {
        match self {
            Self::Header(operation) | Self::Planned(operation) => operation.template(),
            Self::Target(operation) => operation.template(),
        }
    }
}

impl ResponseOperation {
    /// An operation for these responses.
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

    /// Carries it out where its condition holds; gives why it was not. A header that is too costly to replace in is removed.
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
        // A budget of its own: the cost of one header must not remove another.
        let mut budget = Budget::default();
        let message = Message::Response(response);
        let (change, skipped) = self.operation.change(message, &values, &mut budget);
        change.make_in_response(response);
        skipped
    }

    /// How much of the response it looks at, but for the status.
    #[must_use]
    pub fn look(&self) -> Look {
        self.look
    }

    /// Whether it depends on whether the client came over https.
    #[must_use]
    pub fn looks_at_scheme(&self) -> bool {
        self.when.as_ref().is_some_and(|when| when.https)
    }

    /// The template of its value.
    #[must_use]
    pub fn template(&self) -> Option<&Template> {
        self.operation.template()
    }
}
