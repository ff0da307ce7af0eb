//! chain: several filters of the catalog in one module, in the order written.
//!
//! Each item of the configuration is a filter's own configuration, and each filter's own code runs,
//! unchanged. A request passes the items in their order and its response passes them in reverse, as
//! it would pass separate filters. What is shared is the cost: one entry into the VM, one look at
//! the headers, and one difference that is written.
//!
//! | Module | Holds |
//! |---|---|
//! | [`config`] | what a user writes, and its checks |
//! | [`filter`] | the filter on a worker: takes requests and responses through the items |
//! | `item` | the filters that an item can be |
//! | `background` | what the items do beside their requests |
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

/// The JSON Schema of the configuration.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(RawConfig)
}

#[cfg(target_arch = "wasm32")]
mod entry {
    proxy_wasm::main! {{ filter_kit::host::start::<crate::Chain>(); }}
}
