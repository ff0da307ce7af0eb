//! Answers in place of the upstream's as a user writes them.

use filter_kit::reply::RawReplyHeader;
use filter_kit::values::Status;
use serde::Deserialize;

/// A redirect.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a redirect, as {location: \"https://${request.hostname}${request.target}\"}"
)]
pub struct RawRedirect {
    /// The status: 301, 302, 303, 307 or 308. Omitted: 308, which keeps the method and may be
    /// cached by clients.
    pub status: Option<u16>,
    /// The value of `location`, a template: a URI with a scheme, or a path. If it cannot be made,
    /// or the client would choose the host, the request is refused.
    pub location: String,
}

/// An answer in place of the upstream's.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "an answer, as {status: 503, body: TEXT}"
)]
pub struct RawRespond {
    /// The status. Omitted: 200.
    pub status: Option<Status>,
    /// The body, a template. Without a `content-type` among `headers` it is `text/plain`. If it is
    /// omitted, or if a value is missing, the body is empty.
    pub body: Option<String>,
    /// Headers; values are templates. A header whose value is missing is omitted.
    pub headers: Option<Vec<RawReplyHeader>>,
}
