//! What a filter's own unit tests need (feature `testing`): requests built in a line, and the effect of edits.

pub mod servers;

use crate::headers::Headers;
use crate::request::RequestHead;

/// Starts a request: `request("GET", "/path?query").header("x-a", "b").build()`.
#[must_use]
pub fn request(method: &str, target: &str) -> RequestBuilder {
    RequestBuilder(RequestHead {
        method: method.into(),
        scheme: "http".into(),
        authority: "example.com".into(),
        target: Some(target.into()),
        ..RequestHead::default()
    })
}

/// A request under construction.
#[derive(Debug, Clone)]
pub struct RequestBuilder(RequestHead);

impl RequestBuilder {
    /// Sets `:authority`; `example.com` without.
    #[must_use]
    pub fn authority(mut self, authority: &str) -> Self {
        self.0.authority = authority.into();
        self
    }

    /// Adds a header value. `name` is in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.0.headers.add(name, value.into());
        self
    }

    /// Sets the trusted address of the client.
    #[must_use]
    pub fn source_address(mut self, address: &str) -> Self {
        self.0.source_address = Some(address.into());
        self
    }

    /// Sets the name of the chosen route.
    #[must_use]
    pub fn route_name(mut self, name: &str) -> Self {
        self.0.route_name = Some(name.into());
        self
    }

    /// The request.
    #[must_use]
    pub fn build(self) -> RequestHead {
        self.0
    }
}

/// Headers from pairs whose names are in lower case.
#[must_use]
pub fn headers(pairs: &[(&str, &str)]) -> Headers {
    Headers::new(
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect(),
    )
}
