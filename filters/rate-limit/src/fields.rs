//! Header fields that tell clients about their limits: `RateLimit` and `RateLimit-Policy` of
//! draft-ietf-httpapi-ratelimit-headers-10, and the older `X-RateLimit-*`.

mod label;
mod number;

use crate::quota::{Left, whole_seconds};
use filter_kit::response::Response;
use label::policy;
use number::Number;
use serde::Deserialize;
use std::borrow::Cow;

pub(crate) use label::{Label, window};

/// Which fields inform clients of their limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum FieldStyle {
    /// `RateLimit` and `RateLimit-Policy`, for all limits that count the request.
    Draft,
    /// `X-RateLimit-Limit`, `-Remaining` and `-Reset`, for the limit with the least left.
    Legacy,
    /// Both.
    #[default]
    Both,
    /// None. `retry-after` is still sent.
    None,
}

/// The state of a client at a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The index of the limit.
    pub limit: usize,
    /// What is left.
    pub left: Left,
    /// The quota, if it differs between requests.
    pub advertised: Option<Box<Advertised>>,
}

/// A quota that differs between requests, as returned by the rate limit service or given by a
/// header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Advertised {
    /// The number of requests in the window.
    pub requests: u64,
    /// The window in seconds; `None` if the service does not return it.
    pub window: Option<u64>,
}

/// The fields of a response.
#[derive(Debug, Default)]
pub(crate) struct Fields<'l> {
    /// The value of `RateLimit-Policy`.
    policy: Option<Cow<'l, str>>,
    /// The value of `RateLimit`.
    state: Vec<u8>,
    legacy: Option<Legacy<'l>>,
}

#[derive(Debug)]
struct Legacy<'l> {
    requests: Cow<'l, str>,
    remaining: Number,
    reset: Number,
    /// The remaining requests, as a number.
    left: u64,
}

const LEGACY_LIMIT: &str = "x-ratelimit-limit";
const LEGACY_REMAINING: &str = "x-ratelimit-remaining";
const LEGACY_RESET: &str = "x-ratelimit-reset";

impl FieldStyle {
    fn draft(self) -> bool {
        matches!(self, Self::Draft | Self::Both)
    }

    fn legacy(self) -> bool {
        matches!(self, Self::Legacy | Self::Both)
    }
}

impl Standing {
    /// Creates the state at a limit of this process.
    #[must_use]
    pub(crate) fn new(limit: usize, left: Left) -> Self {
        Self {
            limit,
            left,
            advertised: None,
        }
    }

    /// Whether less is left than at the other limit or, if the same is left, whether its reset
    /// takes longer.
    #[must_use]
    pub(crate) fn is_below(&self, other: &Self) -> bool {
        let rank = |s: &Self| (s.left.remaining, std::cmp::Reverse(s.left.reset));
        rank(self) < rank(other)
    }
}

impl<'l> Fields<'l> {
    /// Creates the fields of a response: the draft fields for all of these limits, and the older
    /// ones for the limit that refused the request, or else for the one with the least left. Reuses
    /// the memory of `buffer`.
    #[must_use]
    pub(crate) fn new(
        style: FieldStyle,
        standings: &[Standing],
        refused_by: Option<usize>,
        label: impl Fn(usize) -> Option<&'l Label>,
        mut buffer: Vec<u8>,
    ) -> Self {
        buffer.clear();
        let mut fields = Self::default();
        if style == FieldStyle::None {
            return fields;
        }
        let shown = match refused_by {
            Some(limit) => standings.iter().find(|standing| standing.limit == limit),
            // The number of requests in progress is not related to a window.
            None => standings
                .iter()
                .filter(|standing| !label(standing.limit).is_some_and(|label| label.is_concurrent))
                .reduce(|least, other| if other.is_below(least) { other } else { least }),
        };
        for standing in standings {
            let Some(label) = label(standing.limit) else {
                continue;
            };
            let advertised = standing.advertised.as_deref();
            let remaining = Number::new(standing.left.remaining);
            let reset = Number::new(whole_seconds(standing.left.reset));
            if style.draft() {
                let policy = match advertised {
                    None => Cow::Borrowed(label.policy.as_str()),
                    Some(advertised) => Cow::Owned(policy(&label.name, *advertised)),
                };
                fields.list(policy, &mut buffer);
                buffer.extend_from_slice(label.name.as_bytes());
                buffer.extend_from_slice(b";r=");
                buffer.extend_from_slice(remaining.digits());
                if !label.is_concurrent {
                    buffer.extend_from_slice(b";t=");
                    buffer.extend_from_slice(reset.digits());
                }
            }
            if style.legacy() && shown.is_some_and(|shown| std::ptr::eq(shown, standing)) {
                let requests = match advertised {
                    None => Cow::Borrowed(label.requests.as_str()),
                    Some(advertised) => Cow::Owned(advertised.requests.to_string()),
                };
                fields.legacy = Some(Legacy {
                    requests,
                    remaining,
                    reset,
                    left: standing.left.remaining,
                });
            }
        }
        fields.state = buffer;
        fields
    }

    /// Adds a limit to the draft fields. The caller has to add its state, such as
    /// `"per-client";r=19;t=12` (draft, section 4).
    fn list(&mut self, policy: Cow<'l, str>, state: &mut Vec<u8>) {
        match &mut self.policy {
            Some(policies) => {
                let policies = policies.to_mut();
                policies.push_str(", ");
                policies.push_str(&policy);
                state.extend_from_slice(b", ");
            }
            none => *none = Some(policy),
        }
    }

    /// Returns the buffer, for the next response.
    #[must_use]
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.state
    }

    /// Returns names and values of the draft fields.
    fn draft(&self) -> Option<[(&'static str, &[u8]); 2]> {
        let policy = self.policy.as_ref()?;
        Some([
            ("ratelimit-policy", policy.as_bytes()),
            ("ratelimit", &self.state),
        ])
    }

    /// Returns names and values of the older fields.
    fn legacy(&self) -> Option<[(&'static str, &[u8]); 3]> {
        let legacy = self.legacy.as_ref()?;
        Some([
            (LEGACY_LIMIT, legacy.requests.as_bytes()),
            (LEGACY_REMAINING, legacy.remaining.digits()),
            (LEGACY_RESET, legacy.reset.digits()),
        ])
    }

    /// Iterates over names and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let draft = self.draft().into_iter().flatten();
        draft.chain(self.legacy().into_iter().flatten())
    }

    /// Writes the fields to a response, except those for which `is_given` returns true. The
    /// response may already have fields of another rate limiter behind this one. The draft fields
    /// are lists, and of the older ones those with the least left are kept.
    pub(crate) fn write(&self, response: &mut Response, is_given: impl Fn(&str) -> bool) {
        for (name, value) in self.draft().into_iter().flatten() {
            if !is_given(name) {
                response.add(name, value);
            }
        }
        let Some(legacy) = &self.legacy else {
            return;
        };
        let theirs_stay = !is_given(LEGACY_REMAINING)
            && response
                .value(LEGACY_REMAINING)
                .and_then(|value| std::str::from_utf8(&value).ok()?.trim().parse::<u64>().ok())
                .is_some_and(|theirs| theirs < legacy.left);
        if theirs_stay {
            return;
        }
        for (name, value) in self.legacy().into_iter().flatten() {
            if !is_given(name) {
                response.set(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
