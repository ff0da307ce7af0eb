//! Commands that run in other packages, through cargo: `e2e` contains the harness, `filter-catalog`
//! the filters' own code.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::{build, catalog, process, term, wasm_target, workspace};

/// Arguments that are passed on.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// See --help
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

impl Args {
    fn asks_for_help(&self) -> bool {
        self.args.iter().any(|arg| arg == "--help" || arg == "-h")
    }
}

/// `cargo xtask demo`.
pub(crate) fn demo(args: &Args) -> Result<()> {
    if !args.asks_for_help() {
        prepare(&catalog::select(&[])?)?;
    }
    run_harness("demo", args)
}

/// `cargo xtask serve`.
pub(crate) fn serve(args: &Args) -> Result<()> {
    if !args.asks_for_help() {
        let sample = args.args.iter().find_map(sample);
        let text = sample
            .map(|path| with_those_beside(&path))
            .unwrap_or_default();
        let filters = catalog::filters()?.iter();
        let loaded: Vec<_> = filters
            .filter(|filter| text.contains(&format!("/{}.wasm", filter.name)))
            .collect();
        prepare(&loaded)?;
    }
    run_harness("serve", args)
}

/// Runs a command of the program `filter-catalog` in the user's folder.
pub(crate) fn catalog(command: &str, args: &Args) -> Result<()> {
    process::run_own(filter_catalog(command).args(&args.args))
}

/// Returns a command of the program `filter-catalog`.
pub(crate) fn filter_catalog(command: &str) -> Command {
    let mut cargo = process::cargo();
    cargo
        .args("run --quiet --package filter-catalog --".split(' '))
        .arg(command);
    cargo
}

/// Returns a command of the harness, with the features of a suite.
pub(crate) fn harness(features: Option<&str>, command: &[&str]) -> Command {
    let mut cargo = process::cargo();
    cargo
        .args(["run", "--quiet", "--package", "e2e", "--bin", "harness"])
        .args(
            features
                .into_iter()
                .flat_map(|features| ["--features", features]),
        )
        .arg("--")
        .args(command);
    cargo
}

fn run_harness(command: &str, args: &Args) -> Result<()> {
    process::run_own(harness(None, &[command]).args(&args.args))
}

fn prepare(filters: &[&'static catalog::Filter]) -> Result<()> {
    let toolchain = wasm_target::set_up()?;
    eprintln!(
        "{} modules for {} …",
        term::bold("[1/2]"),
        toolchain.describe()
    );
    let modules = build::build(filters, toolchain)?;
    let sizes: Vec<_> = modules
        .iter()
        .map(|m| format!("{} {}", m.filter, m.kib()))
        .collect();
    eprintln!(
        "{} modules {} ({})",
        term::bold("[1/2]"),
        term::green("ok"),
        sizes.join(", ")
    );
    eprintln!("{} the harness, and Envoy …", term::bold("[2/2]"));
    Ok(())
}

/// Returns the sample that an argument names, resolved as in the harness.
fn sample(name: &OsString) -> Option<PathBuf> {
    let mut with_ending = name.clone();
    with_ending.push(".yaml");
    let folder = workspace::root().join("envoy-configs");
    [folder.join(name), folder.join(with_ending), name.into()]
        .into_iter()
        .find(|path| path.is_file())
}

/// Returns the text of a sample, and of the files next to it that Envoy watches.
fn with_those_beside(sample: &Path) -> String {
    let mut text = fs::read_to_string(sample).unwrap_or_default();
    if text.contains("/etc/envoy/dynamic/") {
        let folder = sample.parent().unwrap_or(sample);
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            text.push_str(&fs::read_to_string(entry.path()).unwrap_or_default());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_found_by_name_and_loads_what_the_files_beside_it_load() {
        for (name, loaded) in [
            ("cors", "/cors.wasm"),
            ("dynamic/bootstrap.yaml", "/jwt-auth.wasm"),
        ] {
            let path = sample(&name.into()).unwrap();
            assert!(with_those_beside(&path).contains(loaded), "{name}");
        }
        assert_eq!(sample(&"--free-ports".into()), None);
    }
}
