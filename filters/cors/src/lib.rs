//! cors: cross-origin resource sharing according to the Fetch standard
//! (<https://fetch.spec.whatwg.org/#http-cors-protocol>).
//!
//! For each request, `decision::decide` selects the policy and decides. A preflight is answered.
//! Any other request continues with a plan for its response, which `response::Plan::apply` carries
//! out.
//!
//! | Module | Contents |
//! |---|---|
//! | `config` | what a user writes, and its checks |
//! | `origin` | origins, and the patterns that match them |
//! | `policy` | which policy applies, and what it allows |
//! | `decision`, `reason` | what to do with a request, and why |
//! | `reply`, `response` | the filter's own answers; `vary` and the CORS headers of all other responses |
//! | `events` | what is counted |
//! | `filter` | all of this on one worker |

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::panic,
        reason = "an overflow or a failed assumption in a test should fail it"
    )
)]

mod config;
mod decision;
mod events;
mod filter;
mod origin;
mod policy;
mod reason;
mod reply;
mod response;

pub use config::{Config, RawConfig};
pub use events::Event;
pub use filter::Cors;

/// Returns the JSON Schema of the configuration.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(RawConfig)
}

#[cfg(all(target_arch = "wasm32", feature = "module"))]
mod entry {
    proxy_wasm::main! {{ filter_kit::host::start::<crate::Cors>(); }}
}
