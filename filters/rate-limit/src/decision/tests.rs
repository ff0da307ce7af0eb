mod buckets;
mod reading;

use super::*;
use crate::config::{Config, OnError};
use crate::limits::{Limits, Plugin, Tables};
use crate::quota::Left;
use filter_kit::config::{self, Env};
use filter_kit::request::Request;
use filter_kit::store::{Holder, MemoryStore};
use filter_kit::testing::request;
use std::rc::Rc;
use std::time::Duration;

const NOW: Duration = Duration::from_secs(1_700_000_000);

/// Limits as configured, with their own store.
struct World {
    store: MemoryStore,
    limits: Limits,
    checks: Checks,
}

impl World {
    fn new(json: &str) -> Self {
        let config: Config = config::load(json.as_bytes(), &Env::new()).unwrap();
        let store = MemoryStore::default();
        let limits = Limits::new(config.limits, config.exempt, &tables("", 3), &store);
        Self {
            checks: Checks {
                mode: config.mode,
                looks_at_host: limits.looks_at_host(),
            },
            store,
            limits,
        }
    }

    fn decide(&self, request: &Request) -> Decision {
        decide(&self.limits, request, self.checks, &self.store, || NOW)
    }

    /// Returns the names of the limits whose state is advertised.
    fn advertised(&self, decision: &Decision) -> Vec<&str> {
        let advertised = decision.standings.iter().map(|standing| standing.limit);
        advertised
            .map(|limit| self.limits.get(limit).unwrap().limit.name.as_str())
            .collect()
    }
}

fn tables(plugin: &str, seed: u8) -> Tables {
    Tables {
        max_keys: 100_000,
        plugin: Plugin {
            name: plugin.into(),
            root_id: b"root".to_vec(),
            ..Plugin::default()
        },
        seed: [seed; 16],
        holder: Rc::new(Holder::new(seed.into())),
    }
}

fn refused(decision: &Decision) -> Option<(Option<usize>, &Reason)> {
    match &decision.verdict {
        Verdict::Refuse(refusal) => Some((refusal.limit, &refusal.reason)),
        _ => None,
    }
}

#[test]
fn every_matching_limit_is_charged_and_the_first_that_is_used_up_refuses() {
    let world = World::new(
        r#"{"limits": [
            {"name": "wide", "requests": 3, "per": "1h"},
            {"name": "narrow", "match": {"paths": [{"prefix": "/a"}]}, "requests": 1, "per": "1h"},
            {"name": "last", "requests": 9, "per": "1h"}]}"#,
    );
    let a = request("GET", "/a").build();
    let first = world.decide(&a);
    assert_eq!(first.verdict, Verdict::Pass);
    assert_eq!(world.advertised(&first), ["wide", "narrow", "last"]);
    let second = world.decide(&a);
    let hour = Reason::UsedUp { retry_after: 3600 };
    assert_eq!(refused(&second), Some((Some(1), &hour)));
    assert_eq!(
        second.outcomes,
        [(0, Outcome::Passed), (1, Outcome::Refused)]
    );
    assert_eq!(second.standings.len(), 2, "the last limit was not asked");
    // The refused request was charged to the first limit.
    assert_eq!(
        world.decide(&request("GET", "/b").build()).verdict,
        Verdict::Pass
    );
    let fourth = world.decide(&request("GET", "/b").build());
    assert!(matches!(
        refused(&fourth),
        Some((Some(0), Reason::UsedUp { .. }))
    ));
}

#[test]
fn of_several_buckets_of_a_limit_the_one_that_refuses_or_has_least_left_is_advertised() {
    let standing = |limit: usize, remaining: u64| {
        let reset = Duration::from_secs(1);
        Standing::new(limit, Left { remaining, reset })
    };
    for (buckets, expected) in [
        (&[(0, 5, false), (0, 3, false)][..], &[(0, 3)][..]),
        (&[(0, 3, false), (0, 5, false)], &[(0, 3)]),
        (&[(0, 3, false), (0, 5, true)], &[(0, 5)]),
        (
            &[(0, 3, false), (1, 5, false), (1, 4, false)],
            &[(0, 3), (1, 4)],
        ),
    ] {
        let mut decision = Decision::new(Verdict::Pass);
        for (limit, remaining, refuses) in buckets {
            decision.stand(standing(*limit, *remaining), *refuses);
        }
        let advertised = decision.standings.iter();
        let advertised: Vec<_> = advertised.map(|s| (s.limit, s.left.remaining)).collect();
        assert_eq!(advertised, expected, "{buckets:?}");
    }
}

#[test]
fn a_limit_in_report_mode_counts_and_refuses_nothing() {
    let world = World::new(
        r#"{"mode": "report", "limits": [{"name": "r", "requests": 1, "per": "1h"},
            {"name": "e", "requests": 2, "per": "1h", "mode": "enforce"}]}"#,
    );
    let get = request("GET", "/").build();
    assert_eq!(
        world.advertised(&world.decide(&get)),
        ["e"],
        "report mode shows nothing"
    );
    let second = world.decide(&get);
    assert_eq!(second.verdict, Verdict::Pass);
    assert_eq!(
        second.outcomes,
        [(0, Outcome::Reported), (1, Outcome::Passed)]
    );
    assert!(matches!(refused(&world.decide(&get)), Some((Some(1), _))));
}

#[test]
fn a_missing_key_is_skipped_shared_or_refused() {
    let limit = |missing: &str| {
        World::new(&format!(
            r#"{{"limits": [{{"name": "a", "key": [{{"header": "x-user"}}], "requests": 1, "per": "1h", "missing_key": "{missing}"}}]}}"#
        ))
    };
    let without = request("GET", "/").build();
    let empty = request("GET", "/").header("x-user", "").build();
    for (missing, first, second) in [
        ("skip", None, None),
        ("shared", None, Some(Reason::UsedUp { retry_after: 3600 })),
        ("refuse", Some(Reason::MissingKey), Some(Reason::MissingKey)),
    ] {
        let world = limit(missing);
        for (head, expected) in [(&without, first), (&empty, second)] {
            let decision = world.decide(head);
            let reason = refused(&decision).map(|(_, reason)| reason.clone());
            assert_eq!(reason, expected, "{missing}");
            let missing_keys = u32::from(missing != "shared");
            assert_eq!(decision.incidents.missing_keys, missing_keys, "{missing}");
        }
        let with = request("GET", "/").header("x-user", "a").build();
        assert_eq!(world.decide(&with).verdict, Verdict::Pass, "{missing}");
    }
}

#[test]
fn costs_that_no_bucket_holds_are_refused_and_costs_of_nothing_pass() {
    let world = World::new(
        r#"{"limits": [{"name": "a", "requests": 10, "per": "1m", "cost": {"header": "x-cost", "default": 1, "min": 0}}]}"#,
    );
    let cost = |cost: &str| request("GET", "/").header("x-cost", cost).build();
    let too_costly = Reason::TooCostly;
    for (value, reason) in [
        ("0", None),
        ("11", Some(&too_costly)),
        ("1e300", None),
        ("99999999999", Some(&too_costly)),
        ("9", None),
        ("1", Some(&Reason::UsedUp { retry_after: 6 })),
        ("0", None),
    ] {
        let decision = world.decide(&cost(value));
        assert_eq!(refused(&decision).map(|(_, r)| r), reason, "{value}");
    }
}

#[test]
fn exempt_requests_are_not_counted() {
    let world = World::new(
        r#"{"limits": [{"name": "a", "requests": 1, "per": "1h"}], "exempt": [{"methods": ["OPTIONS"]}, {"paths": [{"exact": "/healthz"}]}]}"#,
    );
    for head in [request("OPTIONS", "/"), request("GET", "/healthz")] {
        for _ in 0..3 {
            assert_eq!(world.decide(&head.clone().build()).verdict, Verdict::Exempt);
        }
    }
    assert_eq!(
        world.decide(&request("GET", "/").build()).verdict,
        Verdict::Pass
    );
}

const SERVICE: &str = r#"{"limits": [
    {"name": "here", "requests": 2, "per": "1h"},
    {"name": "fleet", "scope": "service", "requests": 1, "per": "1h", "key": [{"header": "x-user"}], "missing_key": "skip"},
    {"name": "free", "scope": "service", "requests": 1, "per": "1h", "cost": 0},
    {"name": "quiet", "scope": "service", "requests": 1, "per": "1h", "mode": "report"}],
    "service": {"cluster": "c", "domain": "d", "on_error": "allow"}}"#;

#[test]
fn the_service_is_asked_of_its_limits_only_where_this_process_lets_pass() {
    let world = World::new(SERVICE);
    let head = request("GET", "/").header("x-user", "alice").build();
    let questions = |decision: &Decision| match &decision.verdict {
        Verdict::Ask(questions) => questions.iter().map(|q| q.limit).collect(),
        _ => Vec::new(),
    };
    assert_eq!(questions(&world.decide(&head)), [1, 3]);
    let without = request("GET", "/").build();
    assert_eq!(questions(&world.decide(&without)), [3], "without its key");
    assert!(matches!(refused(&world.decide(&head)), Some((Some(0), _))));
}

#[test]
fn without_the_service_a_request_passes_is_refused_or_counted_here() {
    let head = request("GET", "/").header("x-user", "alice").build();
    for (on_error, verdicts) in [
        (OnError::Allow, [None, None]),
        (
            OnError::Refuse,
            [
                Some(Reason::ServiceUnavailable),
                Some(Reason::ServiceUnavailable),
            ],
        ),
        (
            OnError::Process,
            [None, Some(Reason::UsedUp { retry_after: 3600 })],
        ),
    ] {
        let world = World::new(SERVICE);
        for expected in verdicts {
            let decision = world.decide(&head);
            let Verdict::Ask(questions) = decision.verdict.clone() else {
                panic!("asked")
            };
            let surroundings = (&world.store, NOW);
            let decision =
                without_service(decision, &questions, &world.limits, on_error, surroundings);
            let reason = refused(&decision).map(|(_, reason)| reason.clone());
            assert_eq!(reason, expected, "{on_error:?}");
        }
    }
}

#[test]
fn a_limit_keeps_its_counts_in_a_new_configuration() {
    let one = r#"{"limits": [{"name": "a", "requests": 1, "per": "1h"}]}"#;
    let world = World::new(one);
    let get = request("GET", "/").build();
    assert_eq!(world.decide(&get).verdict, Verdict::Pass);
    let two = r#"{"limits": [{"name": "new", "requests": 5, "per": "1h"}, {"name": "a", "requests": 1, "per": "1h"}]}"#;
    let config: Config = config::load(two.as_bytes(), &Env::new()).unwrap();
    let again = Limits::new(config.limits, vec![], &tables("", 9), &world.store);
    let decision = decide(&again, &get, world.checks, &world.store, || NOW);
    assert!(matches!(
        refused(&decision),
        Some((Some(1), Reason::UsedUp { .. }))
    ));
}
