//! Support for the tests of filters (feature `testing`): requests built in one line, and a whole
//! filter on a scripted host.

mod host;
mod mistakes;
mod run;
pub mod servers;

use crate::headers::Headers;
use crate::request::Request;

pub use host::{Call, LocalAnswer, ScriptedHost};
pub use mistakes::check_mistakes;
pub use run::{Answer, Exchange, Run};

/// Starts to build a request: `request("GET", "/path?query").header("x-a", "b").build()`.
#[must_use]
pub fn request(method: &str, target: &str) -> RequestBuilder {
    RequestBuilder {
        pseudo: [
            (":method", method.into()),
            (":scheme", "http".into()),
            (":authority", "example.com".into()),
            (":path", target.into()),
        ],
        headers: Vec::new(),
        source_address: None,
        route_name: None,
        route_metadata: Vec::new(),
    }
}

/// A request under construction.
#[derive(Debug, Clone)]
pub struct RequestBuilder {
    pseudo: [(&'static str, String); 4],
    headers: Vec<(String, Vec<u8>)>,
    source_address: Option<Vec<u8>>,
    route_name: Option<Vec<u8>>,
    route_metadata: Vec<(&'static str, String, String)>,
}

impl RequestBuilder {
    /// Sets `:authority`. The default is `example.com`.
    #[must_use]
    pub fn authority(mut self, authority: &str) -> Self {
        let [_, _, (_, value), _] = &mut self.pseudo;
        authority.clone_into(value);
        self
    }

    /// Adds a header value. `name` must be in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Sets the trusted address of the client.
    #[must_use]
    pub fn source_address(mut self, address: &str) -> Self {
        self.source_address = Some(address.into());
        self
    }

    /// Sets the name of the selected route.
    #[must_use]
    pub fn route_name(mut self, name: &str) -> Self {
        self.route_name = Some(name.into());
        self
    }

    /// Sets a value in the metadata of the selected route, under this filter's name.
    #[must_use]
    pub fn route_metadata(mut self, filter: &'static str, key: &str, value: &str) -> Self {
        self.route_metadata
            .push((filter, key.to_owned(), value.to_owned()));
        self
    }

    /// Returns the headers, pseudo-headers first.
    #[must_use]
    pub fn pairs(&self) -> Vec<(String, Vec<u8>)> {
        let pseudo = self
            .pseudo
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone().into_bytes()));
        pseudo.chain(self.headers.iter().cloned()).collect()
    }

    /// Builds the request. It reads nothing from a host except the time.
    #[must_use]
    pub fn build(self) -> Request {
        let request = Request::of(
            Headers::new(&self.pairs()),
            self.source_address,
            self.route_name,
        );
        for (filter, key, value) in self.route_metadata {
            request.set_route_metadata(filter, &key, &value);
        }
        request
    }
}

/// Creates headers from pairs. Names must be in lower case.
#[must_use]
pub fn headers(pairs: &[(&str, &str)]) -> Headers {
    Headers::new(pairs)
}
