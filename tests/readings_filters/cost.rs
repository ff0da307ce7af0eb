//! Work that must not multiply by rules: Envoy's time on the processor, compared within one run.

use crate::{FILTERS, Filter};
use e2e::{Client, Envoy};
use serde_json::{Value, json};
use std::fs;

/// The most that many rules may cost, as a multiple of one.
const MOST: f64 = 1.5;

/// How often a case is measured; the least of all counts, since nothing makes a processor faster.
const ROUNDS: usize = 7;

/// Requests of one measurement.
const REQUESTS: usize = 8;

/// The nanoseconds that all threads of a process have run.
fn processor_time(envoy: &Envoy) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", envoy.pid())).unwrap();
    let of_thread = |task: fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    tasks.filter_map(|task| of_thread(task.ok()?)).sum()
}

/// Microseconds of the processor for one request to this target: the least for each Envoy, measured in turns.
fn cost(envoys: [&Envoy; 2], target: &str) -> [f64; 2] {
    let client = Client::http1();
    let send = |envoy: &Envoy| client.get(envoy.url(target)).send().status;
    let mut least = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        for (envoy, least) in envoys.iter().zip(&mut least) {
            send(envoy);
            let before = processor_time(envoy);
            for _ in 0..REQUESTS {
                send(envoy);
            }
            let spent = processor_time(envoy) - before;
            *least = least.min(spent as f64 / 1e3 / REQUESTS as f64);
        }
    }
    least
}

fn start(filter: Filter, matches: &[Value]) -> Envoy {
    Envoy::with_filter(filter.name(), filter.config(matches))
        .hcm("{normalize_path: false, merge_slashes: false}")
        .start()
        .unwrap()
}

/// Fails unless `many` costs at most half more than `one`, for any filter.
fn assert_linear(what: &str, target: &str, one: &[Value], many: &[Value]) {
    let mut wrong = Vec::new();
    for filter in FILTERS {
        let envoys = [one, many].map(|matches| start(filter, matches));
        let [least, most] = cost(envoys.each_ref(), target);
        let line = format!(
            "{filter:?}: {what}: {least:.0} µs with one, {most:.0} µs with {}",
            many.len()
        );
        println!("{line}");
        if most > least * MOST {
            wrong.push(line);
        }
        envoys.iter().for_each(Envoy::assert_vm_alive);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn prefixes(count: usize) -> Vec<Value> {
    (0..count)
        .map(|n| json!({"paths": [{"prefix": format!("/guarded-{n}")}, {"regex": format!("/v[0-9]+/guarded-{n}")}]}))
        .collect()
}

// DESIGN 4 (v2), "Safety": "Work per request is bounded too, and does not multiply by rules × length".
#[test]
fn a_long_path_costs_with_fifty_rules_what_it_costs_with_one() {
    for (what, unit) in [
        ("parameters", "/a;"),
        ("plain", "/abc"),
        ("encoded", "/%61%2e"),
        ("dots", "/a/.."),
        ("in several ways", "/a;/%2e./%252f"),
    ] {
        let target = unit.repeat(58_000 / unit.len());
        assert_linear(what, &target, &prefixes(1), &prefixes(50));
    }
}

#[test]
fn a_long_query_costs_with_twenty_conditions_what_it_costs_with_one() {
    let conditions = |count: usize| {
        let conditions: Vec<_> = (0..count)
            .map(|n| json!({"query": [{"name": format!("q{n}"), "exact": "1"}]}))
            .collect();
        conditions
    };
    let target = format!("/?{}", "a&".repeat(29_000));
    assert_linear("query", &target, &conditions(1), &conditions(20));
}

#[test]
fn dbg_regex() {
    let rules = |count: usize| -> Vec<Value> { (0..count).map(|n| json!({"paths": [{"regex": format!("/.*/guarded-{n}")}]})).collect() };
    let target = "/abc".repeat(14_500);
    assert_linear("regexes", &target, &rules(1), &rules(50));
}
#[test]
fn dbg_query() {
    let conditions = |count: usize| {
        let conditions: Vec<_> = (0..count)
            .map(|n| json!({"query": [{"name": format!("q{n}"), "exact": "1"}]}))
            .collect();
        conditions
    };
    let target = format!("/?{}", "a&".repeat(29_000));
    assert_linear("query", &target, &conditions(1), &conditions(50));
}
