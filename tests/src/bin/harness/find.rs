//! Finds the Envoys and images that suites need before the tests use them all at once, so that slow
//! steps are visible.

use anyhow::{Context as _, Result};
use e2e::envoy::find::Find;
use e2e::envoy::versions;
use e2e::{compose, samples};

use crate::term;

/// Arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Find every supported version, not only the pinned one
    #[arg(long)]
    all: bool,
}

/// Finds the pinned Envoy, or all versions.
pub(crate) fn run(args: &Args) -> Result<()> {
    if !args.all {
        let envoy = Find::new().find()?;
        println!("Envoy {}, {}", envoy.version, envoy.path.display());
        return Ok(());
    }
    let bootstraps = samples::bootstraps()?;
    versions()
        .get(1)
        .context("older Envoys are fetched for Linux on x86-64 only")?;
    for version in versions() {
        let envoy = Find::new().version(version).find()?;
        let left_out: Vec<_> = bootstraps
            .iter()
            .filter(|bootstrap| !bootstrap.runs_on(version))
            .map(|bootstrap| bootstrap.name.as_str())
            .collect();
        println!("Envoy {version}, {}", envoy.path.display());
        if !left_out.is_empty() {
            println!("  without {}: they need a later one", left_out.join(", "));
        }
    }
    Ok(())
}

/// Provides the images of all services.
pub(crate) fn images() -> Result<()> {
    compose::is_here()?;
    for image in compose::images(compose::FLEET)? {
        compose::image::provide(&image, |line| println!("{} {line}", term::yellow("note:")))?;
    }
    Ok(())
}
