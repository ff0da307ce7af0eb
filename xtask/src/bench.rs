//! `cargo xtask bench`: what a request costs.

use anyhow::{Result, bail};

use crate::catalog;
use crate::{build, process, wasm_target, workspace};

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Count instructions and host calls again, and write docs/cost-ledger.md
    #[arg(long, required = true)]
    ledger: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let toolchain = wasm_target::set_up()?;
    if !toolchain.is_small() {
        bail!(
            "the ledger counts modules whose std is compiled for size, and this toolchain cannot: use rustup's stable"
        );
    }
    build::build(&catalog::select(&[])?, toolchain)?;
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root()).args([
        "test",
        "--quiet",
        "--package",
        "ledger",
        "--test",
        "ledger",
    ]);
    if args.ledger {
        cargo.env("LEDGER", "renew");
    }
    process::run(&mut cargo)?;
    println!("docs/cost-ledger.md is renewed. Next: git diff docs/cost-ledger.md");
    Ok(())
}
