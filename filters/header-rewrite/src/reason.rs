//! Why a request is refused, and why an operation is not carried out.

use crate::operation::TooCostly;
use filter_kit::request::TooManyReadings;
use filter_kit::template::Unexpanded;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The readings of the path differ in which request operations apply, or there are too many
    /// readings.
    AmbiguousPath,
    /// The host is malformed, and the configuration looks at it.
    MalformedHost,
    /// A rewritten path would leave its place in a reading.
    UnsafePath,
    /// A variable of a path or a host has no value, and no default is given.
    MissingValue,
    /// A path or a host would be too long.
    TooLong,
    /// A host would not be a host.
    InvalidHost,
    /// The location of a redirect would hold a control character, or lead to another host than the
    /// one that is written.
    InvalidLocation,
    /// Searching would take too much work. What it was to replace or remove must not pass as it is.
    TooCostly,
}

/// Why an operation is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// A variable has no value, and no default is given.
    Missing,
    /// The value would be too long.
    TooLong,
    /// The value would hold a control character.
    Invalid,
    /// Replacing would read too much again. What it was to replace must not pass as it is.
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
