//! CPU time per request, of all chains in turn.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::Envoy;

use super::listeners::{empty, name, pool};
use super::{Effort, Times, step};
use crate::jobs::Job;
use crate::machine;
use crate::traffic::Pool;

/// Checks that each chain does what it is measured for.
pub(super) fn prove(envoy: &Envoy, jobs: &[Job]) -> Result<()> {
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

/// Measures all chains in turn, round by round.
pub(super) fn rounds(envoy: &Envoy, jobs: &[Job], effort: &Effort) -> Result<Vec<Times>> {
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

/// Measures the CPU time per request, in microseconds.
fn sample(
    envoy: &Envoy,
    pool: &mut Pool,
    requests: &[Vec<u8>],
    count: usize,
    status: u16,
) -> Result<f64> {
    let before = machine::cpu_time(envoy.pid())?;
    pool.send(requests, count, status)?;
    // The worker cleans up after the last response.
    std::thread::sleep(Duration::from_millis(1));
    Ok((machine::cpu_time(envoy.pid())? - before) / count as f64)
}
