//! What a client gets if its request is refused.

use crate::reason::Refused;
use filter_kit::reply::{GrpcStatus, LocalReply};

impl Refused {
    /// Returns the reply. The status is 400 for every reason, because the client can send a
    /// different request.
    #[must_use]
    pub fn reply(self) -> LocalReply {
        let (details, message) = match self {
            Self::AmbiguousPath => return LocalReply::ambiguous_path(),
            Self::MalformedHost => return LocalReply::malformed_host(),
            Self::UnsafePath => (
                "rewrite_unsafe_path",
                "The path cannot be rewritten safely: it has /../ or an encoding of it.",
            ),
            Self::MissingValue => (
                "rewrite_missing_value",
                "The request lacks a value that its path or host is made of.",
            ),
            Self::TooLong => (
                "rewrite_too_long",
                "The request holds a value that is too long for its path or host.",
            ),
            Self::InvalidHost => (
                "rewrite_invalid_host",
                "The request holds a value that is not a host.",
            ),
            Self::InvalidLocation => (
                "rewrite_invalid_location",
                "The request holds a value that cannot be part of a redirect.",
            ),
            Self::TooCostly => (
                "rewrite_too_costly",
                "A header or the path holds more than can be rewritten; make it shorter.",
            ),
        };
        LocalReply::new(400, GrpcStatus::InvalidArgument, details, message)
    }
}
