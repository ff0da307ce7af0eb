//! The report's charts.

use super::{COMPARED, GROWING, above, jobs};
use crate::chart::{self, Group};
use crate::run::{Measured, Start, Times};

/// The charts by their names.
pub(super) fn charts(measured: &Measured) -> Vec<(&'static str, String)> {
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
