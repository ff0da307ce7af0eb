//! `cargo xtask`: all commands of the catalog, from a first look to a release.
//!
//! There is one module per command. They share [`catalog`], which lists the filters, [`workspace`],
//! which knows where files are, [`term`], which colours the output, and [`process`], which runs
//! other programs. Commands that need the filters' code or a real Envoy run in other packages
//! ([`elsewhere`]), so that this program compiles in seconds.
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod build;
mod catalog;
mod dist;
mod docs;
mod elsewhere;
mod new;
mod process;
mod remove;
mod term;
mod test;
mod wasm_target;
mod workspace;

const EXAMPLES: &str = "\
Examples:
  cargo xtask demo                          build, start Envoy, see the filters answer
  cargo xtask test                          all tests that this machine can set up by itself
  cargo xtask test e2e -- cors              one suite, the tests of the program `cors`
  cargo xtask build header-rewrite          target/filters/header-rewrite.wasm
  cargo xtask serve header-rewrite          Envoy with envoy-configs/header-rewrite.yaml
  cargo xtask validate envoy.yaml           check a configuration without Envoy
  cargo xtask new geo-block --from cors     a filter of your own, as a copy of one that works";

/// The commands of the Envoy filter catalog.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// See the filters at work: build them, start Envoy, send a tour of requests, and keep serving
    #[command(disable_help_flag = true)]
    Demo(elsewhere::Args),
    /// Run Envoy with a sample of envoy-configs/ and an echo upstream
    #[command(disable_help_flag = true)]
    Serve(elsewhere::Args),
    /// Run the tests; without a suite, the unit tests and all tests against a real Envoy
    Test(test::Args),
    /// Build modules into target/filters/, pruned and checked
    Build(build::Args),
    /// Measure the cost of a request, compared with Envoy's own filter, Lua and a minimal module
    Bench(bench::Args),
    /// Write the generated schemas and tables, or check that they are current
    Docs(docs::Args),
    /// Build the files of a release into dist/
    Dist(dist::Args),
    /// Push the images of dist/oci/ to a registry
    Push(dist::Push),
    /// Print the release notes of this version
    Notes,
    /// Create a filter of your own from one that works
    New(new::Args),
    /// Remove a filter from the workspace
    Remove(remove::Args),
    /// Print a token signed with the public test keys, which the samples trust
    #[command(disable_help_flag = true)]
    Token(elsewhere::Args),
    /// Check filter configurations in Envoy, Istio or Envoy Gateway files, offline
    #[command(disable_help_flag = true)]
    Validate(elsewhere::Args),
}

/// Runs `cargo xtask` of the catalog.
#[must_use]
pub fn main() -> ExitCode {
    ended(match Cli::parse().command {
        Command::Demo(args) => elsewhere::demo(&args),
        Command::Serve(args) => elsewhere::serve(&args),
        Command::Test(args) => test::run(&args),
        Command::Build(args) => build::run(&args, "cargo xtask demo"),
        Command::Bench(args) => bench::run(&args),
        Command::Docs(args) => docs::run(&args),
        Command::Dist(args) => dist::run(&args),
        Command::Push(args) => dist::push(&args),
        Command::Notes => dist::notes(),
        Command::New(args) => new::run(&args),
        Command::Remove(args) => remove::run(&args),
        Command::Token(args) => elsewhere::catalog("token", &args),
        Command::Validate(args) => elsewhere::catalog("validate", &args),
    })
}

/// The commands of a repository that `cargo xtask new --standalone` has made.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Standalone {
    /// Build modules into target/filters/, pruned and checked
    Build(build::Args),
}

/// Runs `cargo xtask` of a filter in its own repository, whose package `tasks` has this manifest.
#[must_use]
pub fn standalone(manifest: &'static str) -> ExitCode {
    workspace::is_that_of(manifest);
    let Standalone::Build(args) = Standalone::parse();
    ended(build::run(&args, "README.md says how to run it"))
}

fn ended(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // The program that failed has already said why.
        Err(error) if error.is::<process::Reported>() => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{} {error:#}", term::red("error:"));
            ExitCode::FAILURE
        }
    }
}
