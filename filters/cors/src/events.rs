//! What is counted.

use crate::reason::{Outcome, Reason};
use filter_kit::values::Mode;

filter_kit::counters! {
    /// What the filter counts.
    pub enum Event in "cors" {
        /// Preflights that were allowed.
        PreflightAllowed => "preflight.allowed_total",
        /// Preflights that were refused for their origin.
        PreflightRefusedOrigin => "preflight.refused.origin_total",
        /// Preflights that were refused for the method asked for.
        PreflightRefusedMethod => "preflight.refused.method_total",
        /// Preflights that were refused for a header asked for.
        PreflightRefusedHeader => "preflight.refused.header_total",
        /// Preflights that were refused since the readings of their path select different policies, or are too many.
        PreflightRefusedAmbiguousPath => "preflight.refused.ambiguous_path_total",
        /// Preflights that were not allowed and went to the upstream.
        PreflightForwarded => "preflight.forwarded_total",
        /// Requests of an allowed origin.
        RequestAllowed => "request.allowed_total",
        /// Requests that passed without CORS headers: their origin is not allowed.
        RequestPassedOrigin => "request.passed.origin_total",
        /// Requests that passed without CORS headers: their method is not allowed.
        RequestPassedMethod => "request.passed.method_total",
        /// Requests with an origin that passed without CORS headers: the readings of their path select different policies, or are too many.
        RequestPassedAmbiguousPath => "request.passed.ambiguous_path_total",
        /// Requests that were refused with 403: their origin is not allowed.
        RequestRefusedOrigin => "request.refused.origin_total",
        /// Requests that were refused with 400: their host is malformed, and a policy looks at hosts.
        RefusedMalformedHost => "refused.malformed_host_total",
        /// Report mode: preflights that would have been allowed.
        ReportedPreflightAllowed => "reported.preflight_allowed_total",
        /// Report mode: preflights that would have been refused for their origin.
        ReportedPreflightRefusedOrigin => "reported.preflight_refused_origin_total",
        /// Report mode: preflights that would have been refused for the method asked for.
        ReportedPreflightRefusedMethod => "reported.preflight_refused_method_total",
        /// Report mode: preflights that would have been refused for a header asked for.
        ReportedPreflightRefusedHeader => "reported.preflight_refused_header_total",
        /// Report mode: preflights that would have been refused since the readings of their path select different policies, or are too many.
        ReportedPreflightRefusedAmbiguousPath => "reported.preflight_refused_ambiguous_path_total",
        /// Report mode: preflights that are not allowed and would have gone to the upstream.
        ReportedPreflightForwarded => "reported.preflight_forwarded_total",
        /// Report mode: requests of an allowed origin.
        ReportedRequestAllowed => "reported.request_allowed_total",
        /// Report mode: requests that would have passed without CORS headers for their origin.
        ReportedRequestPassedOrigin => "reported.request_passed_origin_total",
        /// Report mode: requests that would have passed without CORS headers for their method.
        ReportedRequestPassedMethod => "reported.request_passed_method_total",
        /// Report mode: requests that would have passed without CORS headers for their path.
        ReportedRequestPassedAmbiguousPath => "reported.request_passed_ambiguous_path_total",
        /// Report mode: requests that would have been refused for their origin.
        ReportedRequestRefusedOrigin => "reported.request_refused_origin_total",
        /// Report mode: requests that would have been refused: their host is malformed, and a policy looks at hosts.
        ReportedMalformedHost => "reported.malformed_host_total",
    }
}

impl Event {
    /// The event of an outcome.
    #[must_use]
    pub fn of(outcome: Outcome, mode: Mode) -> Self {
        match mode {
            Mode::Enforce => Self::enforced(outcome),
            Mode::Report => Self::reported(outcome),
        }
    }

    fn enforced(outcome: Outcome) -> Self {
        match outcome {
            Outcome::PreflightAllowed => Self::PreflightAllowed,
            Outcome::PreflightRefused(Reason::Origin) => Self::PreflightRefusedOrigin,
            Outcome::PreflightRefused(Reason::Method) => Self::PreflightRefusedMethod,
            Outcome::PreflightRefused(Reason::Header) => Self::PreflightRefusedHeader,
            Outcome::PreflightRefused(Reason::AmbiguousPath) => Self::PreflightRefusedAmbiguousPath,
            Outcome::PreflightForwarded => Self::PreflightForwarded,
            Outcome::Allowed => Self::RequestAllowed,
            Outcome::PassedOrigin => Self::RequestPassedOrigin,
            Outcome::PassedMethod => Self::RequestPassedMethod,
            Outcome::PassedAmbiguousPath => Self::RequestPassedAmbiguousPath,
            Outcome::RefusedOrigin => Self::RequestRefusedOrigin,
            Outcome::RefusedMalformedHost => Self::RefusedMalformedHost,
        }
    }

    fn reported(outcome: Outcome) -> Self {
        match outcome {
            Outcome::PreflightAllowed => Self::ReportedPreflightAllowed,
            Outcome::PreflightRefused(Reason::Origin) => Self::ReportedPreflightRefusedOrigin,
            Outcome::PreflightRefused(Reason::Method) => Self::ReportedPreflightRefusedMethod,
            Outcome::PreflightRefused(Reason::Header) => Self::ReportedPreflightRefusedHeader,
            Outcome::PreflightRefused(Reason::AmbiguousPath) => {
                Self::ReportedPreflightRefusedAmbiguousPath
            }
            Outcome::PreflightForwarded => Self::ReportedPreflightForwarded,
            Outcome::Allowed => Self::ReportedRequestAllowed,
            Outcome::PassedOrigin => Self::ReportedRequestPassedOrigin,
            Outcome::PassedMethod => Self::ReportedRequestPassedMethod,
            Outcome::PassedAmbiguousPath => Self::ReportedRequestPassedAmbiguousPath,
            Outcome::RefusedOrigin => Self::ReportedRequestRefusedOrigin,
            Outcome::RefusedMalformedHost => Self::ReportedMalformedHost,
        }
    }
}
