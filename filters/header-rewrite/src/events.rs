//! What is counted.

use crate::reason::{Refused, Skipped};

filter_kit::counters! {
    /// What the filter counts.
    pub enum Event in "header_rewrite" {
        /// Requests changed.
        RequestChanged => "request.changed_total" | "reported.request_changed_total",
        /// Requests that a rule answered with a redirect.
        RequestRedirected => "request.redirected_total" | "reported.request_redirected_total",
        /// Requests that a rule answered with `respond`.
        RequestAnswered => "request.answered_total" | "reported.request_answered_total",
        /// Responses changed, even if `set` replaced a fixed value with the same value.
        ResponseChanged => "response.changed_total" | "reported.response_changed_total",
        /// Requests refused with 400: the readings of their path differ in which
        /// operations apply, or are too many.
        RefusedAmbiguousPath => "refused.ambiguous_path_total" | "reported.ambiguous_path_total",
        /// Requests refused with 400: their host is malformed, and the configuration
        /// looks at it.
        RefusedMalformedHost => "refused.malformed_host_total" | "reported.malformed_host_total",
        /// Requests refused with 400: a reading of the rewritten path would have left the new
        /// prefix or had a dot segment.
        RefusedUnsafePath => "refused.unsafe_path_total" | "reported.unsafe_path_total",
        /// Requests refused with 400: a variable in a path or a host had no value.
        RefusedMissingValue => "refused.missing_value_total" | "reported.missing_value_total",
        /// Requests refused with 400: a path or a host would have been too long.
        RefusedTooLong => "refused.too_long_total" | "reported.too_long_total",
        /// Requests refused with 400: the new host would have been invalid.
        RefusedInvalidHost => "refused.invalid_host_total" | "reported.invalid_host_total",
        /// Requests refused with 400: the location of a redirect would have been invalid.
        RefusedInvalidLocation => "refused.invalid_location_total" | "reported.invalid_location_total",
        /// Requests refused with 400: rewriting a header or the path would have taken too
        /// much work.
        RefusedTooCostly => "refused.too_costly_total" | "reported.request_too_costly_total",
        /// Response headers removed because a replacement in them would have taken too much work.
        RemovedTooCostly => "removed.too_costly_total" | "reported.response_too_costly_total",
        /// Headers and query parameters that were not written: a variable had no value.
        SkippedMissing => "skipped.missing_value_total",
        /// Headers and query parameters that were not written: the value was too long.
        SkippedTooLong => "skipped.too_long_total",
        /// Headers that were not written: the value contained a control character.
        SkippedInvalid => "skipped.invalid_value_total",
    }
}

impl Event {
    /// Returns the event of a refusal.
    #[must_use]
    pub fn refused(reason: Refused) -> Self {
        match reason {
            Refused::AmbiguousPath => Self::RefusedAmbiguousPath,
            Refused::MalformedHost => Self::RefusedMalformedHost,
            Refused::UnsafePath => Self::RefusedUnsafePath,
            Refused::MissingValue => Self::RefusedMissingValue,
            Refused::TooLong => Self::RefusedTooLong,
            Refused::InvalidHost => Self::RefusedInvalidHost,
            Refused::InvalidLocation => Self::RefusedInvalidLocation,
            Refused::TooCostly => Self::RefusedTooCostly,
        }
    }

    /// Returns the event of a skipped operation.
    #[must_use]
    pub fn skipped(reason: Skipped) -> Self {
        match reason {
            Skipped::Missing => Self::SkippedMissing,
            Skipped::TooLong => Self::SkippedTooLong,
            Skipped::Invalid => Self::SkippedInvalid,
            Skipped::TooCostly => Self::RemovedTooCostly,
        }
    }
}
