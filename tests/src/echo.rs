//! The requests that the upstream receives. It records them and returns them to the client.

use serde::{Deserialize, Serialize};

use crate::headers::Headers;

/// A request as the upstream received it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EchoedRequest {
    /// The method.
    pub method: String,
    /// The path and query, not decoded.
    pub path: String,
    /// `:authority` in HTTP/2, `host` in HTTP/1.1, or empty if the request had neither.
    pub authority: String,
    /// `:scheme`, which only HTTP/2 carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The version, `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// All header fields. See [`Headers`] for bytes that are not ASCII.
    pub headers: Headers,
    /// The body as text if it is UTF-8, otherwise as Latin-1.
    pub body: String,
    /// The trailers after the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trailers: Option<Headers>,
}

impl EchoedRequest {
    /// See [`Headers::get`].
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// See [`Headers::all`].
    pub fn headers_all(&self, name: &str) -> Vec<&str> {
        self.headers.all(name)
    }

    /// Returns the path without the query.
    pub fn path_only(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// Returns the query, without `?`; empty if the target has no query.
    pub fn query(&self) -> &str {
        self.path.split_once('?').map_or("", |(_, query)| query)
    }
}
