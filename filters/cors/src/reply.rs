//! The filter's own answers.

use crate::reason::Reason;
use crate::response::Vary;
use filter_kit::reply::{Body, GrpcStatus, LocalReply};
use filter_kit::values::HeaderName;

/// CORS headers and their values.
pub type Permissions = Vec<(&'static str, Vec<u8>)>;

/// The answer to a preflight that is allowed.
#[must_use]
pub fn preflight_allowed(status: u16, permissions: Permissions) -> LocalReply {
    let reply = LocalReply {
        body: Body::Raw(Vec::new()),
        ..forbidden("cors_preflight", "")
    };
    let reply = LocalReply { status, ..reply };
    let reply = permissions
        .into_iter()
        .fold(reply, |reply, (name, value)| with(reply, name, value));
    with(reply, "vary", Vary::Preflight.value())
}

/// 403 for a preflight that is not allowed. It carries no CORS headers.
#[must_use]
pub fn preflight_refused(reason: Reason) -> LocalReply {
    let (details, message) = match reason {
        Reason::Origin => (
            "cors_preflight_refused{origin}",
            "This origin is not allowed.",
        ),
        Reason::Method => (
            "cors_preflight_refused{method}",
            "This method is not allowed for other origins.",
        ),
        Reason::Header => (
            "cors_preflight_refused{header}",
            "A request header is not allowed for other origins.",
        ),
        Reason::AmbiguousPath => (
            "cors_preflight_refused{ambiguous_path}",
            "The path can be read in several ways, and no origin is allowed for all of them.",
        ),
    };
    with(forbidden(details, message), "vary", Vary::Preflight.value())
}

/// 403 for a request of an origin that is not allowed.
#[must_use]
pub fn origin_refused() -> LocalReply {
    let reply = forbidden("cors_origin_refused", "This origin is not allowed.");
    with(reply, "vary", Vary::Origin.value())
}

fn forbidden(details: &str, message: &str) -> LocalReply {
    LocalReply::new(403, GrpcStatus::PermissionDenied, details, message)
}

fn with(reply: LocalReply, name: &str, value: impl Into<Vec<u8>>) -> LocalReply {
    match HeaderName::new(name) {
        Ok(name) => reply.header(name, value),
        Err(_) => reply,
    }
}
