//! rate-limit: limits requests per client, key or route, exactly across all workers of a process, or
//! with a rate limit service.
//!
//! For each request, [`decision::decide`] charges the limits of this process, and decides whether
//! the request passes, is refused, or depends on the rate limit service. [`service::answered`] adds
//! the service's answer to the decision. [`filter`] applies it: [`reply::reply`] answers the
//! request, or [`fields::Fields`] are written to the response.
//!
//! | Module | Contents |
//! |---|---|
//! | [`config`] | what a user writes, and its checks |
//! | [`filter`] | the filter on a worker: applies decisions |
//! | [`decision`], [`reason`] | whether a request passes, and why not |
//! | [`reply`], [`events`] | what the client gets, and what is counted |
//! | [`limit`], [`limits`] | a limit, and all of them with their tables |
//! | [`allowance`] | how many requests a limit allows |
//! | [`key`], [`address`], [`cost`] | what is counted together, and at which cost |
//! | [`quota`], [`limiter`] | how many pass: GCRA by `governor` over state that all workers share |
//! | [`fields`] | the header fields that tell clients about their limits |
//! | [`service`] | calls to the rate limit service, and its answers |
//! | [`few`] | lists that mostly have one element |

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::panic,
        reason = "an overflow or a failed assumption in a test should fail it"
    )
)]

mod address;
mod allowance;
mod config;
mod cost;
mod decision;
mod events;
mod few;
mod fields;
mod filter;
mod key;
mod limit;
mod limiter;
mod limits;
mod quota;
mod reason;
mod reply;
mod service;

pub use config::{Config, RawConfig};
pub use events::Event;
pub use filter::RateLimit;

/// Returns the JSON Schema of the configuration.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(RawConfig)
}

#[cfg(all(target_arch = "wasm32", feature = "module"))]
mod entry {
    proxy_wasm::main! {{ filter_kit::host::start::<crate::RateLimit>(); }}
}
