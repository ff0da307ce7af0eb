//! header-rewrite: edits request and response headers, the path, the query and the host.
//!
//! For each request, `decision::decide` finds the rules that apply, `rules::Rules::edit_request`
//! applies their request operations, and the host gets the difference. The response goes through
//! `rules::Rules::edit_response`.
//!
//! | Module | Contents |
//! |---|---|
//! | `config` | what a user writes, and its checks |
//! | `operation` | what each operation does |
//! | `answer`, `nonce` | redirects and other answers of rules; the nonce of a content security policy |
//! | `rules` | the rules, and their operations in order |
//! | `decision`, `reason` | which rules apply to a request, and why it or an operation fails |
//! | `reply`, `events` | what a client gets if a request is refused, and what is counted |
//! | `filter` | all of this on one worker |

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        reason = "an overflow in a test should fail it"
    )
)]

mod answer;
mod config;
mod decision;
mod events;
mod filter;
mod nonce;
mod operation;
mod reason;
mod reply;
mod rules;

#[cfg(test)]
mod testing;

pub use config::{Config, RawConfig};
pub use events::Event;
pub use filter::HeaderRewrite;

/// Returns the JSON Schema of the configuration.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(RawConfig)
}

#[cfg(all(target_arch = "wasm32", feature = "module"))]
mod entry {
    proxy_wasm::main! {{ filter_kit::host::start::<crate::HeaderRewrite>(); }}
}
