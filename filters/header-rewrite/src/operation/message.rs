//! A message that is being edited.

use filter_kit::headers::Headers;
use filter_kit::request::Request;
use filter_kit::response::Response;

/// A message that is being edited.
#[derive(Debug, Clone, Copy)]
pub enum Message<'a> {
    /// A request.
    Request(&'a Request),
    /// A response.
    Response(&'a Response),
}

impl<'a> Message<'a> {
    /// Returns its headers.
    #[must_use]
    pub fn headers(self) -> &'a Headers {
        match self {
            Self::Request(request) => request.headers(),
            Self::Response(response) => response.headers(),
        }
    }

    pub(super) fn is_request(self) -> bool {
        matches!(self, Self::Request(_))
    }

    /// Whether a header exists. Reads only this header of a response whose headers have not been
    /// read yet.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        match self {
            Self::Request(request) => request.headers().contains(name),
            Self::Response(response) => response.has(name),
        }
    }

    /// Returns the values of a header. `host` of a request is the host of `:authority`.
    #[must_use]
    pub fn values(self, name: &str) -> Vec<Vec<u8>> {
        match self {
            Self::Request(request) => request.values(name).map(<[u8]>::to_vec).collect(),
            Self::Response(response) => response.headers().all(name).map(<[u8]>::to_vec).collect(),
        }
    }
}
