//! Limits: which requests are counted together, and how many of them pass.

use crate::allowance::Allowance;
use crate::cost::Cost;
use crate::few::Few;
use crate::key::{self, Key, KeyPart, Keys};
use crate::reason::Reason;
use filter_kit::matching::Match;
use filter_kit::reply::ReplyTemplate;
use filter_kit::request::{Request, TooManyReadings};
use filter_kit::values::Mode;
use serde::Deserialize;
use std::ops::RangeInclusive;

/// A limit.
#[derive(Debug, Clone)]
pub struct Limit {
    /// Its name, which appears in counters, replies and response-code details.
    pub name: String,
    /// The requests that it counts.
    pub matches: Match,
    /// The parts of the key. If empty, there is one bucket for all requests.
    pub key: Vec<KeyPart>,
    /// How many pass.
    pub allowance: Allowance,
    /// What a request costs.
    pub cost: Cost,
    /// When it is charged.
    pub charge: Charge,
    /// What to do with a request that lacks a part of the key.
    pub missing_key: MissingKey,
    /// Who counts.
    pub scope: Scope,
    /// Whether the limit is enforced.
    pub mode: LimitMode,
    /// The configured reply of this limit, which replaces the general one.
    pub response: Option<ReplyTemplate>,
}

/// When a request is charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Charge {
    /// When it arrives.
    OnRequest,
    /// When its response arrives, if it has one of these statuses; empty matches any status.
    OnResponse(Vec<RangeInclusive<u16>>),
}

impl Charge {
    /// Whether a response with this status is charged.
    #[must_use]
    pub fn counts(&self, status: Option<u16>) -> bool {
        match self {
            Self::OnRequest => false,
            Self::OnResponse(ranges) if ranges.is_empty() => true,
            Self::OnResponse(ranges) => {
                status.is_some_and(|status| ranges.iter().any(|range| range.contains(&status)))
            }
        }
    }
}

/// Whether to act on a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LimitMode {
    /// Refuse what exceeds the limit.
    Enforce,
    /// Count and log what exceeds the limit, and let it through unchanged.
    Report,
    /// Let through what exceeds the limit, with the limit's name in the request header
    /// `x-ratelimit-exceeded`.
    Annotate,
}

impl LimitMode {
    /// Whether the limit refuses requests.
    #[must_use]
    pub fn is_enforced(self) -> bool {
        self == Self::Enforce
    }
}

impl From<Mode> for LimitMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Enforce => Self::Enforce,
            Mode::Report => Self::Report,
        }
    }
}

/// Who counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This Envoy process.
    Process,
    /// The rate limit service.
    Service,
}

/// What to do with a request that lacks a part of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingKey {
    /// The limit does not count it.
    Skip,
    /// All such requests share one bucket.
    Shared,
    /// It is refused with 400.
    Refuse,
}

impl Limit {
    /// Whether it counts a request: any reading of the path matches.
    ///
    /// # Errors
    /// [`TooManyReadings`] of a path that the match or the key depends on.
    pub fn counts(&self, request: &Request) -> Result<bool, TooManyReadings> {
        if self.matches.readings(request)?.is_none() {
            return Ok(false);
        }
        self.key.iter().try_for_each(|part| part.check(request))?;
        Ok(true)
    }

    /// Returns the keys of a request that it counts, whose buckets are all charged. If there are
    /// none, the limit does not count the request after all.
    ///
    /// # Errors
    /// Why the limit refuses the request, whatever is in its buckets.
    pub fn keys<'r>(&'r self, request: &'r Request) -> Result<Few<Key<'r>>, Reason> {
        let keys = match key::keys(&self.key, request) {
            Keys::One(key) => Few::One(key),
            Keys::Several(keys) => Few::Many(keys),
            Keys::TooMany => return Err(Reason::RepeatedKey),
        };
        let lacks = |key: &Key<'_>| *key == Key::Missing;
        match self.missing_key {
            MissingKey::Shared => Ok(keys),
            _ if !keys.iter().any(lacks) => Ok(keys),
            MissingKey::Skip => Ok(keys.iter().filter(|key| !lacks(key)).cloned().collect()),
            MissingKey::Refuse => Err(Reason::MissingKey),
        }
    }

    /// Whether the limit depends on the host. If so, a request with a malformed host has to be
    /// refused.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        self.matches.looks_at_host()
            || self.key.iter().any(KeyPart::looks_at_host)
            || self
                .response
                .as_ref()
                .is_some_and(ReplyTemplate::looks_at_host)
    }
}
