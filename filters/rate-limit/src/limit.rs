//! Limits: which requests are counted together, and how many of them pass.

use crate::cost::Cost;
use crate::key::{self, Entry, KeyPart};
use crate::quota::Quota;
use filter_kit::matching::Match;
use filter_kit::request::{Request, TooManyReadings};
use filter_kit::values::Mode;

/// A limit.
#[derive(Debug, Clone)]
pub struct Limit {
    /// Its name, which stands in counters, replies and response-code details.
    pub name: String,
    /// The requests that it counts.
    pub matches: Match,
    /// What tells one bucket from another; empty: there is one for all.
    pub key: Vec<KeyPart>,
    /// How many pass; `None` where the rate limit service alone knows.
    pub quota: Option<Quota>,
    /// What a request costs.
    pub cost: Cost,
    /// What to do with a request without a part of the key.
    pub missing_key: MissingKey,
    /// Who counts.
    pub scope: Scope,
    /// Whether to act on it.
    pub mode: Mode,
}

/// Who counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This Envoy process.
    Process,
    /// The rate limit service.
    Service,
}

/// What to do with a request without a part of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingKey {
    /// The limit does not count it.
    Skip,
    /// All such requests share a bucket.
    Shared,
    /// It is refused with 400.
    Refuse,
}

/// The bucket of a request at a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bucket {
    /// This one.
    Of(Vec<Entry>),
    /// None: the limit does not count the request.
    None,
    /// None, and the request is refused.
    Refused,
}

impl Limit {
    /// Whether it counts a request: any reading of the path matches.
    ///
    /// # Errors
    /// [`TooManyReadings`] of a path that the match or the key looks at.
    pub fn counts(&self, request: &Request) -> Result<bool, TooManyReadings> {
        if self.matches.readings(request)?.is_none() {
            return Ok(false);
        }
        if self.key.contains(&KeyPart::Path) {
            request.canonical_path()?;
        }
        Ok(true)
    }

    /// The bucket of a request that it counts.
    #[must_use]
    pub fn bucket(&self, request: &Request) -> Bucket {
        match (key::entries(&self.key, request), self.missing_key) {
            (Some(entries), _) => Bucket::Of(entries),
            (None, MissingKey::Skip) => Bucket::None,
            (None, MissingKey::Shared) => Bucket::Of(shared()),
            (None, MissingKey::Refuse) => Bucket::Refused,
        }
    }

    /// Whether it looks at the host, so that a request with a malformed one has to be refused.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        self.matches.looks_at_host() || self.key.iter().any(KeyPart::looks_at_host)
    }
}

/// The bucket of requests without a key. The name of its entry is that of no key part, so no client can be in it by what it sends.
fn shared() -> Vec<Entry> {
    vec![Entry {
        name: "missing_key".to_owned(),
        value: b"shared".to_vec(),
    }]
}
