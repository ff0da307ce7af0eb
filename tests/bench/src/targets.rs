//! What each figure may be at most, and whether it is.
//!
//! Ratios are of one run, so they hold on any machine; instructions are those of the cost ledger.

use std::fmt;

use serde::Serialize;

use crate::figures::Figure;
use crate::jobs::ONE_MODULE;
use crate::run::{Measured, Start};

/// A figure and its limit.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Of which case.
    pub case: &'static str,
    /// Of what: `× floor`.
    pub what: &'static str,
    /// What was measured; absent where the run left it out.
    pub measured: Option<Figure>,
    /// The most that it may be.
    pub limit: f64,
}

impl Verdict {
    /// Whether it was measured, and keeps its limit.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.measured
            .is_some_and(|figure| figure.median <= self.limit)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.case)?;
        match self.measured {
            Some(figure) => write!(f, "{}", number(figure.median))?,
            None => f.write_str("not measured,")?,
        }
        write!(f, " {}, at most {}", self.what, number(self.limit))
    }
}

/// As short as a figure is exact.
pub(crate) fn number(value: f64) -> String {
    if value >= 1000.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

/// Where a figure comes from.
enum Source {
    /// How many times as much ours costs as this one, in a job.
    Ratio(&'static str, &'static str),
    /// How many times as much one chain costs as another, in a job.
    Between(&'static str, &'static str, &'static str),
    /// How many times as much many cost as one, in a job.
    Growth(&'static str),
    /// How many times as much the whole request costs as one that Envoy answers itself.
    Whole(&'static str),
    /// Instructions of a case of the ledger, by its filter and name.
    Ledger(&'static str, &'static str),
    /// How many times as much CPU time large bodies take with all four.
    Bodies,
    /// Seconds of CPU time from start to ready, beyond those of no filter: how long it takes on a
    /// core that nothing else wants.
    Start(&'static str),
}

struct Target {
    case: &'static str,
    what: &'static str,
    limit: f64,
    source: Source,
}

const fn target(case: &'static str, what: &'static str, limit: f64, source: Source) -> Target {
    Target {
        case,
        what,
        limit,
        source,
    }
}

const FLOOR: &str = "× floor";
const LUA: &str = "× Lua";
const NATIVE: &str = "× native";
const INSTRUCTIONS: &str = "instructions";
const WITHOUT_SIGNATURE: &str = "instructions without the signature";

const TARGETS: &[Target] = &[
    target(
        "header-rewrite",
        FLOOR,
        1.3,
        Source::Ratio("header-rewrite", "floor"),
    ),
    target(
        "header-rewrite",
        LUA,
        0.55,
        Source::Ratio("header-rewrite", "Lua"),
    ),
    target(
        "header-rewrite",
        INSTRUCTIONS,
        5000.0,
        Source::Ledger(
            "header-rewrite",
            "set and remove a request header, set a response header",
        ),
    ),
    target(
        "cors, simple request",
        FLOOR,
        1.3,
        Source::Ratio("cors", "floor"),
    ),
    target(
        "cors, simple request",
        LUA,
        0.55,
        Source::Ratio("cors", "Lua"),
    ),
    target(
        "cors, simple request",
        INSTRUCTIONS,
        6000.0,
        Source::Ledger("cors", "simple request of an allowed origin"),
    ),
    target(
        "cors, no origin",
        FLOOR,
        1.3,
        Source::Ratio("cors-no-origin", "floor"),
    ),
    target(
        "cors, preflight",
        "× Envoy's direct response, whole request",
        1.35,
        Source::Whole("cors-preflight"),
    ),
    target(
        "rate-limit, `headers: both`",
        FLOOR,
        1.3,
        Source::Ratio("rate-limit-both", "floor"),
    ),
    target(
        "rate-limit, `headers: both`",
        INSTRUCTIONS,
        9000.0,
        Source::Ledger("rate-limit", "a header as key, headers: both"),
    ),
    target(
        "rate-limit, `headers: none`",
        LUA,
        0.7,
        Source::Ratio("rate-limit-none", "Lua"),
    ),
    target(
        "rate-limit, `headers: none`",
        INSTRUCTIONS,
        6000.0,
        Source::Ledger("rate-limit", "a header as key, headers: none"),
    ),
    target(
        "jwt-auth, cached RS256",
        FLOOR,
        1.4,
        Source::Ratio("jwt-cached", "floor"),
    ),
    target(
        "jwt-auth, cached RS256",
        "× native without its cache",
        0.12,
        Source::Ratio("jwt-cached", "native"),
    ),
    target(
        "jwt-auth, cached RS256",
        INSTRUCTIONS,
        9000.0,
        Source::Ledger("jwt-auth", "RS256, cached"),
    ),
    target(
        "jwt-auth, fresh RS256",
        NATIVE,
        1.2,
        Source::Ratio("jwt-rs256", "native"),
    ),
    target(
        "jwt-auth, fresh RS256",
        WITHOUT_SIGNATURE,
        30_000.0,
        Source::Ledger("jwt-auth", "RS256, fresh, without the signature"),
    ),
    target(
        "jwt-auth, fresh ES256",
        NATIVE,
        1.15,
        Source::Ratio("jwt-es256", "native"),
    ),
    target(
        "jwt-auth, fresh ES256",
        WITHOUT_SIGNATURE,
        30_000.0,
        Source::Ledger("jwt-auth", "ES256, fresh, without the signature"),
    ),
    target(
        "jwt-auth, fresh HS256",
        NATIVE,
        0.8,
        Source::Ratio("jwt-hs256", "native"),
    ),
    target(
        "chain of four, cached token",
        "× native without its JWT cache",
        0.45,
        Source::Ratio("chain", "native"),
    ),
    target(
        "all four in one module, cached token",
        "× four modules",
        0.6,
        Source::Between("chain", ONE_MODULE, "ours"),
    ),
    target(
        "all four in one module, cached token",
        "× native without its JWT cache",
        0.25,
        Source::Between("chain", ONE_MODULE, "native"),
    ),
    target(
        "all four in one module, cached token",
        "× native with its JWT cache",
        2.0,
        Source::Between("chain", ONE_MODULE, "native, with its cache"),
    ),
    target("1,000 path rules", "× 1 rule", 1.5, Source::Growth("rules")),
    target(
        "1,000 origins",
        "× 1 origin",
        1.5,
        Source::Growth("origins"),
    ),
    target("100,000 keys", "× 1 key", 1.5, Source::Growth("keys")),
    target(
        "a body of 100 MiB through all four",
        "× no filter",
        1.05,
        Source::Bodies,
    ),
    target(
        "jwt-auth, start to ready",
        "s above no filter",
        1.0,
        Source::Start("jwt-auth"),
    ),
    target(
        "all four, start to ready",
        "s above no filter",
        2.2,
        Source::Start("all four"),
    ),
];

/// Holds what was measured against every target.
#[must_use]
pub fn judge(measured: &Measured) -> Vec<Verdict> {
    let verdict = |target: &Target| Verdict {
        case: target.case,
        what: target.what,
        measured: figure(&target.source, measured).filter(|figure| figure.median.is_finite()),
        limit: target.limit,
    };
    TARGETS.iter().map(verdict).collect()
}

fn figure(source: &Source, measured: &Measured) -> Option<Figure> {
    match source {
        Source::Ratio(job, other) => measured.job(job)?.ratio("ours", other),
        Source::Between(job, one, other) => measured.job(job)?.ratio(one, other),
        Source::Growth(job) => measured.job(job)?.ratio("many", "one"),
        Source::Whole(job) => measured.job(job)?.whole("ours"),
        Source::Ledger(filter, case) => {
            let row = measured
                .ledger
                .iter()
                .find(|row| row.filter == *filter && row.case == *case)?;
            Some(Figure::of([row.instructions as f64]))
        }
        Source::Bodies => {
            let bodies = &measured.bodies;
            Some(Figure::of(
                bodies
                    .with
                    .iter()
                    .zip(&bodies.without)
                    .map(|(with, without)| with / without),
            ))
        }
        Source::Start(what) => {
            let cpu = |what| {
                measured
                    .start(what)
                    .map(|start: &Start| start.cpu.as_slice())
            };
            Some(Figure::difference(cpu(what)?, cpu("no filter")?, 1.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Bodies, Effort, Times};

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
}
