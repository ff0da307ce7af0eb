//! One run: all jobs in one Envoy in turn, then starts, bodies and latencies.

mod chain_of_four;
mod listeners;
mod measured;
mod rounds;
mod starts;

use std::time::Duration;

use anyhow::{Context, Result};
use e2e::Upstream;

pub(crate) use self::chain_of_four::RATE;
use self::chain_of_four::{latencies, stream};
use self::listeners::{listeners, start};
pub use self::measured::Measured;
pub(crate) use self::measured::{Bodies, Latency, Start, Times};
use self::rounds::{prove, rounds};
use self::starts::starts;
use crate::bootstrap::bootstrap;
use crate::jobs::{self, Floors};
use crate::machine::{self, Cores};
use crate::{chain, traffic};

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Effort {
    /// Its name in the report.
    pub name: &'static str,
    /// How often each chain is measured.
    pub rounds: usize,
    /// Requests per measurement; a fraction of it for slow requests.
    pub requests: usize,
    /// How often each module is started.
    pub starts: usize,
    /// How often the bodies are streamed.
    pub bodies: usize,
    /// The size of a body in bytes.
    pub body_bytes: usize,
    /// How long the latency of each chain is measured.
    pub latency: Duration,
    /// The number of keys in rate-limit jobs with many keys.
    pub keys: usize,
    /// Only the jobs with these names; empty means all.
    pub only: &'static [&'static str],
}

impl Effort {
    /// About ten minutes.
    #[must_use]
    pub fn full() -> Self {
        Self {
            name: "full",
            rounds: 30,
            requests: 400,
            starts: 5,
            bodies: 5,
            body_bytes: 100 * 1024 * 1024,
            latency: Duration::from_secs(5),
            keys: 100_000,
            only: &[],
        }
    }

    /// Less than three minutes.
    #[must_use]
    pub fn quick() -> Self {
        Self {
            name: "quick",
            rounds: 12,
            requests: 160,
            starts: 2,
            bodies: 1,
            latency: Duration::from_millis(500),
            ..Self::full()
        }
    }

    /// A few requests of a few jobs, to check that everything works.
    #[must_use]
    pub fn tiny() -> Self {
        Self {
            name: "tiny",
            rounds: 2,
            requests: 20,
            starts: 1,
            bodies: 1,
            body_bytes: 1024 * 1024,
            latency: Duration::from_millis(100),
            keys: 100,
            only: &[
                "header-rewrite",
                "cors-preflight",
                "rate-limit-both",
                "jwt-es256",
                "keys",
                "prices",
            ],
        }
    }
}

/// Measures everything.
///
/// # Errors
/// If a module is not built, Envoy does not start, or a filter does not do what it should.
pub fn run(effort: &Effort) -> Result<Measured> {
    let machine = machine::describe();
    let cores = Cores::choose()?;
    // Starts the harness's threads here, on the core of the load.
    cores.on_envoys(|| ())?;
    let harness = Upstream::echo()?;
    let load = machine::load_average();
    let floors = Floors::new()?;
    chain::write_floors(&floors.all())?;
    let mut jobs = jobs::all(&floors, effort.keys)?;
    jobs.retain(|job| effort.only.is_empty() || effort.only.contains(&job.id));

    let bodies = traffic::upstream()?;
    step("starting Envoy with all chains");
    let listeners = listeners(&jobs)?;
    // For examining a chain by hand.
    std::fs::write(
        e2e::paths::target().join("bench/envoy.json"),
        bootstrap(&listeners),
    )?;
    let envoy = start(&listeners, cores, bodies, &harness)?;
    prove(&envoy, &jobs)?;
    let times = rounds(&envoy, &jobs, effort)?;
    step("bodies");
    let bodies_times = stream(&envoy, effort)?;
    step("latencies");
    let latencies = latencies(&envoy, effort)?;
    envoy.assert_vm_alive();
    let version = envoy.version().to_owned();
    drop(envoy);
    step("starts");
    let starts = starts(cores, bodies, &harness, effort)?;
    Ok(Measured {
        effort: effort.clone(),
        date: machine::today(),
        machine,
        envoy: version,
        apart: cores.are_apart(),
        load: [load, machine::load_average()],
        jobs: times,
        starts,
        bodies: bodies_times,
        latencies,
        ledger: ledger::parse(
            &std::fs::read_to_string(ledger::file()).context("docs/cost-ledger.md")?,
        ),
    })
}

fn step(what: &str) {
    eprintln!("bench: {what} …");
}
