//! Why a request is refused.

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The limit is used up.
    UsedUp {
        /// In seconds, at least 1.
        retry_after: u64,
    },
    /// The request costs more than the limit ever lets through: waiting does not help.
    TooCostly,
    /// The limit lets no request through.
    NoneAllowed,
    /// As many requests as may be are under way.
    TooManyAtOnce,
    /// The limit's table is full of other keys whose requests are under way.
    Crowded,
    /// Too many workers changed the same buckets at the same time.
    Contended,
    /// The request lacks a part of the key.
    MissingKey,
    /// The request has more values for parts of the key than buckets are charged for one request.
    RepeatedKey,
    /// The rate limit service has no answer.
    ServiceUnavailable,
    /// The path can be read in too many ways. No limit refuses it, but the filter.
    AmbiguousPath,
    /// The host is malformed. No limit refuses it, but the filter.
    MalformedHost,
}

impl Reason {
    /// Its name in the response-code details, to which the limit's name may be added.
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

    /// When to try again, in seconds.
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
