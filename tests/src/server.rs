//! Shared by the servers of the harness: each has its own thread, can be stopped and restarted on
//! the same port, and remembers its requests.

use std::{
    collections::VecDeque,
    net::{SocketAddr, TcpListener},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

use anyhow::{Context, Result};
use tokio::sync::oneshot;

/// How many of the latest requests a server remembers.
pub const REMEMBERED: usize = 100;

/// A thread that serves. Stopped on drop.
pub(crate) struct Server {
    address: SocketAddr,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Server {
    /// Creates a server that will listen on this address. Port 0 becomes a free one at the start.
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self {
            address,
            running: None,
        }
    }

    /// Returns the address it listens on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens, and runs `serve` until it is stopped, then `at_end`.
    pub(crate) fn start<F>(
        &mut self,
        name: &str,
        serve: impl FnOnce(TcpListener) -> F,
        at_end: impl FnOnce() + Send + 'static,
    ) -> Result<()>
    where
        F: Future<Output: Send> + Send + 'static,
    {
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
        let served = serve(listener);
        let thread = thread::Builder::new().name(name.into()).spawn(move || {
            runtime.spawn(served);
            // Also ends when the sender is dropped. All connections are closed with the runtime.
            let _ = runtime.block_on(stopped);
            drop(runtime);
            at_end();
        })?;
        self.running = Some((stop, thread));
        Ok(())
    }

    /// Stops listening and closes all connections.
    pub(crate) fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            // Both fail only if the thread has already ended.
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The latest requests, and the total number.
pub(crate) struct Latest<T> {
    count: AtomicU64,
    latest: Mutex<VecDeque<T>>,
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self {
            count: AtomicU64::new(0),
            latest: Mutex::default(),
        }
    }
}

impl<T: Clone> Latest<T> {
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    pub(crate) fn count_one(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn remember(&self, request: T) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.len() == REMEMBERED {
            latest.pop_front();
        }
        latest.push_back(request);
    }

    pub(crate) fn all(&self) -> Vec<T> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.iter().cloned().collect()
    }

    pub(crate) fn last(&self) -> Option<T> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.back().cloned()
    }
}
