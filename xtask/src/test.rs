//! `cargo xtask test`: runs the suites one after the other, and prints a line about each at the
//! end.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use self::suites::{SUITES, Suite};
use crate::term;

mod cargo;
mod dist;
mod fuzz;
mod mutants;
mod new;
mod python;
mod schemas;
mod suites;
mod workflows;

/// Arguments of `cargo xtask test`.
#[derive(clap::Args)]
#[command(after_help = suites::help())]
pub(crate) struct Args {
    /// Suites to run; by default those that need nothing but this machine
    suites: Vec<String>,
    /// Run every suite that this machine can run, and list the others
    #[arg(long, conflicts_with = "suites")]
    all: bool,
    /// Names of test programs or parts of test names to select tests; then options of the test
    /// programs
    #[arg(last = true)]
    filter: Vec<String>,
}

/// The result of a suite.
enum Outcome {
    Passed(Duration),
    Failed(Duration, String),
    Skipped(String),
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let suites = select(&args.suites, args.all)?;
    let mut outcomes = Vec::new();
    for suite in suites {
        // A suite that was named explicitly, but cannot run, counts as a failure.
        let outcome = match (suite.can_run)() {
            Err(reason) if args.all => Outcome::Skipped(reason),
            Err(reason) => Outcome::Failed(Duration::ZERO, reason),
            Ok(()) => timed(suite, &args.filter),
        };
        outcomes.push((suite.name, outcome));
    }
    summarize(&outcomes, args.all)
}

fn select(names: &[String], all: bool) -> Result<Vec<&'static Suite>> {
    if names.is_empty() {
        return Ok(SUITES
            .iter()
            .filter(|suite| all || suite.by_default)
            .collect());
    }
    names
        .iter()
        .map(
            |name| match SUITES.iter().find(|suite| suite.name == name) {
                Some(suite) => Ok(suite),
                None => {
                    let known: Vec<_> = SUITES.iter().map(|suite| suite.name).collect();
                    bail!("\"{name}\" is not a suite; one of: {}", known.join(", "))
                }
            },
        )
        .collect()
}

fn timed(suite: &Suite, filter: &[String]) -> Outcome {
    eprintln!("\n{} {}", term::bold(suite.name), term::dim(suite.what));
    let start = Instant::now();
    match (suite.run)(filter) {
        Ok(()) => Outcome::Passed(start.elapsed()),
        Err(error) => Outcome::Failed(start.elapsed(), format!("{error:#}")),
    }
}

fn summarize(outcomes: &[(&str, Outcome)], all: bool) -> Result<()> {
    println!();
    let mut failed = Vec::new();
    for (name, outcome) in outcomes {
        match outcome {
            Outcome::Passed(time) => println!(
                "{name:<9} {} in {} s",
                term::green("passed "),
                time.as_secs()
            ),
            Outcome::Skipped(reason) => println!("{name:<9} {} {reason}", term::yellow("skipped")),
            Outcome::Failed(time, error) => {
                println!(
                    "{name:<9} {} in {} s: {error}",
                    term::red("failed "),
                    time.as_secs()
                );
                failed.push(*name);
            }
        }
    }
    if let [first, ..] = &failed[..] {
        bail!(
            "failed: {}; run one again with `cargo xtask test {first}`",
            failed.join(", ")
        );
    }
    let next = if all {
        ""
    } else {
        "; `cargo xtask test --all` runs every suite that this machine can"
    };
    println!("all passed{next}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_name_the_default_suites_run_in_order() {
        let names: Vec<_> = select(&[], false)
            .unwrap()
            .iter()
            .map(|suite| suite.name)
            .collect();
        assert_eq!(names, ["unit", "e2e", "ledger"]);
        assert_eq!(select(&[], true).unwrap().len(), SUITES.len());
    }

    #[test]
    fn a_wrong_name_gets_the_right_ones_in_answer() {
        let Err(error) = select(&["e2".to_owned()], false) else {
            panic!("found an unknown suite")
        };
        assert!(
            error
                .to_string()
                .starts_with("\"e2\" is not a suite; one of: unit, e2e, ledger, "),
            "{error}"
        );
    }

    #[test]
    fn one_failure_fails_the_whole_and_a_skipped_suite_does_not() {
        let passed = || ("unit", Outcome::Passed(Duration::from_secs(1)));
        let skipped = ("compose", Outcome::Skipped("no docker".to_owned()));
        assert!(summarize(&[passed(), skipped], true).is_ok());
        let failed = (
            "e2e",
            Outcome::Failed(Duration::from_secs(1), "why".to_owned()),
        );
        let error = summarize(&[passed(), failed], false)
            .unwrap_err()
            .to_string();
        assert!(error.contains("cargo xtask test e2e"), "{error}");
    }
}
