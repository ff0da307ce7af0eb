//! The cost ledger: the cost of a request in a module, in instructions and host calls.
//!
//! Each case is a filter, a configuration and a request. A metered interpreter runs the module as
//! it is shipped, with a scripted host, so the counts are the same on every machine. They are kept
//! in `docs/cost-ledger.md`; a test fails if the cost of a case has increased.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a failed assumption is a failed measurement"
)]

mod cases;
mod host;
#[cfg(feature = "profile")]
mod profile;
mod table;
mod token;

pub use cases::{Case, cases};
pub use host::{Cost, Exchange, Instance};
#[cfg(feature = "profile")]
pub use profile::profile;
pub use table::{Row, parse, render};

use std::path::PathBuf;

use anyhow::{Context, Result};

/// How much the cost of a case may increase before the test fails, in thousandths.
pub const TOLERANCE: u64 = 30;

/// Returns the path of the ledger.
#[must_use]
pub fn file() -> PathBuf {
    root().join("docs/cost-ledger.md")
}

/// Returns the module of a filter, as built by `cargo xtask build`.
///
/// # Errors
/// If it does not exist.
pub fn module(filter: &str) -> Result<Vec<u8>> {
    let path = target().join(format!("filters/{filter}.wasm"));
    std::fs::read(&path).with_context(|| format!("no {}: run cargo xtask build", path.display()))
}

fn target() -> PathBuf {
    let folder = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root().join(folder)
}

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Measures a case: the cost of a request after similar ones.
///
/// # Errors
/// If the module does not run, or does not do what the case expects.
pub fn measure(case: &Case) -> Result<Row> {
    let mut instance = Instance::start(&module(case.filter)?, &(case.configuration)())
        .with_context(|| case.name)?;
    let exchanges = (case.exchanges)();
    let mut last = None;
    for exchange in &exchanges {
        last = Some(instance.exchange(exchange).with_context(|| case.name)?);
    }
    let cost = last.context("a case has a request")?;
    (case.check)(&cost).with_context(|| format!("{}: {cost:?}", case.name))?;
    Ok(Row::new(case, &cost))
}
