//! What every filter of the catalog shares.
//!
//! Pure modules take values and return values; they run and are tested natively:
//!
//! | Module | Holds |
//! |---|---|
//! | [`config`] | JSON text or a binary `google.protobuf.Struct` into a checked configuration, with one-line errors |
//! | [`values`] | the value types of configurations: durations, header names, regular expressions, secrets, `mode` |
//! | [`headers`] | headers as bytes in one buffer, and the difference that edits make |
//! | [`request`], [`response`] | what a filter knows of a request and a response, and the edits of it |
//! | [`pipeline`] | a filter on its host: the one trait that filters implement |
//! | [`matching`] | `match`: hosts, methods, paths, headers, query |
//! | [`template`] | `${request.header.x | default}` |
//! | [`reply`] | local replies: plain text, problem+json, gRPC |
//! | [`explain`] | what the log and access logs say of a request that is refused |
//! | [`metrics`] | the fixed set of counters of a filter |
//! | [`store`] | state that all workers share, changed by compare-and-swap; a bounded table for keys that clients choose |
//!
//! One module touches the host: [`host`]. `testing` (a feature) has what a filter's own unit tests
//! need.

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        reason = "an overflow in a test should fail it"
    )
)]
#![cfg_attr(
    not(any(test, feature = "testing", target_arch = "wasm32")),
    allow(
        dead_code,
        reason = "natively nothing but a test runs a filter; tools need its configuration only"
    )
)]

pub mod config;
pub mod explain;
pub mod headers;
pub mod host;
pub mod matching;
pub mod metrics;
pub mod pipeline;
pub mod reply;
pub mod request;
pub mod response;
pub mod store;
pub mod template;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod values;
