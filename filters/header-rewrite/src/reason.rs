//! Why a request is refused, and why an operation is skipped.

use crate::operation::TooCostly;
use filter_kit::request::TooManyReadings;
use filter_kit::template::Unexpanded;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The readings of the path differ in which request operations apply, or there are too many
    /// readings.
    AmbiguousPath,
    /// The host is malformed, and the configuration depends on it.
    MalformedHost,
    /// A reading of a rewritten path would leave its configured place.
    UnsafePath,
    /// A variable of a path or a host has no value and no default.
    MissingValue,
    /// A path or a host would be too long.
    TooLong,
    /// The new host would not be valid.
    InvalidHost,
    /// The location of a redirect would contain a control character, or lead to a host other than
    /// the configured one.
    InvalidLocation,
    /// Searching would take too much work. What was to be replaced or removed must not pass
    /// through.
    TooCostly,
}

/// Why an operation is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// A variable has no value and no default.
    Missing,
    /// The value would be too long.
    TooLong,
    /// The value would contain a control character.
    Invalid,
    /// Replacing would read too many bytes again. What was to be replaced must not pass through.
    TooCostly,
}

impl From<Unexpanded> for Skipped {
    fn from(reason: Unexpanded) -> Self {
        match reason {
            Unexpanded::Missing => Self::Missing,
            Unexpanded::TooLong => Self::TooLong,
        }
    }
}

impl From<TooCostly> for Skipped {
    fn from(_: TooCostly) -> Self {
        Self::TooCostly
    }
}

impl From<TooCostly> for Refused {
    fn from(_: TooCostly) -> Self {
        Self::TooCostly
    }
}

impl From<Unexpanded> for Refused {
    fn from(reason: Unexpanded) -> Self {
        match reason {
            Unexpanded::Missing => Self::MissingValue,
            Unexpanded::TooLong => Self::TooLong,
        }
    }
}

impl From<TooManyReadings> for Refused {
    fn from(_: TooManyReadings) -> Self {
        Self::AmbiguousPath
    }
}
