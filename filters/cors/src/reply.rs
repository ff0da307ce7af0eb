//! The filter's own answers.

use crate::reason::Reason;
use crate::response::Vary;
use filter_kit::reply::{Body, GrpcStatus, LocalReply};
use filter_kit::values::HeaderName;
use std::borrow::Cow;

/// The answer to an allowed preflight.
#[derive(Debug)]
pub(crate) struct PreflightAllowed<'a> {
    /// Its status.
    pub status: u16,
    /// The value of `access-control-allow-origin`.
    pub origin: Cow<'static, [u8]>,
    /// Whether credentials are allowed.
    pub credentials: bool,
    /// The methods that are allowed.
    pub methods: &'a [u8],
    /// The request headers that are allowed; may be empty.
    pub headers: &'a [u8],
    /// How long the answer may be cached, in seconds.
    pub max_age: Option<&'a str>,
    /// Whether private network access is allowed.
    pub private_network: bool,
    /// What the answer depends on.
    pub vary: Vary,
}

impl PreflightAllowed<'_> {
    /// Builds the reply.
    #[must_use]
    pub(crate) fn build(self) -> LocalReply {
        let mut headers = Vec::with_capacity(7);
        let mut add = |name, value: Cow<'_, [u8]>| {
            headers.push((HeaderName::from_static(name), value.into_owned()));
        };
        add("access-control-allow-origin", self.origin);
        if self.credentials {
            add("access-control-allow-credentials", b"true".into());
        }
        add("access-control-allow-methods", self.methods.into());
        if !self.headers.is_empty() {
            add("access-control-allow-headers", self.headers.into());
        }
        if let Some(seconds) = self.max_age {
            add("access-control-max-age", seconds.as_bytes().into());
        }
        if self.private_network {
            add("access-control-allow-private-network", b"true".into());
        }
        add("vary", self.vary.value().as_bytes().into());
        LocalReply {
            status: self.status,
            grpc: GrpcStatus::PermissionDenied,
            details: "cors_preflight".to_owned(),
            headers,
            body: Body::Raw(Vec::new()),
        }
    }
}

/// Returns status 403 for a preflight that is not allowed, without CORS headers.
#[must_use]
#[cold]
pub(crate) fn preflight_refused(reason: Reason, vary: Vary) -> LocalReply {
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
    forbidden(details, message, vary)
}

/// Returns status 403 for a request from an origin that is not allowed.
#[must_use]
#[cold]
pub(crate) fn origin_refused() -> LocalReply {
    let message = "This origin is not allowed.";
    forbidden("cors_origin_refused", message, Vary::Origin)
}

/// Returns status 403 for a request that another site made a browser send.
#[must_use]
#[cold]
pub(crate) fn unsafe_method_refused(details: &str) -> LocalReply {
    let message = "Only pages of this site and of allowed origins may send this request.";
    forbidden(details, message, Vary::Origin)
}

fn forbidden(details: &str, message: &str, vary: Vary) -> LocalReply {
    LocalReply::new(403, GrpcStatus::PermissionDenied, details, message)
        .header(HeaderName::from_static("vary"), vary.value())
}
