//! The time and memory until Envoy serves.

use std::time::Instant;

use anyhow::Result;
use e2e::Upstream;

use super::listeners::{EMPTY, STARTS, single, start};
use super::{Effort, Start};
use crate::bootstrap::Listener;
use crate::machine::{self, Cores};

pub(super) fn starts(
    cores: Cores,
    bodies: u16,
    harness: &Upstream,
    effort: &Effort,
) -> Result<Vec<Start>> {
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
