//! What is counted.

use crate::reason::{Refused, Skipped};
use filter_kit::values::Mode;

filter_kit::counters! {
    /// What the filter counts.
    pub enum Event in "header_rewrite" {
        /// Requests that were changed.
        RequestChanged => "request.changed_total",
        /// Responses that an operation edited; a header that is set to the value that it has counts too.
        ResponseChanged => "response.changed_total",
        /// Requests that were refused with 400: the readings of their path differ in which operations apply, or are too many.
        RefusedAmbiguousPath => "refused.ambiguous_path_total",
        /// Requests that were refused with 400: their host is malformed, and the configuration looks at it.
        RefusedMalformedHost => "refused.malformed_host_total",
        /// Requests that were refused with 400: a rewritten path would have left its place in a reading.
        RefusedUnsafePath => "refused.unsafe_path_total",
        /// Requests that were refused with 400: a variable of a path or a host had no value.
        RefusedMissingValue => "refused.missing_value_total",
        /// Requests that were refused with 400: a path or a host would have been too long.
        RefusedTooLong => "refused.too_long_total",
        /// Requests that were refused with 400: a host would not have been a host.
        RefusedInvalidHost => "refused.invalid_host_total",
        /// Requests that were refused with 400: rewriting a header or the path would have taken too much work.
        RefusedTooCostly => "refused.too_costly_total",
        /// Response headers that were removed since replacing in them would have taken too much work.
        RemovedTooCostly => "removed.too_costly_total",
        /// Values of headers and query parameters that could not be made: a variable had no value.
        SkippedMissing => "skipped.missing_value_total",
        /// Values of headers and query parameters that could not be made: they would have been too long.
        SkippedTooLong => "skipped.too_long_total",
        /// Values of headers that could not be made: they would have held a control character.
        SkippedInvalid => "skipped.invalid_value_total",
        /// Report mode: requests that would have been changed.
        ReportedRequestChanged => "reported.request_changed_total",
        /// Report mode: responses that would have been changed.
        ReportedResponseChanged => "reported.response_changed_total",
        /// Report mode: requests that would have been refused: the readings of their path differ in which operations apply, or are too many.
        ReportedAmbiguousPath => "reported.ambiguous_path_total",
        /// Report mode: requests that would have been refused: their host is malformed, and the configuration looks at it.
        ReportedMalformedHost => "reported.malformed_host_total",
        /// Report mode: requests that would have been refused: a rewritten path would have left its place in a reading.
        ReportedUnsafePath => "reported.unsafe_path_total",
        /// Report mode: requests that would have been refused: a variable of a path or a host had no value.
        ReportedMissingValue => "reported.missing_value_total",
        /// Report mode: requests that would have been refused: a path or a host would have been too long.
        ReportedTooLong => "reported.too_long_total",
        /// Report mode: requests that would have been refused: a host would not have been a host.
        ReportedInvalidHost => "reported.invalid_host_total",
        /// Report mode: requests that would have been refused: rewriting a header or the path would have taken too much work.
        ReportedRequestTooCostly => "reported.request_too_costly_total",
        /// Report mode: response headers that would have been removed since replacing in them would have taken too much work.
        ReportedResponseTooCostly => "reported.response_too_costly_total",
    }
}

impl Event {
    /// The event of a refusal.
    #[must_use]
    pub fn refused(reason: Refused, mode: Mode) -> Self {
        let (enforced, reported) = match reason {
            Refused::AmbiguousPath => (Self::RefusedAmbiguousPath, Self::ReportedAmbiguousPath),
            Refused::MalformedHost => (Self::RefusedMalformedHost, Self::ReportedMalformedHost),
            Refused::UnsafePath => (Self::RefusedUnsafePath, Self::ReportedUnsafePath),
            Refused::MissingValue => (Self::RefusedMissingValue, Self::ReportedMissingValue),
            Refused::TooLong => (Self::RefusedTooLong, Self::ReportedTooLong),
            Refused::InvalidHost => (Self::RefusedInvalidHost, Self::ReportedInvalidHost),
            Refused::TooCostly => (Self::RefusedTooCostly, Self::ReportedRequestTooCostly),
        };
        match mode {
            Mode::Enforce => enforced,
            Mode::Report => reported,
        }
    }

    /// The event of an operation that was not carried out.
    #[must_use]
    pub fn skipped(reason: Skipped, mode: Mode) -> Self {
        match (reason, mode) {
            (Skipped::Missing, _) => Self::SkippedMissing,
            (Skipped::TooLong, _) => Self::SkippedTooLong,
            (Skipped::Invalid, _) => Self::SkippedInvalid,
            (Skipped::TooCostly, Mode::Enforce) => Self::RemovedTooCostly,
            (Skipped::TooCostly, Mode::Report) => Self::ReportedResponseTooCostly,
        }
    }
}
