//! Bodies through the chain of four, and latencies at a fixed rate.

use anyhow::{Result, ensure};
use e2e::Envoy;

use super::listeners::{LATENCIES, pool};
use super::{Bodies, Effort, Latency};
use crate::machine;

/// Returns a token and an origin for the chain of four.
fn headers() -> Vec<(&'static str, String)> {
    vec![
        ("authorization", e2e::token::Token::new("RS256").bearer()),
        ("origin", "https://app.example.com".to_owned()),
        ("x-tenant", "acme".to_owned()),
    ]
}

pub(super) fn stream(envoy: &Envoy, effort: &Effort) -> Result<Bodies> {
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

/// Requests per second when measuring latencies.
pub(crate) const RATE: u32 = 1000;

pub(super) fn latencies(envoy: &Envoy, effort: &Effort) -> Result<Vec<Latency>> {
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
