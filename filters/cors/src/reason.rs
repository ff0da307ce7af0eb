//! What can be decided of a request, and why.

/// Why a request gets no permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The origin is not in the policy, not an origin, or there are two.
    Origin,
    /// The method is not in the policy.
    Method,
    /// A request header is not in the policy.
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
    /// A request passes without permission: its method is not allowed.
    PassedMethod,
    /// A request passes without permission: the readings of its path select different policies.
    PassedAmbiguousPath,
    /// A request is refused: its origin is not allowed.
    RefusedOrigin,
    /// A request is refused: its host is malformed, and a policy looks at hosts.
    RefusedMalformedHost,
}

impl Outcome {
    /// The outcome as a line of the log.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::PreflightAllowed => "the preflight is allowed",
            Self::PreflightRefused(_) => "the preflight is refused",
            Self::PreflightForwarded => "the preflight is not allowed and goes to the upstream",
            Self::Allowed => "the request is allowed",
            Self::PassedOrigin => "the request passes without permission: its origin",
            Self::PassedMethod => "the request passes without permission: its method",
            Self::PassedAmbiguousPath => {
                "the request passes without permission: its path is ambiguous"
            }
            Self::RefusedOrigin => "the request is refused: its origin",
            Self::RefusedMalformedHost => "the request is refused: its host is malformed",
        }
    }
}
