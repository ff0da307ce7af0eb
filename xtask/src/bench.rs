//! `cargo xtask bench`: what a request costs.
//!
//! The measurements are in the package `bench`, which is compiled on demand, so that this program
//! stays small.

use anyhow::{Result, bail};

use crate::catalog;
use crate::{build, process, wasm_target, workspace};

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run fewer rounds: takes under three minutes, but the results vary more
    #[arg(long)]
    quick: bool,
    /// Fail if a figure misses its target
    #[arg(long)]
    check: bool,
    /// Also write the report to docs/benchmarks.md
    #[arg(long)]
    publish: bool,
    /// Count only instructions and host calls, and write docs/cost-ledger.md
    #[arg(long, conflicts_with_all = ["quick", "check", "publish"])]
    ledger: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let toolchain = wasm_target::set_up()?;
    if !toolchain.is_small() {
        bail!(
            "what is measured are modules whose std is compiled for size, and this toolchain cannot: use rustup's stable"
        );
    }
    build::build(&catalog::select(&[])?, toolchain)?;
    if args.ledger { count() } else { measure(args) }
}

fn count() -> Result<()> {
    let mut cargo = process::cargo();
    cargo
        .current_dir(workspace::root())
        .args(["test", "--quiet", "--package", "ledger", "--test", "ledger"])
        .env("LEDGER", "renew");
    process::run(&mut cargo)?;
    println!("docs/cost-ledger.md is renewed. Next: git diff docs/cost-ledger.md");
    Ok(())
}

fn measure(args: &Args) -> Result<()> {
    let flags = [
        ("--quick", args.quick),
        ("--check", args.check),
        ("--publish", args.publish),
    ];
    let mut cargo = process::cargo();
    cargo
        .current_dir(workspace::root())
        .args(["run", "--quiet", "--package", "bench", "--"])
        .args(flags.iter().filter(|(_, set)| *set).map(|(flag, _)| flag));
    process::run(&mut cargo)
}
