//! A real rate limit service (RLS) on loopback: Envoy's gRPC protocol
//! (`envoy.service.ratelimit.v3.RateLimitService`) in front of the library of
//! [Limitador](https://github.com/Kuadrant/limitador), whose limits files it reads. Counters are
//! kept in memory, or in Redis, where several services share them.
//!
//! It decides like Limitador's server, and can be made to misbehave: [`RateLimitService::delay`],
//! [`RateLimitService::fail_with`], [`RateLimitService::edit`].

mod answer;
mod engine;
mod options;
mod redis_counters;
mod resp;
mod serve;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Result;

pub use self::{
    answer::Dialect,
    options::{Options, SAMPLE_LIMITS},
};
use self::{engine::Engine, serve::Behaviour};
pub use crate::server::REMEMBERED;
use crate::server::{Latest, Server};

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
    pub use envoy_types::pb::google::protobuf::{Duration as Period, UInt64Value};
    pub use tonic::{Code, Status};
}

use self::proto::{Code, RateLimitRequest, RateLimitResponse};

/// A running service. Stopped on drop.
pub struct RateLimitService {
    server: Server,
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    dialect: Dialect,
    headers: bool,
    behaviour: Mutex<Behaviour>,
    latest: Latest<RateLimitRequest>,
}

impl RateLimitService {
    /// Returns the options; by default the limits of the samples ([`SAMPLE_LIMITS`]), in memory, on
    /// a free port.
    pub fn options() -> Options {
        Options::new()
    }

    /// Starts with these limits in Limitador's YAML, in memory, on a free port.
    ///
    /// # Errors
    /// If the limits cannot be parsed.
    pub fn with_limits(limits: &str) -> Result<Self> {
        Self::options().limits(limits).start()
    }

    fn new(options: &Options) -> Result<Self> {
        let mut service = Self {
            server: Server::at(options.address),
            shared: Arc::new(Shared {
                engine: Engine::new(&options.limits_parsed()?, options.redis.as_deref())?,
                dialect: options.dialect,
                headers: options.headers,
                behaviour: Mutex::default(),
                latest: Latest::default(),
            }),
        };
        service.start()?;
        Ok(service)
    }

    /// Returns the address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Returns the port it listens on.
    pub fn port(&self) -> u16 {
        self.address().port()
    }

    /// Returns the number of calls since the first start.
    pub fn count(&self) -> u64 {
        self.shared.latest.count()
    }

    /// Returns the latest calls, oldest first, at most [`REMEMBERED`].
    pub fn requests(&self) -> Vec<RateLimitRequest> {
        self.shared.latest.all()
    }

    /// Returns the latest call.
    pub fn last_request(&self) -> Option<RateLimitRequest> {
        self.shared.latest.last()
    }

    /// Delays answers by this time. The call is charged before, as by a service that is slow to
    /// answer.
    pub fn delay(&self, delay: Duration) {
        self.shared.behaviour().delay = delay;
    }

    /// Answers with this gRPC status, and charges nothing.
    pub fn fail_with(&self, code: Code) {
        self.shared.behaviour().failure = Some(code);
    }

    /// Changes each answer before it is sent: headers to add, a body, an unknown code.
    pub fn edit(&self, edit: impl Fn(&mut RateLimitResponse) + Send + Sync + 'static) {
        self.shared.behaviour().edit = Some(Arc::new(edit));
    }

    /// Undoes [`RateLimitService::delay`], [`RateLimitService::fail_with`] and
    /// [`RateLimitService::edit`].
    pub fn behave(&self) {
        *self.shared.behaviour() = Behaviour::default();
    }

    /// Stops listening and closes all connections. Counters in memory are kept.
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
        let shared = Arc::clone(&self.shared);
        let at_end = move || shared.engine.disconnect();
        self.server.start("rate limit", serve, at_end)
    }
}

impl Shared {
    fn behaviour(&self) -> MutexGuard<'_, Behaviour> {
        self.behaviour
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, request: RateLimitRequest) {
        self.latest.count_one();
        self.latest.remember(request);
    }
}
