//! The parts of `cargo xtask` that need a real Envoy: `demo` and `serve`, and the preparation of
//! the suites. The modules have been built before this runs.
#![allow(clippy::print_stdout, reason = "a program on a terminal")]

mod demo;
mod find;
mod serve;
/// The same colours as in the other commands.
#[path = "../../../../xtask/src/term.rs"]
mod term;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// See the filters at work: start Envoy with all of them, send a tour of requests, and keep
    /// serving
    Demo(demo::Args),
    /// Run Envoy with a sample of envoy-configs/ and an echo upstream
    Serve(serve::Args),
    /// Find the Envoys that a suite needs, and fetch those that are missing
    Find(find::Args),
    /// Provide the images of docker-compose.yml
    Images,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Find(args) => find::run(&args),
        Command::Images => find::images(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{} {error:#}", term::red("error:"));
            ExitCode::FAILURE
        }
    }
}
