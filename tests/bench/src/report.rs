//! The report: Markdown, JSON and charts, in `target/bench/` and, published, in `docs/`.

mod charts;
mod composition;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use self::charts::charts;
use crate::figures::Figure;
use crate::run::{Measured, Start, Times};
use crate::targets::Verdict;

/// Writes `report.md`, `report.json` and the charts to `target/bench/`, and returns the folder.
///
/// # Errors
/// If a file cannot be written.
pub fn write(measured: &Measured, verdicts: &[Verdict]) -> Result<PathBuf> {
    let folder = e2e::paths::target().join("bench");
    fs::create_dir_all(&folder)?;
    let text = format!("# Benchmarks\n\n{}", markdown(measured, verdicts, ""));
    fs::write(folder.join("report.md"), text)?;
    write_data(measured, verdicts, &folder)?;
    Ok(folder)
}

/// Writes the report to the generated region of `docs/benchmarks.md`, and its JSON and charts to
/// `docs/benchmarks/`.
///
/// # Errors
/// If a file cannot be written, or the page has no such region.
pub fn publish(measured: &Measured, verdicts: &[Verdict]) -> Result<()> {
    let docs = e2e::paths::workspace().join("docs");
    let folder = docs.join("benchmarks");
    fs::create_dir_all(&folder)?;
    write_data(measured, verdicts, &folder)?;
    let page = docs.join("benchmarks.md");
    let text = fs::read_to_string(&page).context("docs/benchmarks.md")?;
    let text = in_region(&text, &markdown(measured, verdicts, "benchmarks/"))
        .with_context(|| format!("docs/benchmarks.md has no lines `{BEGIN}` and `{END}`"))?;
    Ok(fs::write(page, text)?)
}

const BEGIN: &str = "<!-- generated:report begin -->";
const END: &str = "<!-- generated:report end -->";

fn in_region(text: &str, body: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!(
        "{before}{BEGIN}\n\n{}\n\n{END}{after}",
        body.trim()
    ))
}

fn write_data(measured: &Measured, verdicts: &[Verdict], folder: &Path) -> Result<()> {
    let mut json = serde_json::to_string_pretty(&data(measured, verdicts))?;
    json.push('\n');
    fs::write(folder.join("report.json"), json)?;
    for (name, svg) in charts(measured) {
        fs::write(folder.join(format!("{name}.svg")), svg)?;
    }
    Ok(())
}

/// The jobs whose filters are compared with others of the same kind.
const COMPARED: &[&str] = &[
    "header-rewrite",
    "cors",
    "cors-no-origin",
    "rate-limit-both",
    "rate-limit-none",
    "jwt-cached",
    "jwt-rs256",
    "jwt-es256",
    "jwt-hs256",
    "chain",
];
const GROWING: &[&str] = &["rules", "origins", "keys", "jwks"];

fn jobs<'m>(measured: &'m Measured, ids: &'m [&str]) -> impl Iterator<Item = &'m Times> {
    ids.iter().filter_map(|id| measured.job(id))
}

fn markdown(measured: &Measured, verdicts: &[Verdict], charts: &str) -> String {
    let mut text = String::new();
    tables::head(&mut text, measured);
    tables::targets(&mut text, verdicts);
    tables::costs(&mut text, measured, charts);
    composition::write(&mut text, measured);
    tables::growth(&mut text, measured, charts);
    tables::starts(&mut text, measured, charts);
    tables::bodies(&mut text, measured);
    tables::latencies(&mut text, measured);
    text
}

fn above(measured: &Measured, of: impl Fn(&Start) -> &Vec<f64>, what: &str) -> Option<Figure> {
    Some(Figure::difference(
        of(measured.start(what)?),
        of(measured.start("no filter")?),
        1.0,
    ))
}

/// Returns the data for programs, which `cargo xtask docs` also uses for the READMEs.
fn data(measured: &Measured, verdicts: &[Verdict]) -> Value {
    let job = |job: &Times| {
        let chain = |who: &str| json!({"who": who, "microseconds": job.cost(who)});
        json!({"id": job.id, "title": job.title, "filters": job.chains.iter().map(|(who, _)| chain(who)).collect::<Vec<_>>()})
    };
    let start = |start: &Start| {
        json!({
            "what": start.what, "bytes": start.size,
            "ready_seconds": above(measured, |start| &start.ready, start.what),
            "cpu_seconds": above(measured, |start| &start.cpu, start.what),
            "memory_mib": above(measured, |start| &start.memory, start.what),
        })
    };
    let latency = |latency: &crate::run::Latency| json!({"what": latency.what, "median_microseconds": latency.median.as_micros() as u64, "p99_microseconds": latency.p99.as_micros() as u64});
    json!({
        "date": measured.date, "machine": measured.machine, "envoy": measured.envoy,
        "run": measured.effort.name, "rounds": measured.effort.rounds,
        "jobs": measured.jobs.iter().map(job).collect::<Vec<_>>(),
        "starts": measured.starts.iter().map(start).collect::<Vec<_>>(),
        "bodies_milliseconds": {"without": measured.bodies.without, "with": measured.bodies.with},
        "latencies": measured.latencies.iter().map(latency).collect::<Vec<_>>(),
        "targets": verdicts.iter().map(|verdict| json!({"target": verdict, "holds": verdict.holds()})).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_region_changes() {
        let old = format!("# A\n{BEGIN}\nold\n{END}\nB\n");
        let new = in_region(&old, "new\n").unwrap();
        assert_eq!(new, format!("# A\n{BEGIN}\n\nnew\n\n{END}\nB\n"));
        assert_eq!(in_region(&new, "new").unwrap(), new);
        assert_eq!(in_region("# A", "new"), None);
    }
}
