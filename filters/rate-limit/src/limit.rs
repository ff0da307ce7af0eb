//! Limits: which requests are counted together, and how many of them pass.

use crate::cost::Cost;
use crate::few::Few;
use crate::key::{self, Key, KeyPart, Keys};
use crate::quota::Quota;
use crate::reason::Reason;
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

    /// The keys of a request that it counts: each of their buckets is charged. None: the limit does not count the request after all.
    ///
    /// # Errors
    /// Why the limit refuses the request, whatever its buckets hold.
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

    /// Whether it looks at the host, so that a request with a malformed one has to be refused.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        self.matches.looks_at_host() || self.key.iter().any(KeyPart::looks_at_host)
    }
}
