//! The program `filter-catalog`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use filter_catalog::catalog::{FILTERS, Filter};
use filter_catalog::explain::explain;
use filter_catalog::{token, validate};

/// Checks the configurations of the catalog's filters, and explains the filters' answers.
#[derive(Parser)]
#[command(name = "filter-catalog", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check filter configurations in Envoy, Istio or Envoy Gateway files, offline
    Validate(validate::Args),
    /// Print the JSON Schema of a filter's configuration
    Schema {
        /// Name of the filter
        filter: String,
    },
    /// Explain a reason from an access log or an answer, and what to do about it
    Explain {
        /// The reason as in `%RESPONSE_CODE_DETAILS%`, such as `jwt_expired` or
        /// `rate_limited{per-client}`; all reasons by default
        reason: Option<String>,
    },
    /// Print a token signed with the public test keys, which the samples trust
    Token(token::Args),
    /// Print the configurations in files, as JSON
    #[command(hide = true)]
    Configurations {
        /// Files or folders
        files: Vec<std::path::PathBuf>,
    },
    /// Print the data that the documentation is generated from
    #[command(hide = true)]
    Describe,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command. Returns whether it succeeded.
fn run(command: Command) -> Result<bool> {
    match command {
        Command::Validate(args) => return validate::run(&args),
        Command::Schema { filter } => println!("{:#}", Filter::find(&filter)?.schema()),
        Command::Explain { reason } => {
            for reason in explain(reason.as_deref())? {
                println!(
                    "{} ({})\n  {}\n  {}\n",
                    reason.name, reason.filter, reason.meaning, reason.remedy
                );
            }
        }
        Command::Token(args) => println!("{}", token::token(&args)?.try_sign()?),
        Command::Configurations { files } => println!("{}", validate::configurations(&files)?),
        Command::Describe => {
            let filters: Vec<_> = FILTERS.iter().map(Filter::description).collect();
            println!("{}", serde_json::to_string(&filters)?);
        }
    }
    Ok(true)
}
