//! The source of a figure, and its value in a run.

use crate::figures::Figure;
use crate::run::{Measured, Start};

/// The source of a figure.
pub(super) enum Source {
    /// The ratio of the cost of ours to that of this one, in a job.
    Ratio(&'static str, &'static str),
    /// The ratio of the costs of two chains, in a job.
    Between(&'static str, &'static str, &'static str),
    /// The ratio of the cost of many to that of one, in a job.
    Growth(&'static str),
    /// The ratio of the cost of the whole request to that of one that Envoy answers itself.
    Whole(&'static str),
    /// The instructions of a case of the ledger, by its filter and name.
    Ledger(&'static str, &'static str),
    /// The ratio of the CPU time of large bodies with all four filters to that without.
    Bodies,
    /// CPU seconds from start to ready, minus those without filters: the time it takes on an
    /// otherwise idle core.
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
