//! What can be decided of a request, and why.

/// Why a request gets no permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The origin is not in the policy, not an origin, or there are two.
    Origin,
    /// The method asked for is not in the policy.
    Method,
    /// A request header asked for is not in the policy.
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
    /// A preflight that is not allowed goes to the upstream.
    PreflightForwarded,
    /// A request of an allowed origin.
    Allowed,
    /// A request passes without permission: its origin is not allowed.
    PassedOrigin,
    /// A request passes without permission: the readings of its path select different policies.
    PassedAmbiguousPath,
    /// A request is refused: its origin is not allowed.
    RefusedOrigin,
    /// A request with an unsafe method is refused: its origin is neither allowed nor its own.
    RefusedUnsafeOrigin,
    /// A request with an unsafe method is refused: it has no origin, and comes from another site.
    RefusedUnsafeFetchSite,
    /// A request is refused: its host is malformed, and a policy looks at hosts.
    RefusedMalformedHost,
}
