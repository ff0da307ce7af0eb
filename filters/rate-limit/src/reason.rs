//! Why a request is refused.

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The limit is used up.
    UsedUp {
        /// In seconds, at least 1.
        retry_after: u64,
    },
    /// The request costs more than the limit ever allows, so waiting does not help.
    TooCostly,
    /// The limit allows no requests.
    NoneAllowed,
    /// The maximum number of requests is in progress.
    TooManyAtOnce,
    /// The limit's table is full of other keys with requests in progress.
    Crowded,
    /// Too many workers changed the same buckets at the same time.
    Contended,
    /// The request lacks a part of the key.
    MissingKey,
    /// The request has more values for parts of the key than the maximum number of buckets per
    /// request.
    RepeatedKey,
    /// The rate limit service did not answer.
    ServiceUnavailable,
    /// The path can be read in too many ways. Refused by the filter, not by a limit.
    AmbiguousPath,
    /// The host is malformed. Refused by the filter, not by a limit.
    MalformedHost,
}

impl Reason {
    /// Returns its name in the response-code details, to which the limit's name may be added.
    #[must_use]
    pub fn details(&self) -> &'static str {
        match self {
            Self::UsedUp { .. } | Self::TooCostly | Self::NoneAllowed | Self::Contended => {
                "rate_limited"
            }
            Self::TooManyAtOnce | Self::Crowded => "rate_limit_concurrent",
            Self::MissingKey => "rate_limit_missing_key",
            Self::RepeatedKey => "rate_limit_repeated_key",
            Self::ServiceUnavailable => "rate_limit_service_unavailable",
            Self::AmbiguousPath => "ambiguous_path",
            Self::MalformedHost => "malformed_host",
        }
    }

    /// Returns when to try again, in seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::UsedUp { retry_after } => Some(*retry_after),
            Self::TooManyAtOnce | Self::Crowded | Self::Contended | Self::ServiceUnavailable => {
                Some(1)
            }
            Self::TooCostly
            | Self::NoneAllowed
            | Self::MissingKey
            | Self::RepeatedKey
            | Self::AmbiguousPath
            | Self::MalformedHost => None,
        }
    }
}
