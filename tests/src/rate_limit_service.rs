//! A real rate limit service (RLS) on loopback: Envoy's gRPC protocol
//! (`envoy.service.ratelimit.v3.RateLimitService`) in front of the library of
//! [Limitador](https://github.com/Kuadrant/limitador), whose limits files it reads. Counters are
//! kept in memory, or in Redis, where several services share them.
//!
//! It decides as Limitador's server does, and can be told to misbehave:
//! [`RateLimitService::delay`], [`RateLimitService::fail_with`], [`RateLimitService::edit`].

mod answer;
mod engine;
mod options;
mod redis_counters;
mod resp;
mod serve;

use std::{
    collections::VecDeque,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::sync::oneshot;

pub use self::{
    answer::Dialect,
    options::{Options, SAMPLE_LIMITS},
};
use self::{engine::Engine, serve::Behaviour};
use crate::upstream::REMEMBERED;

/// The messages of the protocol, and gRPC's status codes.
pub mod proto {
    pub use envoy_types::pb::envoy::{
        config::core::v3::HeaderValue,
        extensions::common::ratelimit::v3::{RateLimitDescriptor, rate_limit_descriptor::Entry},
        service::ratelimit::v3::{
            RateLimitRequest, RateLimitResponse, rate_limit_response,
            rate_limit_service_client::RateLimitServiceClient,
        },
    };
    pub use envoy_types::pb::google::protobuf::UInt64Value;
    pub use tonic::{Code, Status};
}

use self::proto::{Code, RateLimitRequest, RateLimitResponse};

/// A running service. Stopped when dropped.
pub struct RateLimitService {
    address: SocketAddr,
    shared: Arc<Shared>,
    running: Option<Running>,
}

struct Shared {
    engine: Engine,
    dialect: Dialect,
    headers: bool,
    behaviour: Mutex<Behaviour>,
    count: AtomicU64,
    latest: Mutex<VecDeque<RateLimitRequest>>,
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl RateLimitService {
    /// What can be chosen; by default the limits of the samples ([`SAMPLE_LIMITS`]), in memory, on
    /// a free port.
    pub fn options() -> Options {
        Options::new()
    }

    /// With these limits in Limitador's YAML, in memory, on a free port.
    ///
    /// # Errors
    /// If the limits cannot be read.
    pub fn with_limits(limits: &str) -> Result<Self> {
        Self::options().limits(limits).start()
    }

    fn new(options: &Options) -> Result<Self> {
        let mut service = Self {
            address: options.address,
            shared: Arc::new(Shared {
                engine: Engine::new(&options.limits_parsed()?, options.redis.as_deref())?,
                dialect: options.dialect,
                headers: options.headers,
                behaviour: Mutex::default(),
                count: AtomicU64::new(0),
                latest: Mutex::default(),
            }),
            running: None,
        };
        service.start()?;
        Ok(service)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many calls came since the start, restarts included.
    pub fn count(&self) -> u64 {
        self.shared.count.load(Ordering::Relaxed)
    }

    /// The latest calls, oldest first, at most [`REMEMBERED`].
    pub fn requests(&self) -> Vec<RateLimitRequest> {
        self.shared.latest().iter().cloned().collect()
    }

    /// The latest call.
    pub fn last_request(&self) -> Option<RateLimitRequest> {
        self.shared.latest().back().cloned()
    }

    /// Answers only after this time. The call is charged before it, as by a service that is slow to
    /// answer.
    pub fn delay(&self, delay: Duration) {
        self.shared.behaviour().delay = delay;
    }

    /// Answers with this gRPC status, and charges nothing.
    pub fn fail_with(&self, code: Code) {
        self.shared.behaviour().failure = Some(code);
    }

    /// Changes each answer before it leaves: headers to add, a body, a code that does not exist.
    pub fn edit(&self, edit: impl Fn(&mut RateLimitResponse) + Send + Sync + 'static) {
        self.shared.behaviour().edit = Some(Arc::new(edit));
    }

    /// Takes back [`RateLimitService::delay`], [`RateLimitService::fail_with`] and
    /// [`RateLimitService::edit`].
    pub fn behave(&self) {
        *self.shared.behaviour() = Behaviour::default();
    }

    /// Stops listening and cuts all connections. What was counted in memory is kept.
    pub fn stop(&mut self) {
        if let Some(Running { stop, thread }) = self.running.take() {
            // Both fail only if the service's thread has ended already.
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
            .name("rate limit".into())
            .spawn(move || {
                runtime.spawn(serve::serve(listener, Arc::clone(&shared)));
                // Also ends when the sender is dropped. With the runtime go all connections.
                let _ = runtime.block_on(stopped);
                drop(runtime);
                shared.engine.disconnect();
            })?;
        self.running = Some(Running { stop, thread });
        Ok(())
    }
}

impl Shared {
    fn latest(&self) -> MutexGuard<'_, VecDeque<RateLimitRequest>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn behaviour(&self) -> MutexGuard<'_, Behaviour> {
        self.behaviour
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, request: RateLimitRequest) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let mut latest = self.latest();
        if latest.len() == REMEMBERED {
            latest.pop_front();
        }
        latest.push_back(request);
    }
}

impl Drop for RateLimitService {
    fn drop(&mut self) {
        self.stop();
    }
}
