//! One run: all jobs in one Envoy in turn, then starts, bodies and latencies.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::{Envoy, Upstream};

use crate::bootstrap::{Listener, UPSTREAM, bootstrap};
use crate::chain;
use crate::figures::Figure;
use crate::jobs::{self, Chain, Floors, Job};
use crate::machine::{self, Cores};
use crate::traffic::{self, Pool};

/// How long is measured.
#[derive(Clone, Debug)]
pub struct Effort {
    /// What it is called in the report.
    pub name: &'static str,
    /// How often each chain has its turn.
    pub rounds: usize,
    /// Requests of a turn; a share of it where a request takes long.
    pub requests: usize,
    /// How often each module is started.
    pub starts: usize,
    /// How often the bodies are streamed.
    pub bodies: usize,
    /// The size of a body in bytes.
    pub body_bytes: usize,
    /// How long the latency of each chain is measured.
    pub latency: Duration,
    /// How many keys of rate-limit are many.
    pub keys: usize,
    /// Only the jobs with these names; none means all.
    pub only: &'static [&'static str],
}

impl Effort {
    /// Some ten minutes.
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

    /// Done within three minutes.
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

    /// A few requests of a few jobs: whether everything works, not what it costs.
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
            ],
        }
    }
}

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

/// Measures everything.
///
/// # Errors
/// Where a module is not built, Envoy does not start, or a filter does not do what it should.
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
    // For whoever wants to look at a chain by hand.
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

/// The chains without a filter: Envoy answers, or the upstream.
const EMPTY: [&str; 2] = ["empty", "empty, upstream"];

fn empty(job: &Job) -> &'static str {
    EMPTY[usize::from(job.upstream)]
}

fn name(job: &Job, chain: &Chain) -> String {
    format!("{}/{}", job.id, chain.who)
}

/// Who streams bodies and whose latency is measured, and their filters: one copy each.
fn single(filters: &str) -> Result<Vec<serde_json::Value>> {
    let four = chain::chain_of_four(0)?;
    Ok(match filters {
        "no filter" => vec![],
        "all four" => four,
        "chain" => vec![chain::one_module(0)?],
        "Envoy's own four" => {
            vec![
                chain::cors(0),
                chain::local_ratelimit(0, true),
                chain::jwt_authn(0, false),
                chain::header_mutation(0),
            ]
        }
        one => four
            .into_iter()
            .filter(|filter| filter["name"] == format!("{one}-0"))
            .collect(),
    })
}

const LATENCIES: &[&str] = &[
    "no filter",
    "cors",
    "rate-limit",
    "jwt-auth",
    "header-rewrite",
    "all four",
    "chain",
    "Envoy's own four",
];
const STARTS: &[&str] = &[
    "no filter",
    "cors",
    "header-rewrite",
    "rate-limit",
    "jwt-auth",
    "all four",
    "chain",
];

fn listeners(jobs: &[Job]) -> Result<Vec<Listener>> {
    let mut listeners: Vec<_> = EMPTY
        .iter()
        .zip([false, true])
        .map(|(name, upstream)| Listener {
            name: (*name).to_owned(),
            upstream,
            ..Listener::default()
        })
        .collect();
    for job in jobs {
        listeners.extend(job.chains.iter().map(|chain| Listener {
            name: name(job, chain),
            filters: chain.filters.clone(),
            policies: chain.policies.clone(),
            // Envoy's own CORS filter answers a preflight only on a route to an upstream.
            upstream: job.upstream || chain.status == Some(200),
        }));
    }
    for what in LATENCIES {
        for upstream in [false, true] {
            listeners.push(Listener {
                name: format!("{} {what}", if upstream { "bodies" } else { "latency" }),
                filters: single(what)?,
                policies: (what == &"Envoy's own four")
                    .then(|| chain::cors_policy(0))
                    .into_iter()
                    .collect(),
                upstream,
            });
        }
    }
    Ok(listeners)
}

fn start(listeners: &[Listener], cores: Cores, bodies: u16, harness: &Upstream) -> Result<Envoy> {
    let builder = Envoy::from_bootstrap(bootstrap(listeners))
        .upstream(harness)
        .cluster_port(UPSTREAM, bodies)
        .concurrency(1)
        .log_level("warn")
        .deadline(Duration::from_secs(300));
    cores.on_envoys(|| builder.start())?
}

fn pool(envoy: &Envoy, listener: &str) -> Result<Pool> {
    let listeners = envoy.listeners();
    let address = listeners
        .get(listener)
        .with_context(|| format!("no listener {listener}"))?;
    Pool::open(*address)
}

/// Each chain does what it is measured for.
fn prove(envoy: &Envoy, jobs: &[Job]) -> Result<()> {
    for job in jobs {
        for chain in &job.chains {
            let name = name(job, chain);
            let mut pool = pool(envoy, &name)?;
            let request = &chain.requests.as_ref().unwrap_or(&job.requests)[0];
            let text = String::from_utf8_lossy(request).replacen("/api", "/proof", 1);
            let proved = if chain.proof.iter().any(|proof| proof.starts_with("x-proof")) {
                text.as_bytes()
            } else {
                request
            };
            let answer = pool.ask(proved)?;
            ensure!(
                answer.status == chain.status.unwrap_or(job.status()),
                "{name}: {}",
                answer.head
            );
            for proof in chain.proof {
                ensure!(
                    answer.head.contains(proof),
                    "{name}: no {proof:?} in {}",
                    answer.head
                );
            }
            if chain.needs_token {
                let text =
                    String::from_utf8_lossy(request).replacen("authorization", "x-nothing", 1);
                let answer = pool.ask(text.as_bytes())?;
                ensure!(
                    answer.status == 401,
                    "{name}: without a token: {}",
                    answer.head
                );
            }
        }
    }
    Ok(())
}

/// All chains in turn, round by round.
fn rounds(envoy: &Envoy, jobs: &[Job], effort: &Effort) -> Result<Vec<Times>> {
    let mut times = Vec::new();
    let mut pools = Vec::new();
    for job in jobs {
        step(&format!("warming up: {}", job.title));
        let mut of_job = vec![pool(envoy, empty(job))?];
        for chain in &job.chains {
            let mut pool = pool(envoy, &name(job, chain))?;
            let requests = chain.requests.as_ref().unwrap_or(&job.requests);
            let count = chain.warm_up.min(effort.keys) * job.share.min(100) / 100;
            pool.send(
                requests,
                count.max(if chain.requests.is_some() {
                    chain.warm_up
                } else {
                    8
                }),
                chain.status.unwrap_or(job.status()),
            )?;
            of_job.push(pool);
        }
        pools.push(of_job);
        times.push(Times {
            id: job.id,
            title: job.title,
            copies: job.copies,
            empty: Vec::new(),
            chains: job
                .chains
                .iter()
                .map(|chain| (chain.who, Vec::new()))
                .collect(),
        });
    }
    for round in 1..=effort.rounds {
        if round % 5 == 1 {
            step(&format!("round {round} of {}", effort.rounds));
        }
        for ((job, times), pools) in jobs.iter().zip(&mut times).zip(&mut pools) {
            let count = (effort.requests * job.share / 100).max(4);
            times.empty.push(sample(
                envoy,
                &mut pools[0],
                &job.requests,
                count,
                job.status(),
            )?);
            for ((chain, (who, times)), pool) in job
                .chains
                .iter()
                .zip(&mut times.chains)
                .zip(&mut pools[1..])
            {
                let requests = chain.requests.as_ref().unwrap_or(&job.requests);
                let time = sample(
                    envoy,
                    pool,
                    requests,
                    count,
                    chain.status.unwrap_or(job.status()),
                );
                times.push(time.with_context(|| format!("{}: {who}", job.title))?);
            }
        }
    }
    Ok(times)
}

/// CPU time per request, in microseconds.
fn sample(
    envoy: &Envoy,
    pool: &mut Pool,
    requests: &[Vec<u8>],
    count: usize,
    status: u16,
) -> Result<f64> {
    let before = machine::cpu_time(envoy.pid())?;
    pool.send(requests, count, status)?;
    // The worker tidies up after the last answer.
    std::thread::sleep(Duration::from_millis(1));
    Ok((machine::cpu_time(envoy.pid())? - before) / count as f64)
}

/// A token and an origin for the chain of four.
fn headers() -> Vec<(&'static str, String)> {
    vec![
        ("authorization", e2e::token::Token::new("RS256").bearer()),
        ("origin", "https://app.example.com".to_owned()),
        ("x-tenant", "acme".to_owned()),
    ]
}

fn stream(envoy: &Envoy, effort: &Effort) -> Result<Bodies> {
    let lines: String = headers()
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let get = format!(
        "GET /{} HTTP/1.1\r\nhost: a.example\r\n{lines}\r\n",
        effort.body_bytes
    )
    .into_bytes();
    let mut bodies = Bodies::default();
    let mut pools = [
        pool(envoy, "bodies no filter")?,
        pool(envoy, "bodies all four")?,
    ];
    for _ in 0..effort.bodies {
        for (pool, times) in pools
            .iter_mut()
            .zip([&mut bodies.without, &mut bodies.with])
        {
            let before = machine::cpu_time(envoy.pid())?;
            for answer in [
                pool.upload("/0", &lines, effort.body_bytes)?,
                pool.ask(&get)?,
            ] {
                ensure!(answer.status == 200, "a body: {}", answer.head);
            }
            times.push((machine::cpu_time(envoy.pid())? - before) / 1000.0);
        }
    }
    Ok(bodies)
}

/// Requests per second of the latencies.
pub(crate) const RATE: u32 = 1000;

fn latencies(envoy: &Envoy, effort: &Effort) -> Result<Vec<Latency>> {
    let total = u64::from(RATE) * effort.latency.as_millis() as u64 / 1000;
    let measure = |what: &'static str| {
        let url = envoy.url_of(&format!("latency {what}"), "/api/v1/items");
        let load = headers()
            .into_iter()
            .fold(e2e::Load::new(url), |load, (name, value)| {
                load.header(name, value)
            });
        let result = load
            .total(total)
            .connections(8)
            .per_second(f64::from(RATE))
            .run();
        ensure!(
            result.count(204) == total,
            "{what}: {:?} {:?}",
            result.statuses,
            result.errors
        );
        Ok(Latency {
            what,
            median: result.percentile(0.5),
            p99: result.percentile(0.99),
        })
    };
    LATENCIES.iter().copied().map(measure).collect()
}

fn starts(cores: Cores, bodies: u16, harness: &Upstream, effort: &Effort) -> Result<Vec<Start>> {
    let new = |what: &'static str| -> Result<Start> {
        let modules = match what {
            "no filter" => vec![],
            "all four" => vec!["cors", "header-rewrite", "rate-limit", "jwt-auth"],
            one => vec![one],
        };
        let mut size = 0;
        for module in modules {
            size += std::fs::metadata(e2e::paths::module(module)?)?.len();
        }
        Ok(Start {
            what,
            size,
            ready: vec![],
            cpu: vec![],
            memory: vec![],
        })
    };
    let mut starts = STARTS
        .iter()
        .copied()
        .map(new)
        .collect::<Result<Vec<_>>>()?;
    for _ in 0..effort.starts {
        for one in &mut starts {
            let listener = Listener {
                name: EMPTY[0].to_owned(),
                filters: single(one.what)?,
                ..Listener::default()
            };
            let begun = Instant::now();
            let envoy = start(&[listener], cores, bodies, harness)?;
            one.ready.push(begun.elapsed().as_secs_f64());
            one.cpu.push(machine::cpu_time(envoy.pid())? / 1e6);
            one.memory.push(envoy.rss_bytes()? as f64 / 1024.0 / 1024.0);
        }
    }
    Ok(starts)
}
