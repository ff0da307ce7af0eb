//! What each operation does.
//!
//! On a request every name that an operation writes or removes also goes in each spelling that a server may read as the same name.

mod header;
mod host;
mod name;
mod path;
mod query;
mod replace;
mod target;

use crate::reason::{Refused, Skipped};
use filter_kit::headers::Headers;
use filter_kit::request::Request;
use filter_kit::response::Response;
use filter_kit::template::{Template, Values};

pub use header::{Change, HeaderOperation};
pub use host::is_authority;
pub use name::{FRAMING, NameSelector};
pub use path::{NewPrefix, PathRewrite, Place};
pub use query::QueryEdit;
pub use replace::{Budget, Replacement, TooCostly};
pub use target::TargetOperation;

/// An operation on a request.
#[derive(Debug, Clone)]
pub enum RequestOperation {
    /// On a header.
    Header(HeaderOperation),
    /// On path, query or host.
    Target(TargetOperation),
}

/// An operation on a response.
#[derive(Debug, Clone)]
pub struct ResponseOperation {
    /// The statuses it is for; `None`: all.
    pub statuses: Option<Vec<std::ops::RangeInclusive<u16>>>,
    /// What it does.
    pub operation: HeaderOperation,
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
        match self {
            Self::Target(operation) => operation.apply(request, path_captures, budget),
            Self::Header(operation) => {
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
                request.edit(|headers| change.make_in_request(operation, headers));
                Ok(skipped)
            }
        }
    }

    /// Whether it looks at the host of the request.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        match self {
            Self::Header(HeaderOperation::Copy { from, .. }) => from.as_str() == "host",
            Self::Header(operation) => operation.template().is_some_and(Template::looks_at_host),
            Self::Target(operation) => operation.template().is_some_and(Template::looks_at_host),
        }
    }
}

impl ResponseOperation {
    /// Carries it out where the status matches; gives why it was not. A header that is too costly to replace in is removed.
    #[must_use]
    pub fn apply(
        &self,
        sent: Option<&Request>,
        response: &mut Response,
        path_captures: &[Option<Vec<u8>>],
    ) -> Option<Skipped> {
        if let Some(statuses) = &self.statuses {
            let status = response.status()?;
            if !statuses.iter().any(|range| range.contains(&status)) {
                return None;
            }
        }
        let values = Values {
            request: sent,
            response: Some(response.headers()),
            path_captures,
            ..Values::default()
        };
        // A budget of its own: the cost of one header must not remove another.
        let mut budget = Budget::default();
        let message = Message::Response(response);
        let (change, skipped) = self.operation.change(message, &values, &mut budget);
        response.edit(|headers| change.make(headers));
        skipped
    }
}
