//! The possible decisions on a request, and their reasons.

/// Why a request gets no permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The origin is not allowed by the policy, is not an origin, or is repeated.
    Origin,
    /// The requested method is not allowed by the policy.
    Method,
    /// A requested header is not allowed by the policy.
    Header,
    /// The readings of the path select different policies, or there are too many of them.
    AmbiguousPath,
}

/// What was decided, for counters and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A preflight is allowed.
    PreflightAllowed,
    /// A preflight is refused.
    PreflightRefused(Reason),
    /// A preflight that is not allowed is forwarded to the upstream.
    PreflightForwarded,
    /// A request from an allowed origin.
    Allowed,
    /// A request continues without permission: its origin is not allowed.
    PassedOrigin,
    /// A request continues without permission: the readings of its path select different policies.
    PassedAmbiguousPath,
    /// A request is refused: its origin is not allowed.
    RefusedOrigin,
    /// A request with an unsafe method is refused: its origin is neither allowed nor its own.
    RefusedUnsafeOrigin,
    /// A request with an unsafe method is refused: it has no origin, and comes from another site.
    RefusedUnsafeFetchSite,
    /// A request is refused: its host is malformed, and a policy depends on hosts.
    RefusedMalformedHost,
}
