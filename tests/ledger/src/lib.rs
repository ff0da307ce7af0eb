//! The cost ledger: what a request costs in a module, in instructions and calls of the host.
//!
//! Each case is a filter, a configuration and a request. A metered interpreter runs the module as
//! it is shipped, with a scripted host, so the counts are the same on every machine.
//! `docs/cost-ledger.md` holds them; a test fails where a case has become dearer.

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

/// How much dearer a case may get before the test fails, in thousandths.
pub const TOLERANCE: u64 = 30;

/// The file that holds the ledger.
#[must_use]
pub fn file() -> PathBuf {
    root().join("docs/cost-ledger.md")
}

/// The module of a filter, as `cargo xtask build` leaves it.
///
/// # Errors
/// Where it is not there.
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

/// Measures a case: the cost of a request after others like it.
///
/// # Errors
/// Where the module does not run, or does not do what the case expects.
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
