//! Counting what was decided, in the host's counters.

use crate::events::Event;
use crate::limit::Limit;
use crate::verdict::{Decision, Incidents, Outcome, Reason, Verdict};
use filter_kit::host::{Counter, Counters};

/// The counters of a configuration.
#[derive(Debug)]
pub struct Counting {
    events: Counters<Event>,
    by_limit: Vec<ByLimit>,
}

/// What is counted for each limit.
#[derive(Debug)]
struct ByLimit {
    name: String,
    passed: Counter,
    refused: Counter,
    reported: Counter,
}

impl Counting {
    /// Defines the counters. At load, never per request.
    #[must_use]
    pub fn define(limits: &[Limit]) -> Self {
        let by_limit = |limit: &Limit| {
            let name = &limit.name;
            let define = |what: &str| Counter::define(&format!("rate_limit.{what}.{name}_total"));
            ByLimit {
                name: name.clone(),
                passed: define("passed"),
                refused: define("refused"),
                reported: define("reported"),
            }
        };
        Self {
            events: Counters::define(),
            by_limit: limits.iter().map(by_limit).collect(),
        }
    }

    /// Counts an event.
    pub fn event(&self, event: Event) {
        self.events.increment(event);
    }

    /// Counts a decision, and logs what it would have refused.
    pub fn count(&self, decision: &Decision) {
        for (limit, outcome) in &decision.outcomes {
            let Some(counters) = self.by_limit.get(*limit) else {
                continue;
            };
            match outcome {
                Outcome::Passed => counters.passed.increment(),
                Outcome::Refused => counters.refused.increment(),
                Outcome::Reported => {
                    counters.reported.increment();
                    let name = &counters.name;
                    log::info!("report: the request would be refused by the limit {name}");
                }
            }
        }
        for (event, times) in events(decision) {
            (0..times).for_each(|_| self.events.increment(event));
        }
    }
}

/// What a decision counts beside its limits, and how often.
fn events(decision: &Decision) -> [(Event, u32); 6] {
    let Incidents {
        missing_keys,
        evicted,
        contended,
        ambiguous_path,
    } = decision.incidents;
    let refused_path = matches!(
        &decision.verdict,
        Verdict::Refuse(refusal) if refusal.reason == Reason::AmbiguousPath
    );
    let exempt = decision.verdict == Verdict::Exempt;
    [
        (Event::Exempt, exempt.into()),
        (Event::MissingKey, missing_keys),
        (Event::Evicted, evicted),
        (Event::Contended, contended),
        (Event::RefusedAmbiguousPath, refused_path.into()),
        (Event::ReportedAmbiguousPath, ambiguous_path.into()),
    ]
}
