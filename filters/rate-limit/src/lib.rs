//! rate-limit: limits requests per client, key or route, exact over all workers of a process, or by a rate limit service.
//!
//! The life of a request: [`decision::decide`] charges the limits of this process and says whether the request passes, is refused, or is for
//! the rate limit service to decide; the service's answer goes into the same decision by [`service::answered`]. What becomes of it is
//! [`reply::reply`], or [`fields::fields`] on the response.
//!
//! | Module | Holds |
//! |---|---|
//! | [`config`] | what a user writes, and its checks |
//! | [`limit`], [`limits`] | a limit, and all of them with their tables |
//! | [`key`], [`address`], [`cost`] | what is counted together, and for how much |
//! | [`quota`], [`limiter`] | how many pass: GCRA by `governor` over state that all workers share |
//! | [`decision`], [`verdict`] | what becomes of a request, and why |
//! | [`service`] | the rate limit service: its question and its answer |
//! | [`fields`], [`reply`] | what clients are told |
//! | [`filter`] | a worker's filter, and a request on its way through it |
//! | [`events`], [`counting`] | what is counted |

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::panic,
        reason = "an overflow or a failed assumption in a test should fail it"
    )
)]

pub mod address;
pub mod config;
pub mod cost;
pub mod counting;
pub mod decision;
pub mod events;
pub mod fields;
pub mod filter;
pub mod key;
pub mod limit;
pub mod limiter;
pub mod limits;
pub mod quota;
pub mod reply;
pub mod service;
pub mod verdict;

pub use config::{Config, RawConfig};
pub use events::Event;
pub use filter::RateLimit;

use filter::{Next, Passage};
use filter_kit::host::{self, Plugin};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use std::rc::Rc;

/// The JSON Schema of the configuration.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(RawConfig)
}

#[cfg(target_arch = "wasm32")]
mod entry {
    proxy_wasm::main! {{ filter_kit::host::start::<crate::RateLimit>(); }}
}

impl Plugin for RateLimit {
    type Config = Config;

    fn new(config: Config) -> Self {
        Self::start(config)
    }

    fn request(plugin: &Rc<Self>) -> Box<dyn HttpContext> {
        Box::new(Request(Passage::new(Rc::clone(plugin))))
    }
}

/// One request.
struct Request(Passage);

impl Context for Request {
    /// The rate limit service has answered, or will not.
    fn on_grpc_call_response(&mut self, call: u32, status: u32, size: usize) {
        let answer = || (status == 0).then(|| host::grpc_response(size));
        if self.0.on_answer(call, answer) == Next::Go {
            host::resume_request();
        }
    }
}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        match self.0.on_request() {
            Next::Go => Action::Continue,
            Next::Stay => Action::Pause,
        }
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.0.on_response();
        Action::Continue
    }
}
