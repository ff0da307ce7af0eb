//! Where a figure comes from, and what it is in a run.

use crate::figures::Figure;
use crate::run::{Measured, Start};

/// Where a figure comes from.
pub(super) enum Source {
    /// How many times as much ours costs as this one, in a job.
    Ratio(&'static str, &'static str),
    /// How many times as much one chain costs as another, in a job.
    Between(&'static str, &'static str, &'static str),
    /// How many times as much many cost as one, in a job.
    Growth(&'static str),
    /// How many times as much the whole request costs as one that Envoy answers itself.
    Whole(&'static str),
    /// Instructions of a case of the ledger, by its filter and name.
    Ledger(&'static str, &'static str),
    /// How many times as much CPU time large bodies take with all four.
    Bodies,
    /// Seconds of CPU time from start to ready, beyond those of no filter: how long it takes on a
    /// core that nothing else wants.
    Start(&'static str),
}

impl Source {
    pub(super) fn figure(&self, measured: &Measured) -> Option<Figure> {
        match self {
            Self::Ratio(job, other) => measured.job(job)?.ratio("ours", other),
            Self::Between(job, one, other) => measured.job(job)?.ratio(one, other),
            Self::Growth(job) => measured.job(job)?.ratio("many", "one"),
            Self::Whole(job) => measured.job(job)?.whole("ours"),
            Self::Ledger(filter, case) => {
                let row = measured
                    .ledger
                    .iter()
                    .find(|row| row.filter == *filter && row.case == *case)?;
                Some(Figure::of([row.instructions as f64]))
            }
            Self::Bodies => {
                let bodies = &measured.bodies;
                Some(Figure::of(
                    bodies
                        .with
                        .iter()
                        .zip(&bodies.without)
                        .map(|(with, without)| with / without),
                ))
            }
            Self::Start(what) => {
                let cpu = |what| {
                    measured
                        .start(what)
                        .map(|start: &Start| start.cpu.as_slice())
                };
                Some(Figure::difference(cpu(what)?, cpu("no filter")?, 1.0))
            }
        }
    }
}
