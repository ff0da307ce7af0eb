//! The listeners of the measured Envoy, and connections to them.

use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{Envoy, Upstream};

use crate::bootstrap::{Listener, UPSTREAM, bootstrap};
use crate::chain;
use crate::jobs::{Chain, Job};
use crate::machine::Cores;
use crate::traffic::Pool;

/// The chains without a filter: answered by Envoy, or by the upstream.
pub(super) const EMPTY: [&str; 2] = ["empty", "empty, upstream"];

pub(super) fn empty(job: &Job) -> &'static str {
    EMPTY[usize::from(job.upstream)]
}

pub(super) fn name(job: &Job, chain: &Chain) -> String {
    format!("{}/{}", job.id, chain.who)
}

/// The chains whose bodies and latencies are measured, with one copy of each filter.
pub(super) fn single(filters: &str) -> Result<Vec<serde_json::Value>> {
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

pub(super) const LATENCIES: &[&str] = &[
    "no filter",
    "cors",
    "rate-limit",
    "jwt-auth",
    "header-rewrite",
    "all four",
    "chain",
    "Envoy's own four",
];
pub(super) const STARTS: &[&str] = &[
    "no filter",
    "cors",
    "header-rewrite",
    "rate-limit",
    "jwt-auth",
    "all four",
    "chain",
];

pub(super) fn listeners(jobs: &[Job]) -> Result<Vec<Listener>> {
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

pub(super) fn start(
    listeners: &[Listener],
    cores: Cores,
    bodies: u16,
    harness: &Upstream,
) -> Result<Envoy> {
    let builder = Envoy::from_bootstrap(bootstrap(listeners))
        .upstream(harness)
        .cluster_port(UPSTREAM, bodies)
        .concurrency(1)
        .log_level("warn")
        .deadline(Duration::from_secs(300));
    cores.on_envoys(|| builder.try_start())?
}

pub(super) fn pool(envoy: &Envoy, listener: &str) -> Result<Pool> {
    let listeners = envoy.listeners();
    let address = listeners
        .get(listener)
        .with_context(|| format!("no listener {listener}"))?;
    Pool::open(*address)
}
