//! The ledger as a Markdown table.

use crate::{Case, Cost};
use std::fmt::Write as _;

/// A case and its cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The filter.
    pub filter: String,
    /// The case.
    pub case: String,
    /// Instructions.
    pub instructions: u64,
    /// Host calls: `2 get_header_map_pairs, 1 increment_metric`.
    pub calls: String,
}

impl Row {
    pub(crate) fn new(case: &Case, cost: &Cost) -> Self {
        let calls: Vec<String> = cost
            .calls
            .iter()
            .map(|(name, times)| format!("{times} {name}"))
            .collect();
        Self {
            filter: case.filter.to_owned(),
            case: case.name.to_owned(),
            instructions: cost.instructions,
            calls: calls.join(", "),
        }
    }
}

const HEAD: &str = "# Cost ledger

What a request costs in each module, with its response: instructions in the VM, and calls of the host. A metered interpreter
counts them with a scripted host, so they are the same on every machine. `cargo xtask test` fails where a case gets more than
3 % dearer; `cargo xtask bench --ledger` renews this file. What a call of the host costs in time, and how a filter compares with
Envoy's own, is in `benchmarks.md`.

| Filter | Case | Instructions | Calls of the host |
|---|---|---:|---|
";

/// Returns the file with these rows.
#[must_use]
pub fn render(rows: &[Row]) -> String {
    let mut text = HEAD.to_owned();
    for row in rows {
        writeln!(
            text,
            "| {} | {} | {} | {} |",
            row.filter, row.case, row.instructions, row.calls
        )
        .expect("a string grows");
    }
    text
}

/// Returns the rows of the file.
#[must_use]
pub fn parse(text: &str) -> Vec<Row> {
    text.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [filter, case, instructions, calls] = cells.as_slice() else {
                return None;
            };
            Some(Row {
                filter: (*filter).to_owned(),
                case: (*case).to_owned(),
                instructions: instructions.parse().ok()?,
                calls: (*calls).to_owned(),
            })
        })
        .collect()
}
