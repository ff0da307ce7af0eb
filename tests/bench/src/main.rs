//! `cargo xtask bench` runs this program after building the modules.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::process::ExitCode;

use anyhow::Result;
use bench::run::{Effort, run};
use bench::{report, targets};
use clap::Parser;

/// Measures what the filters cost in a real Envoy.
#[derive(Parser)]
struct Args {
    /// Run fewer rounds: takes under three minutes, but the results vary more
    #[arg(long)]
    quick: bool,
    /// Fail if a figure misses its target
    #[arg(long)]
    check: bool,
    /// Also write the report to docs/benchmarks.md
    #[arg(long)]
    publish: bool,
}

fn main() -> ExitCode {
    measure().unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn measure() -> Result<ExitCode> {
    let args = Args::parse();
    let effort = if args.quick {
        Effort::quick()
    } else {
        Effort::full()
    };
    let measured = run(&effort)?;
    let verdicts = targets::judge(&measured);
    let folder = report::write(&measured, &verdicts)?;
    println!("The report is in {}", folder.display());
    if args.publish {
        report::publish(&measured, &verdicts)?;
        println!("docs/benchmarks.md is written. Next: cargo xtask docs");
    }
    let missed: Vec<_> = verdicts.iter().filter(|verdict| !verdict.holds()).collect();
    for verdict in &missed {
        println!("missed: {verdict}");
    }
    Ok(if args.check && !missed.is_empty() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
