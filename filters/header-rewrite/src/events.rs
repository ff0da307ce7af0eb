//! What is counted.

use crate::operation::Skipped;
use filter_kit::values::Mode;

filter_kit::counters! {
    /// What the filter counts.
    pub enum Event in "header_rewrite" {
        /// Requests that were changed.
        RequestChanged => "request.changed_total",
        /// Responses that were changed.
        ResponseChanged => "response.changed_total",
        /// Requests that were refused with 400 since the spellings of their path fall under different rules.
        RefusedAmbiguousPath => "refused.ambiguous_path_total",
        /// Requests that were refused with 400 since replacing in a header or in the path would have taken too much work.
        RefusedTooCostly => "refused.too_costly_total",
        /// Response headers that were removed since replacing in them would have taken too much work.
        RemovedTooCostly => "removed.too_costly_total",
        /// Operations that did nothing: a variable had no value.
        SkippedMissing => "skipped.missing_value_total",
        /// Operations that did nothing: the value would have been too long.
        SkippedTooLong => "skipped.too_long_total",
        /// Operations that did nothing: the value held a control character, or was not a host.
        SkippedInvalid => "skipped.invalid_value_total",
        /// Operations that did nothing: the path would not have been in plain form.
        SkippedUnsafePath => "skipped.unsafe_path_total",
        /// Report mode: requests that would have been changed.
        ReportedRequestChanged => "reported.request_changed_total",
        /// Report mode: responses that would have been changed.
        ReportedResponseChanged => "reported.response_changed_total",
        /// Report mode: requests that would have been refused since the spellings of their path fall under different rules.
        ReportedAmbiguousPath => "reported.ambiguous_path_total",
        /// Report mode: requests that would have been refused since replacing in a header or in the path would have taken too much work.
        ReportedRequestTooCostly => "reported.request_too_costly_total",
        /// Report mode: response headers that would have been removed since replacing in them would have taken too much work.
        ReportedResponseTooCostly => "reported.response_too_costly_total",
    }
}

impl Event {
    /// How an operation that was not carried out is counted.
    #[must_use]
    pub fn of(reason: Skipped, mode: Mode) -> Self {
        match reason {
            Skipped::Missing => Self::SkippedMissing,
            Skipped::TooLong => Self::SkippedTooLong,
            Skipped::Invalid => Self::SkippedInvalid,
            Skipped::UnsafePath => Self::SkippedUnsafePath,
            Skipped::TooCostly(_) if mode == Mode::Report => Self::ReportedResponseTooCostly,
            Skipped::TooCostly(_) => Self::RemovedTooCostly,
        }
    }
}
