//! jwt-auth: verifies JSON Web Tokens, requires claims and scopes, and forwards claims as headers.
//!
//! The life of a request: [`rules::Rules::requirements`] finds what it has to show,
//! [`decision::Authenticator::decide`] says whether it does and by which tokens, and
//! [`forward::edit`] or [`reply::Replies::reply`] carries that out. Where the keys are still on
//! their way the request waits, and is decided again when they are here.
//!
//! | Module | Holds |
//! |---|---|
//! | [`config`] | what a user writes, and its checks |
//! | [`rules`], [`requirement`] | what a request has to show |
//! | [`sources`], [`token`], [`claims`] | where tokens are, how they are taken apart, what they say |
//! | [`keys`], [`signature`], [`algorithm`] | keys, and who verifies with them |
//! | [`remote`] | keys of a server, fetched by one worker for all |
//! | [`provider`], [`deny_list`], [`decision`], [`reason`] | the checks of a token in their order, and why one is refused |
//! | [`cache`], [`budget`] | what was verified before, and how much may be verified |
//! | [`forward`], [`reply`], [`events`] | what the upstream gets, what the client gets, what is counted |
//! | [`filter`] | all of this on one worker; with remote keys, its clock and its calls |
//! | [`base64url`], [`json`] | strict reading |

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        reason = "an overflow in a test should fail it"
    )
)]

pub mod algorithm;
mod background;
pub mod base64url;
mod budget;
mod cache;
mod claims;
mod config;
pub mod decision;
mod deny_list;
mod events;
mod filter;
mod forward;
pub mod json;
pub mod keys;
pub mod provider;
pub mod reason;
mod remote;
mod reply;
mod requirement;
mod rules;
pub mod signature;
mod sources;
mod token;

#[cfg(test)]
mod testing;

pub use config::{Config, RawConfig};
pub use events::Event;

pub use filter::JwtAuth;

/// The JSON Schema of the configuration.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(RawConfig)
}

#[cfg(all(target_arch = "wasm32", feature = "module"))]
mod entry {
    proxy_wasm::main! {{ filter_kit::host::start::<crate::JwtAuth>(); }}
}
