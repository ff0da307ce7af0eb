//! Operations on requests.

use super::name::remove_look_alikes;
use super::{Budget, HeaderOperation, Message, TargetOperation};
use crate::reason::{Refused, Skipped};
use filter_kit::request::Request;
use filter_kit::template::{Template, Values};

/// An operation on a request.
#[derive(Debug, Clone)]
pub enum RequestOperation {
    /// On a header.
    Header(HeaderOperation),
    /// On a header whose other spellings have already been removed.
    Planned(HeaderOperation),
    /// On path, query or host.
    Target(TargetOperation),
}

impl RequestOperation {
    /// Applies the operation. Returns why it was skipped.
    ///
    /// # Errors
    /// [`Refused`] if the request must not continue.
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
                remove_look_alikes(headers, name);
            }
            change.make_in_request(name, headers);
        });
        Ok(skipped)
    }

    /// Whether it depends on the host of the request.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        match self {
            Self::Header(HeaderOperation::Copy { from, .. }) => from.as_str() == "host",
            _ => self.template().is_some_and(Template::looks_at_host),
        }
    }

    /// Returns the template of its value.
    pub(super) fn template(&self) -> Option<&Template> {
        match self {
            Self::Header(operation) | Self::Planned(operation) => operation.template(),
            Self::Target(operation) => operation.template(),
        }
    }
}
