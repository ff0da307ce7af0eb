//! jwt-auth: verifies JSON Web Tokens, requires claims and scopes, and forwards claims as headers.
//!
//! For each request, [`rules::Rules::requirements`] finds what is required,
//! [`decision::Authenticator::decide`] decides whether it is met and by which tokens, and
//! [`forward::edit`] or [`reply::Replies::reply`] carries out the decision. If keys are still being
//! fetched, the request waits, and is decided again when they arrive.
//!
//! | Module | Contents |
//! |---|---|
//! | [`config`] | what a user writes, and its checks |
//! | [`rules`], [`requirement`] | what is required of a request |
//! | [`sources`], [`token`], [`claims`] | where tokens are, how they are parsed, what they say |
//! | [`keys`], [`signature`], [`algorithm`] | keys, and how signatures are verified with them |
//! | [`remote`] | keys of a server, fetched by one worker for all |
//! | [`provider`], [`deny_list`], [`decision`], [`reason`] | the checks of a token in order, and why one is refused |
//! | [`cache`], [`budget`] | what was verified before, and how much may be verified |
//! | [`forward`], [`reply`], [`events`] | what the upstream gets, what the client gets, what is counted |
//! | [`filter`] | all of this on one worker, including the timer and the calls for remote keys |
//! | [`base64url`], [`json`] | strict parsers |

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

/// Returns the JSON Schema of the configuration.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(RawConfig)
}

#[cfg(all(target_arch = "wasm32", feature = "module"))]
mod entry {
    proxy_wasm::main! {{ filter_kit::host::start::<crate::JwtAuth>(); }}
}
