//! The results.

use std::time::Duration;

use super::Effort;
use crate::figures::Figure;

/// All results.
pub struct Measured {
    /// How much was measured.
    pub effort: Effort,
    /// The date.
    pub date: String,
    /// The processor, its cores, and the kernel.
    pub machine: String,
    /// The version of Envoy.
    pub envoy: String,
    /// Whether Envoy had its own core.
    pub apart: bool,
    /// The load average of the machine before and after.
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

/// The time and memory until Envoy serves.
pub(crate) struct Start {
    pub(crate) what: &'static str,
    /// The size of the modules together, in bytes.
    pub(crate) size: u64,
    /// Seconds from the start of the process.
    pub(crate) ready: Vec<f64>,
    /// Seconds of CPU time.
    pub(crate) cpu: Vec<f64>,
    /// Memory of the process, in MiB.
    pub(crate) memory: Vec<f64>,
}

/// CPU time for a large request body and a large response body, in milliseconds.
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

    /// Returns the cost of one filter, in microseconds.
    pub(crate) fn cost(&self, who: &str) -> Option<Figure> {
        Some(Figure::difference(
            self.of(who)?,
            &self.empty,
            self.copies as f64,
        ))
    }

    /// Returns the ratio of two costs.
    pub(crate) fn ratio(&self, above: &str, below: &str) -> Option<Figure> {
        Some(Figure::ratio(
            (self.of(above)?, &self.empty),
            (self.of(below)?, &self.empty),
        ))
    }

    /// Returns the ratio of the cost of a whole request to that of one without filters.
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
