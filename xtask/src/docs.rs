//! `cargo xtask docs`: writes what can be derived from the code, or checks that it is current.
//!
//! There is one module per output, which says what a file should contain; [`Mode`] decides what to
//! do about a difference. Data about the code comes from `filter-catalog describe`. A unit test
//! runs the check, so that plain `cargo test` fails if something is stale.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use serde_json::Value;

use crate::{elsewhere, process, term, workspace};

mod catalog_table;
mod config_table;
mod counters_table;
mod diff;
pub(crate) mod links;
#[cfg(test)]
mod named_tests;
mod picture;
mod region;
mod resource_schemas;
mod samples_table;
pub(crate) mod site;
mod speed_table;

/// Arguments of `cargo xtask docs`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing, and fail if a file is out of date
    #[arg(long)]
    check: bool,
    /// Also build the site into target/site/, and check its links
    #[arg(long)]
    site: bool,
    /// Output of `cargo xtask demo --once`, for the picture docs/tour.svg
    #[arg(long, value_name = "FILE")]
    tour: Option<PathBuf>,
}

/// What to do about a stale file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Write,
    Check,
}

/// A file, and what it should contain.
struct Output {
    path: PathBuf,
    text: String,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mode = if args.check { Mode::Check } else { Mode::Write };
    if let Some(tour) = &args.tour {
        let picture = Output {
            path: workspace::root().join("docs/tour.svg"),
            text: picture::svg(&read(tour)?),
        };
        return settle(mode, &[picture]);
    }
    generate(mode)?;
    let pages = links::check(workspace::root())?;
    println!("{pages} pages have no dead link");
    if args.site { site::build() } else { Ok(()) }
}

fn generate(mode: Mode) -> Result<()> {
    let root = workspace::root();
    let filters = describe()?;
    let mut outputs: Vec<Output> = filters.iter().map(|filter| schema(root, filter)).collect();
    outputs.extend(readmes(root, &filters)?);
    outputs.extend(resource_schemas::outputs(root, &filters)?);
    settle(mode, &outputs)
}

/// Writes stale files, or fails and names them.
fn settle(mode: Mode, outputs: &[Output]) -> Result<()> {
    let mut stale = Vec::new();
    for output in outputs {
        // The schema of a new filter does not exist yet.
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

/// Returns the filters as described by their code.
fn describe() -> Result<Vec<Value>> {
    let mut cargo = elsewhere::filter_catalog("describe");
    cargo.current_dir(workspace::root());
    Ok(serde_json::from_str(&process::output(&mut cargo)?)?)
}

fn name(filter: &Value) -> &str {
    filter["name"].as_str().unwrap_or_default()
}

/// The JSON Schema of a filter's configuration.
fn schema(root: &Path, filter: &Value) -> Output {
    let folder = root.join("filters").join(name(filter));
    Output {
        path: folder.join("config.schema.json"),
        text: format!("{:#}\n", filter["schema"]),
    }
}

/// Returns the Markdown files with generated regions.
fn readmes(root: &Path, filters: &[Value]) -> Result<Vec<Output>> {
    let samples = root.join("envoy-configs");
    let mut outputs = vec![
        with_regions(
            root.join("README.md"),
            &[("catalog", catalog_table::table()?)],
        )?,
        with_regions(
            samples.join("README.md"),
            &[("samples", samples_table::table(&samples)?)],
        )?,
    ];
    let chapters: Vec<String> = filters
        .iter()
        .map(name)
        .map(|name| format!("- [{name}](../filters/{name}/README.md)"))
        .collect();
    outputs.push(with_regions(
        root.join("docs/SUMMARY.md"),
        &[("filters", chapters.join("\n"))],
    )?);
    // Published by `cargo xtask bench --publish`. A workspace with a single filter has none.
    let report = fs::read(root.join("docs/benchmarks/report.json")).unwrap_or_default();
    let report: Value = serde_json::from_slice(&report).unwrap_or_default();
    let path = root.join("docs/matching.md");
    if let Some(filter) = filters.first().filter(|_| path.exists()) {
        let table = config_table::common(&filter["schema"], "RawMatch", "match");
        outputs.push(with_regions(path, &[("match", table)])?);
    }
    for filter in filters {
        let path = root.join("filters").join(name(filter)).join("README.md");
        let speed = speed_table::table(&report, name(filter));
        let config = without_items(&config_table::table(&filter["schema"]));
        let mut regions = vec![("config", config)];
        if filter["counters"]
            .as_array()
            .is_some_and(|counters| !counters.is_empty())
        {
            regions.push(("counters", counters_table::table(&filter["counters"])));
        }
        let mut output = with_regions(path, &regions)?;
        // A user's own filter may have no such region.
        if let Ok(text) = region::replace(&output.text, "speed", &speed) {
            output.text = text;
        }
        outputs.push(output);
    }
    Ok(outputs)
}

/// Removes the keys of filters that are items of a chain, because their own READMEs describe them.
fn without_items(table: &str) -> String {
    let is_of_item = |row: &str| {
        let key = row.strip_prefix("| `chain[].");
        key.is_some_and(|key| key.split('`').next().is_some_and(|key| key.contains('.')))
    };
    let rows: Vec<&str> = table.lines().filter(|row| !is_of_item(row)).collect();
    rows.join("\n")
}

/// Fills in the regions of a file.
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

/// Creates a Markdown table.
fn markdown_table(head: &str, rows: impl Iterator<Item = String>) -> String {
    let columns = head.matches('|').count() - 1;
    let mut lines = vec![head.to_owned(), format!("|{}", "---|".repeat(columns))];
    lines.extend(rows);
    lines.join("\n")
}

/// Formats text for a cell of a Markdown table.
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
