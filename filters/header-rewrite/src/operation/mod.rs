//! What each operation does. An operation whose value is missing, too long or unfit does nothing, and says why; what it would take too
//! much work to replace does not stay.

mod header;
mod replace;
mod target;

use crate::draft::Draft;
use filter_kit::request::{Needs, RequestHead};
use filter_kit::template::{Template, Unexpanded, Values};
use filter_kit::values::is_header_value;

pub use header::{FRAMING, HeaderOperation, NameSelector};
pub use replace::{Budget, Replacement, TooCostly};
pub use target::{NewTarget, PathRewrite, QueryEdit, TargetOperation, is_authority};

/// Why an operation was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Skipped {
    /// A variable without default had no value.
    #[error("a variable has no value")]
    Missing,
    /// The value would be too long.
    #[error("the value is too long")]
    TooLong,
    /// The value holds what it may not hold: a control character in a header, anything but a host in a host.
    #[error("the value is not valid in this place")]
    Invalid,
    /// The path would hold empty, `.` or `..` segments, or hide some.
    #[error("the path would not be in plain form")]
    UnsafePath,
    /// Replacing would read too much again. What it was to replace must not pass as it is.
    #[error(transparent)]
    TooCostly(#[from] TooCostly),
}

impl From<Unexpanded> for Skipped {
    fn from(reason: Unexpanded) -> Self {
        match reason {
            Unexpanded::Missing => Self::Missing,
            Unexpanded::TooLong => Self::TooLong,
        }
    }
}

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

/// What the templates of an operation see, beside the headers under edit.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    /// The request: of a response's operations as it came, of a request's operations as it stands now.
    pub request: &'a RequestHead,
    /// Whether the headers under edit are the response's.
    pub in_response: bool,
    /// Capture groups of the path pattern that matched.
    pub path_captures: &'a [Option<Vec<u8>>],
}

impl<'a> Sight<'a> {
    fn values<'v>(self, draft: &'v Draft) -> Values<'v>
    where
        'a: 'v,
    {
        let headers = Some(draft.headers());
        Values {
            request: Some(self.request),
            request_headers: if self.in_response { None } else { headers },
            response: if self.in_response { headers } else { None },
            path_captures: self.path_captures,
            ..Values::default()
        }
    }
}

impl RequestOperation {
    /// Carries it out. `head` holds everything of the request but the headers, which are in `draft`.
    ///
    /// # Errors
    /// [`Skipped`], and then nothing is changed.
    pub fn apply(
        &self,
        head: &mut RequestHead,
        draft: &mut Draft,
        path_captures: &[Option<Vec<u8>>],
        budget: &mut Budget,
    ) -> Result<(), Skipped> {
        let sight = Sight {
            request: head,
            in_response: false,
            path_captures,
        };
        match self {
            Self::Header(operation) => operation.apply(draft, sight, budget),
            Self::Target(operation) => {
                match operation.value(head, &sight.values(draft), budget)? {
                    None => {}
                    Some(NewTarget::Target(target)) => head.target = Some(target),
                    Some(NewTarget::Authority(authority)) => head.authority = authority,
                }
                Ok(())
            }
        }
    }

    /// What it has to know of a request.
    #[must_use]
    pub fn needs(&self) -> Needs {
        match self {
            Self::Header(operation) => Needs {
                headers: true,
                ..operation.needs()
            },
            Self::Target(operation) => operation.needs(),
        }
    }
}

impl ResponseOperation {
    /// Carries it out where the status fits.
    ///
    /// # Errors
    /// [`Skipped`], and then nothing is changed; but a header that is too costly to replace in is gone.
    pub fn apply(
        &self,
        request: &RequestHead,
        draft: &mut Draft,
        path_captures: &[Option<Vec<u8>>],
    ) -> Result<(), Skipped> {
        if let Some(statuses) = &self.statuses {
            let status = draft
                .headers()
                .first(":status")
                .and_then(|s| std::str::from_utf8(s).ok()?.parse().ok());
            if !status
                .is_some_and(|status: u16| statuses.iter().any(|range| range.contains(&status)))
            {
                return Ok(());
            }
        }
        let sight = Sight {
            request,
            in_response: true,
            path_captures,
        };
        // A budget of its own: what one header costs must not take away another.
        let done = self.operation.apply(draft, sight, &mut Budget::default());
        if let (Err(Skipped::TooCostly(_)), HeaderOperation::Replace { name, .. }) =
            (done, &self.operation)
        {
            draft
                .change(name.as_str())
                .remove_if(|n| n == name.as_str());
        }
        done
    }
}

/// A value that may be written into a header.
fn header_value(template: &Template, values: &Values<'_>) -> Result<Vec<u8>, Skipped> {
    let value = template.expand(values)?;
    if is_header_value(&value) {
        Ok(value)
    } else {
        Err(Skipped::Invalid)
    }
}
