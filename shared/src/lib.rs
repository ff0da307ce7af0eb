//! The library shared by all filters of the catalog.
//!
//! Pure modules take values and return values. They run and are tested natively:
//!
//! | Module | Contents |
//! |---|---|
//! | [`config`] | parses JSON text or a binary `google.protobuf.Struct` into a checked configuration, with one-line errors |
//! | [`values`] | value types of configurations: durations, header names, regular expressions, secrets, `mode` |
//! | [`headers`] | headers as bytes in one buffer, and the difference that edits make |
//! | [`request`], [`response`] | a request and a response as filters see and edit them |
//! | [`pipeline`] | runs a filter on its host; defines the trait that filters implement |
//! | [`matching`] | `match`: hosts, methods, paths, headers, query |
//! | [`template`] | `${request.header.x | default}` |
//! | [`reply`] | local replies: plain text, problem+json, gRPC |
//! | [`explain`] | what the log and access logs say about a refused request |
//! | [`metrics`] | the fixed set of counters of a filter |
//! | [`store`] | state that all workers share, changed by compare-and-swap; a bounded table for keys that clients choose |
//!
//! Only [`host`] calls the host. `testing` (a feature) contains what the unit tests of filters
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
