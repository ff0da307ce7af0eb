//! The report's tables.

use std::fmt::Write as _;

use super::{COMPARED, GROWING, above, jobs};
use crate::figures::Figure;
use crate::run::{Measured, RATE, Start};
use crate::targets::{Verdict, number};

pub(super) fn head(text: &mut String, measured: &Measured) {
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

pub(super) fn targets(text: &mut String, verdicts: &[Verdict]) {
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

pub(super) fn costs(text: &mut String, measured: &Measured, charts: &str) {
    writeln!(
        text,
        "## CPU time of one filter\n\n![CPU time of one filter]({charts}filters.svg)\n"
    )
    .unwrap();
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

pub(super) fn growth(text: &mut String, measured: &Measured, charts: &str) {
    writeln!(
        text,
        "## Growth\n\n![Growth]({charts}growth.svg)\n\n| | one, µs | many, µs | times |\n|---|---:|---:|---:|"
    )
    .unwrap();
    pairs(text, measured, GROWING, ["one", "many"]);
    text.push_str(
        "\n| 60 headers in place of 10 | floor, µs | ours, µs | times |\n|---|---:|---:|---:|\n",
    );
    let sixty = ["header-rewrite-60", "rate-limit-60", "jwt-60"];
    pairs(text, measured, &sixty, ["floor", "ours"]);
    text.push('\n');
}

/// Adds a row for each job: the cost of two of its chains, and their ratio.
fn pairs(text: &mut String, measured: &Measured, ids: &[&str], [first, second]: [&str; 2]) {
    for job in jobs(measured, ids) {
        let (Some(one), Some(other), Some(ratio)) =
            (job.cost(first), job.cost(second), job.ratio(second, first))
        else {
            continue;
        };
        writeln!(
            text,
            "| {} | {:.2} | {:.2} | {:.2} |",
            job.title, one.median, other.median, ratio.median
        )
        .unwrap();
    }
}

pub(super) fn starts(text: &mut String, measured: &Measured, charts: &str) {
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

pub(super) fn bodies(text: &mut String, measured: &Measured) {
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

pub(super) fn latencies(text: &mut String, measured: &Measured) {
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
