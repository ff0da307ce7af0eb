use super::table::{FLOOR, INSTRUCTIONS, LUA};
use super::*;
use crate::run::{Bodies, Effort, Start, Times};

fn measured(ours: f64) -> Measured {
    let chains = vec![
        ("floor", vec![20.0, 20.0]),
        ("Lua", vec![40.0, 40.0]),
        ("ours", vec![ours, ours]),
    ];
    let start = |what, ready| Start {
        what,
        size: 0,
        ready: vec![ready],
        cpu: vec![ready],
        memory: vec![1.0],
    };
    Measured {
        effort: Effort::tiny(),
        date: String::new(),
        machine: String::new(),
        envoy: String::new(),
        apart: true,
        load: [0.0; 2],
        jobs: vec![Times {
            id: "header-rewrite",
            title: "",
            copies: 10,
            empty: vec![10.0, 10.0],
            chains,
        }],
        starts: vec![start("no filter", 1.0), start("jwt-auth", 1.5)],
        bodies: Bodies {
            without: vec![100.0],
            with: vec![104.0],
        },
        latencies: Vec::new(),
        ledger: ledger::parse("| cors | simple request of an allowed origin | 6001 | |"),
    }
}

fn held(verdicts: &[Verdict], case: &str, what: &str) -> bool {
    verdicts
        .iter()
        .find(|verdict| verdict.case == case && verdict.what == what)
        .unwrap()
        .holds()
}

#[test]
fn a_figure_holds_up_to_its_limit() {
    for (ours, floor, lua) in [
        (20.0, true, true),
        (23.0, true, true),
        (24.0, false, true),
        (27.0, false, false),
    ] {
        let verdicts = judge(&measured(ours));
        assert_eq!(held(&verdicts, "header-rewrite", FLOOR), floor, "{ours}");
        assert_eq!(held(&verdicts, "header-rewrite", LUA), lua, "{ours}");
    }
    let verdicts = judge(&measured(20.0));
    assert!(!held(&verdicts, "cors, simple request", INSTRUCTIONS));
    assert!(held(
        &verdicts,
        "a body of 100 MiB through all four",
        "× no filter"
    ));
    assert!(held(
        &verdicts,
        "jwt-auth, start to ready",
        "s above no filter"
    ));
}

#[test]
fn what_was_not_measured_does_not_hold() {
    let verdicts = judge(&measured(20.0));
    assert_eq!(verdicts.len(), TARGETS.len());
    assert!(!held(&verdicts, "cors, no origin", FLOOR));
    let verdict = verdicts
        .iter()
        .find(|verdict| verdict.case == "cors, no origin")
        .unwrap();
    assert_eq!(
        verdict.to_string(),
        "cors, no origin: not measured, × floor, at most 1.30"
    );
}
