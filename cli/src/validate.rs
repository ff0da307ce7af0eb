//! `filter-catalog validate`: checks filter configurations offline, with the filters' own parsers.
//!
//! A configuration is found in its document ([`find`]), read as Envoy or Kubernetes would read it
//! ([`scalar`]), and passed to the filter's parser as exactly the bytes that the module would get
//! ([`check`]). Resources are checked against the projects' published definitions ([`crd`]).
//! Settings that are valid but dangerous cause warnings ([`warn`]).

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use self::check::Checker;
use self::report::{Finding, Report, Severity};
use self::scalar::Reader;
use crate::catalog::{Filter, names};

pub use self::report::Format;

mod check;
mod crd;
mod find;
mod report;
mod scalar;
mod warn;
mod yaml;

/// Arguments of the command.
#[derive(clap::Args)]
pub struct Args {
    /// Files (Envoy, Istio or Envoy Gateway; YAML or JSON), folders of such files, or - for
    /// standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The filter of bare configurations, and of modules with unknown names
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Treat warnings as errors
    #[arg(long)]
    strict: bool,
    /// Output format of the findings
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command. Returns whether configurations were found and all of them are usable.
///
/// # Errors
/// If a file cannot be read, or there is no such filter.
pub fn run(args: &Args) -> Result<bool> {
    let filter = args.filter.as_deref().map(Filter::find).transpose()?;
    let mut files = Vec::new();
    for path in &args.files {
        collect(path, true, &mut files)?;
    }
    let mut report = Report::default();
    for file in &files {
        let (name, text) = read(file)?;
        let is_json = file.extension().is_some_and(|ending| ending == "json")
            || text.trim_start().starts_with(['{', '['])
                && serde_json::from_str::<serde_json::Value>(&text).is_ok();
        let mut checker = Checker::new(&name, filter, &mut report);
        checker.text(&text, is_json);
    }
    if args.strict {
        report.make_strict();
    }
    print!("{}", report.print(args.format));
    let [accepted, warnings, errors] =
        [Severity::Accepted, Severity::Warning, Severity::Error].map(|kind| report.count(kind));
    let found = accepted + errors > 0;
    if !found {
        eprintln!(
            "error: nothing was checked: no filter of the catalog is configured there ({}); for a bare configuration or a renamed module add --filter NAME",
            names().join(", ")
        );
    } else if args.format == Format::Text {
        println!(
            "{accepted} accepted, {} and {}",
            plural(errors, "error"),
            plural(warnings, "warning")
        );
    }
    Ok(found && errors == 0)
}

/// Returns all configurations for the catalog's filters in these files, as JSON.
///
/// # Errors
/// If a file cannot be read.
pub fn configurations(paths: &[PathBuf]) -> Result<Value> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, true, &mut files)?;
    }
    let mut found = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|e| e == "yaml"))
    {
        for document in yaml::parse(&read(file)?.1)? {
            let reader = Reader::of(&document, false);
            for plugin in find::plugins(&document) {
                let value = plugin.config.value(reader);
                if let (Some(filter), Some(value)) = (plugin.filter(), value) {
                    found.push(json!({"filter": filter.name, "configuration": value}));
                }
            }
        }
    }
    Ok(Value::from(found))
}

fn plural(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

fn read(file: &Path) -> Result<(String, String)> {
    if file == Path::new("-") {
        let mut text = String::new();
        io::stdin()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
        return Ok(("-".to_owned(), text));
    }
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok((file.display().to_string(), text))
}

/// Collects the files that `path` refers to. In a folder, only YAML and JSON files count.
fn collect(path: &Path, named: bool, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        let entries =
            fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut entries = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>>>()?;
        entries.sort();
        return entries
            .iter()
            .try_for_each(|entry| collect(entry, false, files));
    }
    let known = path
        .extension()
        .is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known));
    if named || known {
        files.push(path.to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
