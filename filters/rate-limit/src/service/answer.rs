//! The answer of the rate limit service.

use super::proto::{
    DescriptorStatus, HeaderValue, OK, OVER_LIMIT, RateLimitResponse, unit_seconds,
};
use crate::decision::{Decision, Question, Verdict};
use crate::fields::{Advertised, Standing};
use crate::limits::Limits;
use crate::quota::{Left, whole_seconds};
use crate::reason::Reason;
use crate::reply::Extra;
use filter_kit::values::{HeaderName, is_header_value};
use prost::Message;
use std::time::Duration;

/// Maximum number of headers of an answer that are passed on to the upstream, and likewise to the
/// client.
const MAX_HEADERS: usize = 64;

/// A checked answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    over_limit: bool,
    statuses: Vec<DescriptorStatus>,
    /// Headers for the upstream.
    pub for_upstream: Vec<(HeaderName, Vec<u8>)>,
    /// Headers for the client and, for a refusal, the body.
    pub for_client: Extra,
}

impl Answer {
    /// Decodes a `RateLimitResponse`. Returns `None` if it is malformed, or if it contains no
    /// decision.
    #[must_use]
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let response = RateLimitResponse::decode(bytes).ok()?;
        let over_limit = match response.overall_code {
            OK => false,
            OVER_LIMIT => true,
            _ => return None,
        };
        Some(Self {
            over_limit,
            statuses: response.statuses,
            for_upstream: headers(response.request_headers_to_add),
            for_client: Extra {
                headers: headers(response.response_headers_to_add),
                body: response.raw_body,
            },
        })
    }

    /// Whether a limit is used up.
    #[must_use]
    pub(crate) fn is_over_limit(&self) -> bool {
        self.over_limit
    }

    /// Returns the status of each question, if the service returned one for each.
    fn statuses(&self, questions: &[Question]) -> &[DescriptorStatus] {
        if self.statuses.len() == questions.len() {
            &self.statuses
        } else {
            &[]
        }
    }

    /// Whether the limit of a question is used up. The overall code decides whether any is. If no
    /// status says which, all are.
    fn is_used_up(&self, at: usize, questions: &[Question]) -> bool {
        let statuses = self.statuses(questions);
        let says_which = statuses.iter().any(|status| status.code == OVER_LIMIT);
        let this = statuses.get(at).is_some_and(|s| s.code == OVER_LIMIT);
        self.over_limit && (this || !says_which)
    }
}

fn headers(list: Vec<HeaderValue>) -> Vec<(HeaderName, Vec<u8>)> {
    list.into_iter()
        .filter_map(|header| {
            let name = HeaderName::new(&header.key).ok()?;
            let value = if header.raw_value.is_empty() {
                header.value.into_bytes()
            } else {
                header.raw_value
            };
            let good = is_header_value(&value) && !name.is_framing();
            good.then_some((name, value))
        })
        .take(MAX_HEADERS)
        .collect()
}

/// Adds the service's answer to the decision.
#[must_use]
pub(crate) fn answered(
    mut decision: Decision,
    questions: &[Question],
    answer: &Answer,
    limits: &Limits,
) -> Decision {
    decision.verdict = Verdict::Pass;
    let statuses = answer.statuses(questions);
    let refusing = refusing(questions, answer, limits);
    for (at, question) in questions.iter().enumerate() {
        let standing = statuses
            .get(at)
            .and_then(|status| standing(question.limit, status));
        if is_enforced(question, limits)
            && let Some(standing) = standing
        {
            decision.stand(standing, refusing == Some(at));
        }
    }
    for (at, question) in questions.iter().enumerate() {
        let Some(limit) = limits.get(question.limit).map(|counted| &counted.limit) else {
            continue;
        };
        if !answer.is_used_up(at, questions) {
            decision.pass(question.limit);
        } else if !limit.mode.is_enforced() || refusing == Some(at) {
            let retry_after = wait(statuses.get(at)).max(1);
            if decision.refuse(question.limit, limit, Reason::UsedUp { retry_after }) {
                break;
            }
        }
    }
    decision
}

/// Returns the question whose limit refuses the request. Of the enforced limits that are used up,
/// it is the one with the longest wait, because the next request would be refused until then.
fn refusing(questions: &[Question], answer: &Answer, limits: &Limits) -> Option<usize> {
    let statuses = answer.statuses(questions);
    let used_up = questions.iter().enumerate().filter(|(at, question)| {
        answer.is_used_up(*at, questions) && is_enforced(question, limits)
    });
    used_up
        .map(|(at, _)| (at, wait(statuses.get(at))))
        .reduce(|longest, other| if other.1 > longest.1 { other } else { longest })
        .map(|(at, _)| at)
}

fn is_enforced(question: &Question, limits: &Limits) -> bool {
    limits
        .get(question.limit)
        .is_some_and(|counted| counted.limit.mode.is_enforced())
}

/// Returns the wait in seconds; 0 if the service does not return it.
fn wait(status: Option<&DescriptorStatus>) -> u64 {
    status.map_or(0, |status| whole_seconds(reset(status)))
}

fn standing(limit: usize, status: &DescriptorStatus) -> Option<Standing> {
    let current = status.current_limit.as_ref()?;
    let left = Left {
        remaining: status.limit_remaining.into(),
        reset: reset(status),
    };
    Some(Standing {
        advertised: Some(Box::new(Advertised {
            requests: current.requests_per_unit.into(),
            window: unit_seconds(current.unit),
        })),
        ..Standing::new(limit, left)
    })
}

fn reset(status: &DescriptorStatus) -> Duration {
    let period = status.duration_until_reset.clone().unwrap_or_default();
    let nanos = u32::try_from(period.nanos).unwrap_or(0).min(999_999_999);
    Duration::new(u64::try_from(period.seconds).unwrap_or(0), nanos)
}
