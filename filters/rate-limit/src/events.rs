//! What is counted: events of the filter, and for each limit `rate_limit.passed.NAME_total`,
//! `rate_limit.refused.NAME_total`, `rate_limit.reported.NAME_total` and
//! `rate_limit.annotated.NAME_total`.

use crate::config::Config;
use crate::decision::{Decision, Incidents, Outcome, Verdict};
use crate::limit::{Limit, LimitMode};
use crate::reason::Reason;
use filter_kit::config::FilterConfig as _;
use filter_kit::explain::Explanation;
use filter_kit::host::{Counter, Counters};
use filter_kit::request::Request;
use filter_kit::values::Mode;

filter_kit::counters! {
    /// What the filter counts.
    pub enum Event in "rate_limit" {
        /// Requests that `exempt` let pass uncounted.
        Exempt => "exempt_total",
        /// Requests that a limit did not count because a part of its key was missing, once for each
        /// such limit.
        MissingKey => "missing_key_total",
        /// Buckets evicted because a limit's table was full. If this grows, raise `max_keys`.
        Evicted => "evicted_total",
        /// Requests that were or would have been refused because too many workers changed the same
        /// buckets at the same time.
        Contended => "contended_total",
        /// Requests that were or would have been refused because the table of a `concurrent` limit
        /// was full of other keys. If this grows, raise `max_keys`.
        Crowded => "crowded_total",
        /// Requests refused with 400: the path can be read in too many ways.
        RefusedAmbiguousPath => "refused.ambiguous_path_total" | "reported.ambiguous_path_total",
        /// Requests refused with 400: the host is malformed.
        RefusedMalformedHost => "refused.malformed_host_total" | "reported.malformed_host_total",
        /// Answers of the rate limit service that let a request pass.
        ServiceOk => "service.ok_total",
        /// Answers of the rate limit service that a limit is exceeded.
        ServiceOverLimit => "service.over_limit_total",
        /// Requests for which the rate limit service gave no answer in time.
        ServiceError => "service.error_total",
    }
}

/// Names that limits must not have, because the filter's own counters use them.
pub(crate) const RESERVED: &[&str] = &["ambiguous_path", "malformed_host"];

/// The counters of a configuration.
#[derive(Debug)]
pub(crate) struct Counting {
    events: Counters<Event>,
    by_limit: Vec<ByLimit>,
}

/// The counters of one limit.
#[derive(Debug)]
struct ByLimit {
    name: String,
    passed: Counter,
    refused: Counter,
    reported: Counter,
    annotated: Counter,
}

impl ByLimit {
    #[cold]
    fn report(&self, request: &Request) {
        self.reported.increment();
        self.explain(Mode::Report, "rate_limited", request);
    }

    #[cold]
    fn annotate(&self, request: &Request) {
        self.annotated.increment();
        self.explain(Mode::Report, "rate_limited", request);
    }

    fn explain(&self, mode: Mode, reason: &str, request: &Request) {
        let explanation = Explanation::new(Config::FILTER, mode, reason);
        request.explain(&explanation.field("limit", self.name.as_bytes()));
    }
}

impl Counting {
    /// Defines the counters. Call it when a configuration is loaded, never per request.
    #[must_use]
    pub(crate) fn define(limits: &[Limit]) -> Self {
        let by_limit = |limit: &Limit| {
            let name = &limit.name;
            let define = |what: &str| Counter::define(&format!("rate_limit.{what}.{name}_total"));
            ByLimit {
                name: name.clone(),
                passed: define("passed"),
                refused: define("refused"),
                reported: define("reported"),
                annotated: if limit.mode == LimitMode::Annotate {
                    define("annotated")
                } else {
                    Counter::default()
                },
            }
        };
        Self {
            events: Counters::define(),
            by_limit: limits.iter().map(by_limit).collect(),
        }
    }

    /// Counts an event.
    pub(crate) fn event(&self, event: Event) {
        self.events.increment(event);
    }

    /// Counts a decision, and explains what it refuses or would refuse.
    pub(crate) fn count(&self, decision: &Decision, request: &Request) {
        for (limit, outcome) in decision.outcomes.iter() {
            if let Some(counters) = self.by_limit.get(*limit) {
                match outcome {
                    Outcome::Passed => counters.passed.increment(),
                    Outcome::Refused => counters.refused.increment(),
                    Outcome::Reported => counters.report(request),
                    Outcome::Annotated => counters.annotate(request),
                }
            }
        }
        // In most cases there is nothing else.
        if !matches!(decision.verdict, Verdict::Pass) || decision.incidents != Incidents::default()
        {
            self.count_incidents(decision, request);
        }
    }

    #[cold]
    fn count_incidents(&self, decision: &Decision, request: &Request) {
        for reason in reported(decision.incidents) {
            let reason = reason.details();
            request.explain(&Explanation::new(Config::FILTER, Mode::Report, reason));
        }
        if let Verdict::Refuse(refusal) = &decision.verdict {
            let reason = refusal.reason.details();
            match refusal.limit.and_then(|limit| self.by_limit.get(limit)) {
                Some(limit) => limit.explain(Mode::Enforce, reason, request),
                None => {
                    request.explain(&Explanation::new(Config::FILTER, Mode::Enforce, reason));
                }
            }
        }
        for (event, mode, times) in events(decision) {
            (0..times).for_each(|_| self.events.count(event, mode));
        }
    }
}

/// Returns why the filter itself would have refused a request.
fn reported(incidents: Incidents) -> impl Iterator<Item = Reason> {
    let path = incidents.ambiguous_path.then_some(Reason::AmbiguousPath);
    let host = incidents.malformed_host.then_some(Reason::MalformedHost);
    host.into_iter().chain(path)
}

/// Returns the events of a decision that do not belong to a limit, and how often each is counted.
fn events(decision: &Decision) -> [(Event, Mode, u32); 9] {
    let Incidents {
        missing_keys,
        evicted,
        contended,
        crowded,
        ambiguous_path,
        malformed_host,
    } = decision.incidents;
    let is_refused = |reason: Reason| {
        let is_it =
            matches!(&decision.verdict, Verdict::Refuse(refusal) if refusal.reason == reason);
        u32::from(is_it)
    };
    let is_exempt = decision.verdict == Verdict::Exempt;
    [
        (Event::Exempt, Mode::Enforce, is_exempt.into()),
        (Event::MissingKey, Mode::Enforce, missing_keys),
        (Event::Evicted, Mode::Enforce, evicted),
        (Event::Contended, Mode::Enforce, contended),
        (Event::Crowded, Mode::Enforce, crowded),
        (
            Event::RefusedAmbiguousPath,
            Mode::Enforce,
            is_refused(Reason::AmbiguousPath),
        ),
        (
            Event::RefusedAmbiguousPath,
            Mode::Report,
            ambiguous_path.into(),
        ),
        (
            Event::RefusedMalformedHost,
            Mode::Enforce,
            is_refused(Reason::MalformedHost),
        ),
        (
            Event::RefusedMalformedHost,
            Mode::Report,
            malformed_host.into(),
        ),
    ]
}
