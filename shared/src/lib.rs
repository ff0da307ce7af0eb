//! What every filter of the catalog shares.
//!
//! Pure modules take values and return values; they run and are tested natively:
//!
//! | Module | Holds |
//! |---|---|
//! | [`config`] | JSON text or a binary `google.protobuf.Struct` into a checked configuration, with one-line errors |
//! | [`values`] | the value types of configurations: durations, header names, regular expressions, secrets, `mode` |
//! | [`headers`] | headers as bytes, repeated values visible, and the edits that a host can make |
//! | [`request`] | what a filter knows of a request |
//! | [`spelling`] | the other spellings of a path that a server may act on |
//! | [`matching`] | `match`: hosts, methods, paths, headers, query |
//! | [`template`] | `${request.header.x | default}` |
//! | [`reply`] | local replies: plain text, problem+json, gRPC |
//! | [`metrics`] | the fixed set of counters of a filter |
//! | [`store`] | state that all workers share, changed by compare-and-swap; a bounded table for keys that clients choose |
//!
//! One module touches the host: [`host`]. `testing` (a feature) has what a filter's own unit tests need.

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        reason = "an overflow in a test should fail it"
    )
)]

pub mod config;
pub mod headers;
pub mod host;
pub mod matching;
pub mod metrics;
pub mod reply;
pub mod request;
#[path = "request"]
pub mod reading {
    //! To be part of [`crate::request`].
    pub mod authority;
    pub mod readings;
}
pub mod spelling;
pub mod store;
pub mod template;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod values;
