//! What is counted.

use crate::reason::{Outcome, Reason};

filter_kit::counters! {
    /// What the filter counts.
    pub enum Event in "cors" {
        /// Preflights allowed.
        PreflightAllowed => "preflight.allowed_total" | "reported.preflight_allowed_total",
        /// Preflights refused because their origin is not allowed.
        PreflightRefusedOrigin => "preflight.refused.origin_total" | "reported.preflight_refused_origin_total",
        /// Preflights refused because the method they ask for is not allowed.
        PreflightRefusedMethod => "preflight.refused.method_total" | "reported.preflight_refused_method_total",
        /// Preflights refused because a header they ask for is not allowed.
        PreflightRefusedHeader => "preflight.refused.header_total" | "reported.preflight_refused_header_total",
        /// Preflights refused because the readings of their path select different policies,
        /// or are too many.
        PreflightRefusedAmbiguousPath => "preflight.refused.ambiguous_path_total" | "reported.preflight_refused_ambiguous_path_total",
        /// Preflights that are not allowed and were forwarded to the upstream.
        PreflightForwarded => "preflight.forwarded_total" | "reported.preflight_forwarded_total",
        /// Requests from an allowed origin.
        RequestAllowed => "request.allowed_total" | "reported.request_allowed_total",
        /// Requests that passed without CORS headers: their origin is not allowed.
        RequestPassedOrigin => "request.passed.origin_total" | "reported.request_passed_origin_total",
        /// Requests with an origin that passed without CORS headers: the readings of their path
        /// select different policies, or are too many.
        RequestPassedAmbiguousPath => "request.passed.ambiguous_path_total" | "reported.request_passed_ambiguous_path_total",
        /// Requests refused with 403: their origin is not allowed.
        RequestRefusedOrigin => "request.refused.origin_total" | "reported.request_refused_origin_total",
        /// Requests with an unsafe method refused with 403: their origin is neither
        /// allowed nor their own.
        RequestRefusedUnsafeOrigin => "request.refused.unsafe_origin_total" | "reported.request_refused_unsafe_origin_total",
        /// Requests with an unsafe method refused with 403: they have no origin, and
        /// `sec-fetch-site` says `cross-site`.
        RequestRefusedUnsafeFetchSite => "request.refused.unsafe_fetch_site_total" | "reported.request_refused_unsafe_fetch_site_total",
        /// Requests refused with 400: their host is malformed, and a policy looks at
        /// hosts.
        RefusedMalformedHost => "refused.malformed_host_total" | "reported.malformed_host_total",
    }
}

impl Event {
    /// Returns the event of an outcome.
    #[must_use]
    pub fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::PreflightAllowed => Self::PreflightAllowed,
            Outcome::PreflightRefused(Reason::Origin) => Self::PreflightRefusedOrigin,
            Outcome::PreflightRefused(Reason::Method) => Self::PreflightRefusedMethod,
            Outcome::PreflightRefused(Reason::Header) => Self::PreflightRefusedHeader,
            Outcome::PreflightRefused(Reason::AmbiguousPath) => Self::PreflightRefusedAmbiguousPath,
            Outcome::PreflightForwarded => Self::PreflightForwarded,
            Outcome::Allowed => Self::RequestAllowed,
            Outcome::PassedOrigin => Self::RequestPassedOrigin,
            Outcome::PassedAmbiguousPath => Self::RequestPassedAmbiguousPath,
            Outcome::RefusedOrigin => Self::RequestRefusedOrigin,
            Outcome::RefusedUnsafeOrigin => Self::RequestRefusedUnsafeOrigin,
            Outcome::RefusedUnsafeFetchSite => Self::RequestRefusedUnsafeFetchSite,
            Outcome::RefusedMalformedHost => Self::RefusedMalformedHost,
        }
    }
}
