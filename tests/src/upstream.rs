//! A real HTTP/1.1 and HTTP/2 (prior knowledge) server on loopback.
//!
//! [`Upstream::echo`] answers with what it received, controlled by `x-echo-*` headers (see
//! [`Reply::to`]); [`Upstream::with`] answers with the results of a closure. Both answer
//! `Upgrade: websocket` and CONNECT with a tunnel that sends every byte back.

mod reply;
mod serve;

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Result;

pub use self::reply::Reply;
pub use crate::server::REMEMBERED;
use crate::{
    echo::EchoedRequest,
    server::{Latest, Server},
};

type Handler = dyn Fn(&EchoedRequest) -> Reply + Send + Sync;

/// A running server. Stopped on drop.
pub struct Upstream {
    server: Server,
    shared: Arc<Shared>,
}

struct Shared {
    handler: Box<Handler>,
    latest: Latest<EchoedRequest>,
    under_way: AtomicU64,
    most_under_way: AtomicU64,
}

/// A request that is being answered.
struct UnderWay<'s>(&'s Shared);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Upstream {
    /// Starts the echo on a free port.
    ///
    /// # Errors
    /// If no port can be bound.
    pub fn echo() -> Result<Self> {
        Self::with(Reply::to)
    }

    /// Starts the echo on a fixed port.
    ///
    /// # Errors
    /// If the port is in use.
    pub(crate) fn echo_on(port: u16) -> Result<Self> {
        Self::with_on(port, Reply::to)
    }

    /// Answers on a free port with the results of `handler`.
    ///
    /// # Errors
    /// If no port can be bound.
    pub fn with(handler: impl Fn(&EchoedRequest) -> Reply + Send + Sync + 'static) -> Result<Self> {
        Self::with_on(0, handler)
    }

    /// Answers on a fixed port with the results of `handler`.
    ///
    /// # Errors
    /// If the port is in use.
    pub(crate) fn with_on(
        port: u16,
        handler: impl Fn(&EchoedRequest) -> Reply + Send + Sync + 'static,
    ) -> Result<Self> {
        let mut upstream = Self {
            server: Server::at(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
            shared: Arc::new(Shared {
                handler: Box::new(handler),
                latest: Latest::default(),
                under_way: AtomicU64::new(0),
                most_under_way: AtomicU64::new(0),
            }),
        };
        upstream.start()?;
        Ok(upstream)
    }

    /// Answers with the files of a folder by name, and otherwise with 404.
    ///
    /// # Errors
    /// If no port can be bound.
    pub fn files(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        Self::with(move |request| {
            let name = request.path.trim_start_matches('/');
            match fs::read(folder.join(name)) {
                Ok(content) if !name.contains('/') => Reply::new(200).body(content),
                _ => Reply::new(404),
            }
        })
    }

    /// Returns the address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Returns the port it listens on.
    pub fn port(&self) -> u16 {
        self.address().port()
    }

    /// Returns `http://127.0.0.1:<port><path>`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Returns the number of requests since the first start.
    pub fn count(&self) -> u64 {
        self.shared.latest.count()
    }

    /// Returns the maximum number of concurrent requests. A request counts from its last byte to
    /// the first byte of its response, or until it is aborted.
    pub fn most_under_way(&self) -> u64 {
        self.shared.most_under_way.load(Ordering::Relaxed)
    }

    /// Returns the latest requests, oldest first, at most [`REMEMBERED`].
    pub fn requests(&self) -> Vec<EchoedRequest> {
        self.shared.latest.all()
    }

    /// Returns the latest request.
    pub fn last_request(&self) -> Option<EchoedRequest> {
        self.shared.latest.last()
    }

    /// Stops listening and closes all connections.
    pub fn stop(&mut self) {
        self.server.stop();
    }

    /// Listens again on the same port.
    ///
    /// # Errors
    /// If another program uses the port now.
    pub fn start(&mut self) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let serve = |listener| serve::serve(listener, shared);
        self.server.start("upstream", serve, || ())
    }
}

impl Shared {
    fn begin(&self) -> UnderWay<'_> {
        let under_way = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_under_way.fetch_max(under_way, Ordering::Relaxed);
        UnderWay(self)
    }

    fn answer(&self, request: EchoedRequest) -> Reply {
        self.latest.count_one();
        let reply = (self.handler)(&request);
        self.latest.remember(request);
        reply
    }
}
