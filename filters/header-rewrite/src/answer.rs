//! Answers that rules send instead of the upstream.

use crate::operation::is_authority;
use crate::reason::Refused;
use filter_kit::reply::{Body, GrpcStatus, LocalReply, ReplyTemplate};
use filter_kit::template::{Template, Values};
use filter_kit::values::{HeaderName, is_header_value};

/// An answer of a rule.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A redirect.
    Redirect {
        /// 301, 302, 303, 307 or 308.
        status: u16,
        /// The value of `location`.
        location: Location,
    },
    /// A reply defined in the configuration.
    Respond(ReplyTemplate),
}

/// The value of `location`.
#[derive(Debug, Clone)]
pub struct Location {
    template: Template,
    is_path: bool,
}

impl Location {
    /// Creates a location from a template whose host cannot be chosen by a client. `is_path` says
    /// whether it begins with a slash.
    #[must_use]
    pub fn new(template: Template, is_path: bool) -> Self {
        Self { template, is_path }
    }

    /// Returns the value for a request.
    ///
    /// # Errors
    /// [`Refused`] if it has no value, or if it would lead to another host.
    fn value(&self, values: &Values<'_>) -> Result<Vec<u8>, Refused> {
        let value = self.template.expand(values)?;
        // Browsers remove tabs before they parse a URL: `/\t/evil.example` is `//evil.example`.
        if !is_header_value(&value) || value.contains(&b'\t') {
            return Err(Refused::InvalidLocation);
        }
        let is_good = if self.is_path || value.starts_with(b"/") {
            // For a browser, two slashes begin a host, and a backslash is a slash.
            value.starts_with(b"/") && !matches!(value.get(1), Some(b'/' | b'\\'))
        } else {
            authority(&value).is_some_and(is_authority)
        };
        if is_good {
            Ok(value)
        } else {
            Err(Refused::InvalidLocation)
        }
    }
}

/// Returns the part between the scheme and the path, as browsers parse it (URL standard, "authority
/// state").
fn authority(uri: &[u8]) -> Option<&[u8]> {
    let at = uri.windows(3).position(|window| window == b"://")?;
    let rest = uri.get(at.saturating_add(3)..)?;
    let mut parts = rest.split(|b| b"/?#\\".contains(b));
    parts.next()
}

impl Answer {
    /// Returns the reply to a request.
    ///
    /// # Errors
    /// [`Refused`] if the location has no valid value.
    pub fn reply(&self, values: &Values<'_>) -> Result<LocalReply, Refused> {
        match self {
            Self::Redirect { status, location } => {
                let details = "rewrite_redirect";
                let mut reply = LocalReply::new(*status, GrpcStatus::Internal, details, "");
                reply.body = Body::Raw(Vec::new());
                let value = location.value(values)?;
                Ok(reply.header(HeaderName::from_static("location"), value))
            }
            Self::Respond(template) => {
                let mut reply = LocalReply::new(200, GrpcStatus::Internal, "rewrite_respond", "");
                reply.body = Body::Raw(Vec::new());
                template.apply(&mut reply, values);
                reply.grpc = grpc_status(reply.status);
                Ok(reply)
            }
        }
    }

    /// Whether the answer depends on the host of the request.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        match self {
            Self::Redirect { location, .. } => location.template.looks_at_host(),
            Self::Respond(template) => template.looks_at_host(),
        }
    }
}

/// Returns the status for gRPC clients
/// (<https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>).
fn grpc_status(status: u16) -> GrpcStatus {
    match status {
        400 => GrpcStatus::InvalidArgument,
        401 => GrpcStatus::Unauthenticated,
        403 => GrpcStatus::PermissionDenied,
        429 => GrpcStatus::ResourceExhausted,
        502..=504 => GrpcStatus::Unavailable,
        _ => GrpcStatus::Internal,
    }
}

#[cfg(test)]
mod tests;
