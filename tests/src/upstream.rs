//! A real HTTP/1.1 and HTTP/2 (prior knowledge) server on loopback.
//!
//! [`Upstream::echo`] answers with what it received, steered by `x-echo-*` headers (see
//! [`Reply::to`]); [`Upstream::with`] answers as a closure says. Both answer `Upgrade: websocket`
//! and CONNECT with a tunnel that sends every byte back.

mod reply;
mod serve;

use std::{
    collections::VecDeque,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

use anyhow::{Context, Result};
use tokio::sync::oneshot;

pub use self::reply::Reply;
use crate::echo::EchoedRequest;

/// How many of the latest requests an upstream remembers.
pub const REMEMBERED: usize = 100;

type Handler = dyn Fn(&EchoedRequest) -> Reply + Send + Sync;

/// A running server. Stopped when dropped.
pub struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    running: Option<Running>,
}

struct Shared {
    handler: Box<Handler>,
    count: AtomicU64,
    latest: Mutex<VecDeque<EchoedRequest>>,
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

struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Upstream {
    /// The echo on a free port.
    ///
    /// # Errors
    /// If no port can be bound.
    pub fn echo() -> Result<Self> {
        Self::with(Reply::to)
    }

    /// The echo on a fixed port.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn echo_on(port: u16) -> Result<Self> {
        Self::with_on(port, Reply::to)
    }

    /// Answers on a free port as `handler` says.
    ///
    /// # Errors
    /// If no port can be bound.
    pub fn with(handler: impl Fn(&EchoedRequest) -> Reply + Send + Sync + 'static) -> Result<Self> {
        Self::with_on(0, handler)
    }

    /// Answers on a fixed port as `handler` says.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn with_on(
        port: u16,
        handler: impl Fn(&EchoedRequest) -> Reply + Send + Sync + 'static,
    ) -> Result<Self> {
        let mut upstream = Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            shared: Arc::new(Shared {
                handler: Box::new(handler),
                count: AtomicU64::new(0),
                latest: Mutex::default(),
                under_way: AtomicU64::new(0),
                most_under_way: AtomicU64::new(0),
            }),
            running: None,
        };
        upstream.start()?;
        Ok(upstream)
    }

    /// Answers with the files of a folder by their names, and else with 404.
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

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `http://127.0.0.1:<port><path>`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many requests came since the start, restarts included.
    pub fn count(&self) -> u64 {
        self.shared.count.load(Ordering::Relaxed)
    }

    /// How many requests were answered at the same time, at most. One is from its last byte to the
    /// first of its answer, or until it is cut.
    pub fn most_under_way(&self) -> u64 {
        self.shared.most_under_way.load(Ordering::Relaxed)
    }

    /// The latest requests, oldest first, at most [`REMEMBERED`].
    pub fn requests(&self) -> Vec<EchoedRequest> {
        self.shared.latest().iter().cloned().collect()
    }

    /// The latest request.
    pub fn last_request(&self) -> Option<EchoedRequest> {
        self.shared.latest().back().cloned()
    }

    /// Stops listening and cuts all connections.
    pub fn stop(&mut self) {
        if let Some(Running { stop, thread }) = self.running.take() {
            // Both fail only if the server's thread has ended already.
            let _ = stop.send(());
            let _ = thread.join();
        }
    }

    /// Listens again, on the same port.
    ///
    /// # Errors
    /// If another program has taken the port meanwhile.
    pub fn start(&mut self) -> Result<()> {
        if self.running.is_some() {
            return Ok(());
        }
        let listener = TcpListener::bind(self.address)
            .with_context(|| format!("cannot listen on {}", self.address))?;
        listener.set_nonblocking(true)?;
        self.address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new()
            .name("upstream".into())
            .spawn(move || {
                runtime.spawn(serve::serve(listener, shared));
                // Also ends when the sender is dropped. With the runtime go all connections.
                let _ = runtime.block_on(stopped);
            })?;
        self.running = Some(Running { stop, thread });
        Ok(())
    }
}

impl Shared {
    fn latest(&self) -> MutexGuard<'_, VecDeque<EchoedRequest>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) -> UnderWay<'_> {
        let under_way = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_under_way.fetch_max(under_way, Ordering::Relaxed);
        UnderWay(self)
    }

    fn answer(&self, request: EchoedRequest) -> Reply {
        self.count.fetch_add(1, Ordering::Relaxed);
        let reply = (self.handler)(&request);
        let mut latest = self.latest();
        if latest.len() == REMEMBERED {
            latest.pop_front();
        }
        latest.push_back(request);
        reply
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop();
    }
}
