//! Limits: which requests are counted together, and how many of them pass.

use crate::cost::Cost;
use crate::key::{self, Entry, KeyPart};
use crate::quota::Quota;
use filter_kit::matching::Match;
use filter_kit::request::{Needs, RequestHead};
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
    /// What becomes of a request without a part of the key.
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

/// What becomes of a request without a part of the key.
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
    /// The bucket of a request that matches.
    #[must_use]
    pub fn bucket(&self, request: &RequestHead) -> Bucket {
        match (key::entries(&self.key, request), self.missing_key) {
            (Some(entries), _) => Bucket::Of(entries),
            (None, MissingKey::Skip) => Bucket::None,
            (None, MissingKey::Shared) => Bucket::Of(shared()),
            (None, MissingKey::Refuse) => Bucket::Refused,
        }
    }

    /// What has to be known of a request to count it.
    #[must_use]
    pub fn needs(&self) -> Needs {
        Needs::any(self.key.iter().map(KeyPart::needs))
            .or(self.matches.needs())
            .or(self.cost.needs())
    }
}

/// The bucket of requests without a key. The name of its entry is that of no key part, so no client can be in it by what it sends.
fn shared() -> Vec<Entry> {
    vec![Entry {
        name: "missing_key".to_owned(),
        value: b"shared".to_vec(),
    }]
}
