//! `cargo xtask docs`: writes what can be derived from the code, or checks that it is current.
//!
//! One module per output; each says what a file should hold, and [`Mode`] decides what becomes of a difference. A unit
//! test runs the check, so that plain `cargo test` fails when something is stale.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::catalog::FILTERS;
use crate::{term, workspace};

mod catalog_table;
mod config_table;
mod counters_table;
mod diff;
mod region;
mod samples_table;
mod schema;

/// Arguments of `cargo xtask docs`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail when a file is stale
    #[arg(long)]
    check: bool,
}

/// What becomes of a stale file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Write,
    Check,
}

/// A file, and what it should hold.
struct Output {
    path: PathBuf,
    text: String,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    generate(if args.check { Mode::Check } else { Mode::Write })
}

fn generate(mode: Mode) -> Result<()> {
    let root = workspace::root();
    let mut outputs = schema::outputs(root);
    outputs.extend(readmes(root)?);
    let mut stale = Vec::new();
    for output in &outputs {
        // A schema of a new filter is not there yet.
        let old = fs::read_to_string(&output.path).unwrap_or_default();
        if old == output.text {
            continue;
        }
        let name = workspace::display(&output.path);
        match mode {
            Mode::Write => {
                fs::write(&output.path, &output.text)
                    .with_context(|| format!("cannot write {name}"))?;
                println!("wrote {name}");
            }
            Mode::Check => {
                eprintln!("{}\n{}", term::bold(&name), diff::short(&old, &output.text));
                stale.push(name);
            }
        }
    }
    if !stale.is_empty() {
        bail!("stale: {}; run `cargo xtask docs`", stale.join(", "));
    }
    println!("{} generated files are current", outputs.len());
    Ok(())
}

/// The Markdown files with generated regions.
fn readmes(root: &Path) -> Result<Vec<Output>> {
    let samples = root.join("envoy-configs");
    let mut outputs = vec![
        with_regions(
            root.join("README.md"),
            &[("catalog", catalog_table::table())],
        )?,
        with_regions(
            samples.join("README.md"),
            &[("samples", samples_table::table(&samples)?)],
        )?,
    ];
    for filter in FILTERS {
        let path = root.join("filters").join(filter.name).join("README.md");
        let config = config_table::table(&schema::of(filter));
        let counters = counters_table::table(&(filter.counters)());
        outputs.push(with_regions(
            path,
            &[("config", config), ("counters", counters)],
        )?);
    }
    Ok(outputs)
}

/// The file with its regions filled in.
fn with_regions(path: PathBuf, regions: &[(&str, String)]) -> Result<Output> {
    let mut text = read(&path)?;
    for (name, body) in regions {
        text = region::replace(&text, name, body).with_context(|| workspace::display(&path))?;
    }
    Ok(Output { path, text })
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", workspace::display(path)))
}

/// Text in a cell of a Markdown table.
fn cell(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_files_are_current() {
        if let Err(error) = generate(Mode::Check) {
            panic!("{error:#}");
        }
    }

    #[test]
    fn a_cell_is_one_line_and_keeps_its_bars() {
        assert_eq!(cell("one\n  two | three"), "one two \\| three");
    }
}
