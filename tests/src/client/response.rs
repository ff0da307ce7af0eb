//! A response.

use serde_json::Value;

use crate::{echo::EchoedRequest, headers::Headers};

/// A response, read to its end.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// Header fields.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// Trailers.
    pub trailers: Option<Headers>,
}

impl Response {
    /// See [`Headers::get`].
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// See [`Headers::all`].
    pub fn headers_all(&self, name: &str) -> Vec<&str> {
        self.headers.all(name)
    }

    /// Returns the body as text. Bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the body as JSON.
    ///
    /// # Panics
    /// If it is not JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!(
                "{} with a body that is not JSON ({error}): {:?}",
                self.status,
                self.text()
            ),
        }
    }

    /// Returns what the echo upstream received.
    ///
    /// # Panics
    /// If the response is not the echo's, but for example a local reply of Envoy.
    #[track_caller]
    pub fn echo(&self) -> EchoedRequest {
        match serde_json::from_slice(&self.body) {
            Ok(request) => request,
            Err(_) => panic!(
                "{} and no echo: {:?}, headers {:?}",
                self.status,
                self.text(),
                self.headers.0
            ),
        }
    }
}
