//! What was measured.

use std::time::Duration;

use super::Effort;
use crate::figures::Figure;

/// All that was measured.
pub struct Measured {
    /// How long.
    pub effort: Effort,
    /// The day.
    pub date: String,
    /// The processor, its cores, the kernel.
    pub machine: String,
    /// The version of Envoy.
    pub envoy: String,
    /// Whether Envoy had a core of its own.
    pub apart: bool,
    /// The load of the machine before and after.
    pub load: [f64; 2],
    pub(crate) jobs: Vec<Times>,
    pub(crate) starts: Vec<Start>,
    pub(crate) bodies: Bodies,
    pub(crate) latencies: Vec<Latency>,
    pub(crate) ledger: Vec<ledger::Row>,
}

/// CPU time per request of each round, in microseconds.
pub(crate) struct Times {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) copies: usize,
    pub(crate) empty: Vec<f64>,
    pub(crate) chains: Vec<(&'static str, Vec<f64>)>,
}

/// What it takes until Envoy serves.
pub(crate) struct Start {
    pub(crate) what: &'static str,
    /// The modules together, in bytes.
    pub(crate) size: u64,
    /// Seconds from the start of the process.
    pub(crate) ready: Vec<f64>,
    /// Seconds of CPU time.
    pub(crate) cpu: Vec<f64>,
    /// Memory of the process, in MiB.
    pub(crate) memory: Vec<f64>,
}

/// CPU time for a large body in, and one out, in milliseconds.
#[derive(Default)]
pub(crate) struct Bodies {
    pub(crate) without: Vec<f64>,
    pub(crate) with: Vec<f64>,
}

/// Latencies at a fixed rate.
pub(crate) struct Latency {
    pub(crate) what: &'static str,
    pub(crate) median: Duration,
    pub(crate) p99: Duration,
}

impl Times {
    pub(crate) fn of(&self, who: &str) -> Option<&[f64]> {
        self.chains
            .iter()
            .find(|(name, _)| *name == who)
            .map(|(_, times)| times.as_slice())
    }

    /// What one filter costs, in microseconds.
    pub(crate) fn cost(&self, who: &str) -> Option<Figure> {
        Some(Figure::difference(
            self.of(who)?,
            &self.empty,
            self.copies as f64,
        ))
    }

    /// How many times as much one costs as another.
    pub(crate) fn ratio(&self, above: &str, below: &str) -> Option<Figure> {
        Some(Figure::ratio(
            (self.of(above)?, &self.empty),
            (self.of(below)?, &self.empty),
        ))
    }

    /// How many times as much a whole request costs as one through no filter.
    pub(crate) fn whole(&self, who: &str) -> Option<Figure> {
        let times = self.of(who)?;
        Some(Figure::of(
            times
                .iter()
                .zip(&self.empty)
                .map(|(time, empty)| time / empty),
        ))
    }
}

impl Measured {
    pub(crate) fn job(&self, id: &str) -> Option<&Times> {
        self.jobs.iter().find(|job| job.id == id)
    }

    pub(crate) fn start(&self, what: &str) -> Option<&Start> {
        self.starts.iter().find(|start| start.what == what)
    }
}
