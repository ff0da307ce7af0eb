//! chain: several filters of the catalog in one module, in the order written.
//!
//! Each item of the configuration is the configuration of one filter, whose own code runs
//! unchanged. A request passes through the items in order, and its response in reverse order, as
//! with separate filters. The items share the cost: the VM is entered once, the headers are read
//! once, and one difference is written.
//!
//! | Module | Contents |
//! |---|---|
//! | [`config`] | what a user writes, and its checks |
//! | [`filter`] | the filter on a worker: passes requests and responses through the items |
//! | `item` | the filters that can be items of a chain |
//! | `background` | background work of the items |
//!
//! The chain itself decides nothing: reasons, replies and counters are those of its items.

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        reason = "an overflow in a test should fail it"
    )
)]

mod background;
pub mod config;
pub mod filter;
mod item;

pub use config::{Config, RawConfig};
pub use filter::Chain;

/// Returns the JSON Schema of the configuration.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(RawConfig)
}

#[cfg(target_arch = "wasm32")]
mod entry {
    proxy_wasm::main! {{ filter_kit::host::start::<crate::Chain>(); }}
}
