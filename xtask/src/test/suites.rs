//! The table of suites. Adding one is a row here.

use anyhow::Result;
use e2e::envoy::find::Find;

use super::new;
use crate::catalog::FILTERS;
use crate::{build, process, wasm_target, workspace};

/// A suite of tests.
pub(super) struct Suite {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// What it is, for the terminal.
    pub(super) what: &'static str,
    /// Whether `cargo xtask test` runs it unasked: it needs nothing that the command cannot set up.
    pub(super) by_default: bool,
    /// Whether this machine can run it; if not, why, and how to mend it.
    pub(super) can_run: fn() -> Result<(), String>,
    /// Runs it, with arguments for the test programs.
    pub(super) run: fn(&[String]) -> Result<()>,
}

/// All suites, in the order in which they run.
pub(super) const SUITES: &[Suite] = &[
    Suite {
        name: "unit",
        what: "the logic, and the examples in the documentation",
        by_default: true,
        can_run: || Ok(()),
        run: unit,
    },
    Suite {
        name: "e2e",
        what: "the modules in a real Envoy",
        by_default: true,
        can_run: || Ok(()),
        run: e2e,
    },
    Suite {
        name: "browser",
        what: "cors as a page in Chromium sees it",
        by_default: false,
        can_run: has_browser,
        run: browser,
    },
    Suite {
        name: "new",
        what: "a filter made by `cargo xtask new` builds, lints and passes its tests",
        by_default: false,
        can_run: || Ok(()),
        run: new::run,
    },
];

fn unit(filter: &[String]) -> Result<()> {
    cargo_test(
        &["--workspace", "--exclude", "e2e", "--all-features"],
        filter,
    )
}

fn e2e(filter: &[String]) -> Result<()> {
    prepare()?;
    cargo_test(&["--package", "e2e"], filter)
}

fn browser(filter: &[String]) -> Result<()> {
    prepare()?;
    let suite = ["--package", "e2e", "--features", "browser"];
    cargo_test(&[&suite[..], &["--test", "browser"]].concat(), filter)
}

fn has_browser() -> Result<(), String> {
    let missing: Vec<_> = ["chromium", "chromedriver"]
        .into_iter()
        .filter(|program| !process::on_path(program))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "no {} on PATH; on Debian: apt-get install chromium chromium-driver",
        missing.join(" and no ")
    ))
}

/// What every suite with a real Envoy needs.
fn prepare() -> Result<()> {
    let filters: Vec<_> = FILTERS.iter().collect();
    build::build(&filters, wasm_target::set_up()?)?;
    // Found here once, and fetched if need be, rather than by many tests at the same time.
    Find::new().find()?;
    Ok(())
}

/// `cargo test`, whose own closing lines stay as they are.
fn cargo_test(selection: &[&str], filter: &[String]) -> Result<()> {
    let mut cargo = process::cargo();
    cargo
        .current_dir(workspace::root())
        .args(["test", "--no-fail-fast"])
        .args(selection);
    if !filter.is_empty() {
        cargo.arg("--").args(filter);
    }
    process::run(&mut cargo)
}
