//! Blocking clients: HTTP/1.1 and HTTP/2 over hyper, gRPC on top of it, raw bytes over TCP.
//!
//! They are for tests: a request without a response panics with the reason; the `try_` variants
//! return the error.

pub mod grpc;
mod pool;
pub mod raw;
pub mod raw_http2;
pub(crate) mod request;
mod response;

use std::{net::IpAddr, sync::Arc, time::Duration};

use self::pool::Pool;
pub use self::{request::RequestBuilder, response::Response};

/// Default timeout of a request.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// A client. Clones share its connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) pool: Arc<Pool>,
    timeout: Duration,
}

/// The protocol of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 with prior knowledge, without TLS.
    Http2,
}

impl Client {
    /// Creates a client that uses HTTP/1.1 and reuses connections.
    pub fn http1() -> Self {
        Self::new(Pool::new(Version::Http1))
    }

    /// Creates a client that uses HTTP/2 with prior knowledge, with all requests on one connection.
    pub fn http2() -> Self {
        Self::new(Pool::new(Version::Http2))
    }

    fn new(pool: Pool) -> Self {
        Self {
            pool: Arc::new(pool),
            timeout: TIMEOUT,
        }
    }

    /// Opens a connection for each request.
    #[must_use]
    pub fn new_connections(self) -> Self {
        Self {
            pool: Arc::new(Pool {
                reuse: false,
                ..self.pool.settings()
            }),
            ..self
        }
    }

    /// Connects from this address, such as `127.0.0.2`, so that the server sees another client.
    ///
    /// # Panics
    /// If it is not an address.
    #[must_use]
    pub fn source(self, address: &str) -> Self {
        let source: IpAddr = address.parse().expect("the source is an IP address");
        Self {
            pool: Arc::new(Pool {
                source: Some(source),
                ..self.pool.settings()
            }),
            ..self
        }
    }

    /// Sets the timeout of a request; the default is 10 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Creates a GET request to `http://address:port/path`.
    pub fn get(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request("GET", url)
    }

    /// Creates a POST request.
    pub fn post(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request("POST", url)
    }

    /// Creates an OPTIONS request.
    pub fn options(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request("OPTIONS", url)
    }

    /// Creates a request with any method.
    pub fn request(&self, method: &str, url: impl AsRef<str>) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, url.as_ref())
    }
}
