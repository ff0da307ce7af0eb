//! What a filter costs in a real Envoy, compared with Envoy's own filter, Lua, its floor, and no
//! filter.
//!
//! | Module | Contents |
//! |---|---|
//! | [`jobs`] | what is measured: a request, and the chains that it passes through |
//! | `chain` | the filters of a chain: Envoy's own, Lua, the floors in WAT, the catalog's |
//! | `machine` | which process runs on which core, and the CPU time of a process |
//! | `traffic` | requests over open connections, and an upstream that accepts and sends large bodies |
//! | `figures` | medians of paired differences, with their spread |
//! | [`run`](mod@run) | one run: all jobs in one Envoy in turn, then starts, bodies and latencies |
//! | [`targets`] | the limit of each figure |
//! | [`report`] | the report as Markdown, JSON and charts |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a measuring tool: a failed assumption should be loud, it reads a real clock, and its counts are small"
)]

mod bootstrap;
mod chain;
mod chart;
mod figures;
pub mod jobs;
mod machine;
pub mod report;
pub mod run;
mod signature;
pub mod targets;
mod traffic;
