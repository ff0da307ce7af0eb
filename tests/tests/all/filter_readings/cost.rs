//! Work that must not multiply with the number of rules: Envoy's CPU time, compared within one run.

use super::{FILTERS, Filter};
use e2e::{Client, Envoy};
use serde_json::{Value, json};
use std::fs;

/// How often a case is measured. The shortest time counts, because nothing makes a processor
/// faster.
const ROUNDS: usize = 5;

/// Requests per measurement.
const REQUESTS: usize = 8;

/// Returns the nanoseconds for which all threads of a process have run.
fn processor_time(envoy: &Envoy) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", envoy.pid())).unwrap();
    let of_thread = |task: fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    tasks.filter_map(|task| of_thread(task.ok()?)).sum()
}

/// Returns the CPU microseconds for one request to this target: the shortest for each Envoy,
/// measured in turn.
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
}

/// Fails if `many` rules cost more than `most` times what `one` costs, for any filter and target.
fn assert_cost(most: f64, targets: &[(&str, String)], one: &[Value], many: &[Value]) {
    let mut wrong = Vec::new();
    for filter in FILTERS {
        let envoys = [one, many].map(|rules| start(filter, rules));
        for (what, target) in targets {
            let [of_one, of_many] = cost(envoys.each_ref(), target);
            let line = format!(
                "{filter:?}: {what}: {of_one:.0} µs with one rule, {of_many:.0} µs with {}",
                many.len()
            );
            if of_many > of_one * most {
                wrong.push(line);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// The work for a request does not grow with the number of rules times the length of the path.
#[test]
fn a_long_path_costs_with_fifty_rules_what_it_costs_with_one() {
    let rules = |count: usize| -> Vec<Value> {
        let rule = |n| {
            json!({"paths": [{"prefix": format!("/guarded-{n}")}, {"exact": format!("/{n}")},
                {"regex": format!("/v[0-9]+/guarded-{n}")}]})
        };
        (0..count).map(rule).collect()
    };
    let targets = [
        ("a plain path", "/abc"),
        ("parameters", "/a;"),
        ("triplets", "/%61%2e"),
        ("dots", "/a/.."),
        ("many readings", "/a;/%2e./%252f"),
    ]
    .map(|(what, unit)| (what, unit.repeat(58_000 / unit.len())));
    assert_cost(1.5, &targets, &rules(1), &rules(50));
}

/// The query is decoded once. Each condition costs one look at the names: 29,000 of them here.
#[test]
fn a_long_query_costs_with_twenty_conditions_hardly_more_than_with_one() {
    let rules = |count: usize| -> Vec<Value> {
        let rule = |n| json!({"query": [{"name": format!("q{n}"), "exact": "1"}]});
        (0..count).map(rule).collect()
    };
    let targets = [("a query", format!("/?{}", "a&".repeat(29_000)))];
    assert_cost(2.5, &targets, &rules(1), &rules(20));
}

/// A pattern that may match anywhere reads the whole path. All patterns together read at most 64
/// KiB of a long path, then it is refused.
#[test]
fn a_long_path_costs_with_fifty_patterns_that_read_all_of_it_what_it_costs_with_one() {
    let rules = |count: usize| -> Vec<Value> {
        let rule = |n| json!({"paths": [{"regex": format!("/.*/guarded-{n}")}]});
        (0..count).map(rule).collect()
    };
    let targets = [("a plain path", "/abc".repeat(14_500))];
    assert_cost(1.5, &targets, &rules(1), &rules(50));
}
