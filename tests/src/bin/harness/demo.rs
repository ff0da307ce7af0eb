//! `cargo xtask demo`: from a fresh clone to requests that pass through the filters, in one
//! command.

use anyhow::{Result, bail};
use e2e::Envoy;

use crate::serve::{self, EnvoyArgs};
use crate::term;

mod step;
mod tour;

/// Arguments of `cargo xtask demo`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Exit after the tour
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    envoy: EnvoyArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let sample = e2e::paths::sample("all-filters")?;
    let busy = serve::busy_ports(&sample)?;
    if let Some(port) = busy.first() {
        println!(
            "{} port {port} is taken; using free ports",
            term::yellow("note:")
        );
    }
    let (envoy, _key_server) = serve::start(&sample, &args.envoy, !busy.is_empty())?;
    let (passed, total) = take_tour(&envoy);
    if passed < total {
        bail!(
            "{} of {total} steps were not answered as expected",
            total - passed
        );
    }
    println!(
        "\n{}",
        term::green(format!("all {total} steps answered as expected"))
    );
    if args.once {
        println!("Next: cargo xtask test, or cargo xtask serve SAMPLE (envoy-configs/)");
        return Ok(());
    }
    println!(
        "\nEnvoy {} goes on serving {}. Try:\n",
        envoy.version(),
        e2e::paths::display(&sample)
    );
    serve::print_curl_lines(&sample, &envoy)?;
    serve::until_interrupted(&envoy)
}

/// Runs all steps. Returns how many were as expected, and the total.
fn take_tour(envoy: &Envoy) -> (usize, usize) {
    let mut outcomes = Vec::new();
    for chapter in tour::chapters() {
        println!("\n{}", term::bold(chapter.filter));
        outcomes.extend(chapter.steps.iter().map(|step| step.run(envoy)));
    }
    (
        outcomes.iter().filter(|passed| **passed).count(),
        outcomes.len(),
    )
}
