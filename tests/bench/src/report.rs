//! The report: Markdown, JSON and charts, in `target/bench/` and, published, in `docs/`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::chart::{self, Group};
use crate::figures::Figure;
use crate::run::{Measured, RATE, Start, Times};
use crate::targets::{Verdict, number};

/// Writes `report.md`, `report.json` and the charts into `target/bench/`, and returns the folder.
///
/// # Errors
/// Where a file cannot be written.
pub fn write(measured: &Measured, verdicts: &[Verdict]) -> Result<PathBuf> {
    let folder = e2e::paths::target().join("bench");
    fs::create_dir_all(&folder)?;
    let text = format!("# Benchmarks\n\n{}", markdown(measured, verdicts, ""));
    fs::write(folder.join("report.md"), text)?;
    write_data(measured, verdicts, &folder)?;
    Ok(folder)
}

/// Writes the report into the generated region of `docs/benchmarks.md`, its JSON and charts into
/// `docs/benchmarks/`.
///
/// # Errors
/// Where a file cannot be written, or the page has no such region.
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

/// The jobs whose filters are compared with each other's kind.
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
    head(&mut text, measured);
    targets(&mut text, verdicts);
    writeln!(
        text,
        "## CPU time of one filter\n\n![CPU time of one filter]({charts}filters.svg)\n"
    )
    .unwrap();
    costs(&mut text, measured);
    growth(&mut text, measured, charts);
    starts(&mut text, measured, charts);
    bodies(&mut text, measured);
    latencies(&mut text, measured);
    text
}

fn head(text: &mut String, measured: &Measured) {
    let effort = &measured.effort;
    let pinned = if measured.apart {
        "Envoy on one core, the load on another"
    } else {
        "Envoy and the load on one core"
    };
    writeln!(
        text,
        "Measured on {} with Envoy {}, one worker; {}; {pinned}. A {} run: {} rounds. The load of the machine was {:.1} before the run and {:.1} after it.\n",
        measured.date, measured.envoy, measured.machine, effort.name, effort.rounds, measured.load[0], measured.load[1],
    )
    .unwrap();
}

fn targets(text: &mut String, verdicts: &[Verdict]) {
    text.push_str(
        "## Targets\n\n| Case | Measure | Measured | At most | |\n|---|---|---:|---:|---|\n",
    );
    for verdict in verdicts {
        let measured = verdict
            .measured
            .map_or_else(|| "–".to_owned(), |figure| number(figure.median));
        let holds = if verdict.holds() {
            "holds"
        } else {
            "**missed**"
        };
        writeln!(
            text,
            "| {} | {} | {measured} | {} | {holds} |",
            verdict.case,
            verdict.what,
            number(verdict.limit)
        )
        .unwrap();
    }
    text.push('\n');
}

fn costs(text: &mut String, measured: &Measured) {
    for job in jobs(measured, COMPARED) {
        writeln!(
            text,
            "### {}\n\n| | µs | half of the rounds | × floor |\n|---|---:|---|---:|",
            job.title
        )
        .unwrap();
        for (who, _) in &job.chains {
            let Some(cost) = job.cost(who) else { continue };
            let floor = job
                .ratio(who, "floor")
                .map_or_else(|| "–".to_owned(), |ratio| number(ratio.median));
            writeln!(
                text,
                "| {who} | {:.2} | {} | {floor} |",
                cost.median,
                spread(&cost)
            )
            .unwrap();
        }
        text.push('\n');
    }
    if let Some(job) = measured.job("cors-preflight") {
        let empty = Figure::of(job.empty.iter().copied());
        writeln!(
            text,
            "### {}\n\n| | µs | × Envoy's direct response |\n|---|---:|---:|",
            job.title
        )
        .unwrap();
        writeln!(
            text,
            "| Envoy's direct response | {:.2} | 1.00 |",
            empty.median
        )
        .unwrap();
        for (who, times) in &job.chains {
            let ratio = job.whole(who).map_or(f64::NAN, |ratio| ratio.median);
            writeln!(
                text,
                "| {who} | {:.2} | {ratio:.2} |",
                Figure::of(times.iter().copied()).median
            )
            .unwrap();
        }
        text.push('\n');
    }
    if let Some(job) = measured.job("idle") {
        writeln!(
            text,
            "### {}\n\n| | µs | half of the rounds |\n|---|---:|---|",
            job.title
        )
        .unwrap();
        for (who, _) in &job.chains {
            let Some(cost) = job.cost(who) else { continue };
            writeln!(text, "| {who} | {:.2} | {} |", cost.median, spread(&cost)).unwrap();
        }
        text.push('\n');
    }
}

fn spread(figure: &Figure) -> String {
    format!("{:.2} – {:.2}", figure.low, figure.high)
}

fn growth(text: &mut String, measured: &Measured, charts: &str) {
    writeln!(
        text,
        "## Growth\n\n![Growth]({charts}growth.svg)\n\n| | one, µs | many, µs | times |\n|---|---:|---:|---:|"
    )
    .unwrap();
    for job in jobs(measured, GROWING) {
        let (Some(one), Some(many), Some(ratio)) =
            (job.cost("one"), job.cost("many"), job.ratio("many", "one"))
        else {
            continue;
        };
        writeln!(
            text,
            "| {} | {:.2} | {:.2} | {:.2} |",
            job.title, one.median, many.median, ratio.median
        )
        .unwrap();
    }
    text.push_str(
        "\n| 60 headers in place of 10 | floor, µs | ours, µs | times |\n|---|---:|---:|---:|\n",
    );
    for job in jobs(measured, &["header-rewrite-60", "rate-limit-60", "jwt-60"]) {
        let (Some(floor), Some(ours), Some(ratio)) = (
            job.cost("floor"),
            job.cost("ours"),
            job.ratio("ours", "floor"),
        ) else {
            continue;
        };
        writeln!(
            text,
            "| {} | {:.2} | {:.2} | {:.2} |",
            job.title, floor.median, ours.median, ratio.median
        )
        .unwrap();
    }
    text.push('\n');
}

fn above(measured: &Measured, of: impl Fn(&Start) -> &Vec<f64>, what: &str) -> Option<Figure> {
    Some(Figure::difference(
        of(measured.start(what)?),
        of(measured.start("no filter")?),
        1.0,
    ))
}

fn starts(text: &mut String, measured: &Measured, charts: &str) {
    writeln!(
        text,
        "## Start and memory\n\nFrom the start of the process until Envoy serves, on one core, and the memory of the process then; above an Envoy without a filter.\n\n\
         ![Start]({charts}start.svg)\n\n| | size, KiB | ready after, s | CPU time, s | memory, MiB |\n|---|---:|---:|---:|---:|"
    )
    .unwrap();
    for start in measured.starts.iter().filter(|start| start.size > 0) {
        let figure = |of: fn(&Start) -> &Vec<f64>| {
            above(measured, of, start.what).map_or(f64::NAN, |figure| figure.median)
        };
        writeln!(
            text,
            "| {} | {} | {:.2} | {:.2} | {:.1} |",
            start.what,
            start.size / 1024,
            figure(|start| &start.ready),
            figure(|start| &start.cpu),
            figure(|start| &start.memory),
        )
        .unwrap();
    }
    text.push('\n');
}

fn bodies(text: &mut String, measured: &Measured) {
    let bodies = &measured.bodies;
    let (without, with) = (
        Figure::of(bodies.without.iter().copied()),
        Figure::of(bodies.with.iter().copied()),
    );
    writeln!(
        text,
        "## Large bodies\n\nA body of {} MiB up, and one down, streamed: {:.0} ms of CPU time without a filter, {:.0} ms through all four.\n",
        measured.effort.body_bytes / 1024 / 1024,
        without.median,
        with.median,
    )
    .unwrap();
}

fn latencies(text: &mut String, measured: &Measured) {
    writeln!(
        text,
        "## Latency\n\n{RATE} requests per second over eight connections, answered by Envoy itself.\n\n| | median, µs | 99 of 100, µs |\n|---|---:|---:|"
    )
    .unwrap();
    for latency in &measured.latencies {
        writeln!(
            text,
            "| {} | {} | {} |",
            latency.what,
            latency.median.as_micros(),
            latency.p99.as_micros()
        )
        .unwrap();
    }
}

fn charts(measured: &Measured) -> Vec<(&'static str, String)> {
    let group = |job: &Times| Group {
        title: job.title.to_owned(),
        bars: job
            .chains
            .iter()
            .filter_map(|(who, _)| Some(((*who).to_owned(), job.cost(who)?.median)))
            .map(|(who, cost)| (who, cost, format!("{cost:.1} µs")))
            .collect(),
    };
    let start = |start: &Start| {
        let ready = above(measured, |start| &start.ready, start.what)?.median;
        Some((start.what.to_owned(), ready, format!("{ready:.2} s")))
    };
    let starts = Group {
        title: "from the start of the process until Envoy serves".to_owned(),
        bars: measured
            .starts
            .iter()
            .filter(|start| start.size > 0)
            .filter_map(start)
            .collect(),
    };
    vec![
        (
            "filters",
            chart::bars(
                "CPU time of one filter per request",
                &jobs(measured, COMPARED).map(group).collect::<Vec<_>>(),
                true,
            ),
        ),
        (
            "growth",
            chart::bars(
                "One, and many",
                &jobs(measured, GROWING).map(group).collect::<Vec<_>>(),
                true,
            ),
        ),
        (
            "start",
            chart::bars("Start above no filter", &[starts], false),
        ),
    ]
}

/// What programs read, and what `cargo xtask docs` puts into the READMEs.
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
