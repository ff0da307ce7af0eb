//! All limits of a configuration, with the tables that they count in.

use crate::limit::Limit;
use crate::limiter::Limiter;
use filter_kit::matching::{Match, ReadingSet};
use filter_kit::request::{Request, TooManyReadings};
use filter_kit::store::{CasStore, SlotTable};

/// All limits of a configuration.
#[derive(Debug)]
pub struct Limits {
    limits: Vec<(Limit, Option<Limiter>)>,
    exempt: Vec<Match>,
}

impl Limits {
    /// Limits with a table each, of at most `max_keys` slots. A table is known by its limit's name: limits of one name in one store count
    /// together, whichever configuration they are from. `seed` is random; see [`SlotTable::new`].
    #[must_use]
    pub fn new(
        limits: Vec<Limit>,
        exempt: Vec<Match>,
        max_keys: u32,
        store: &impl CasStore,
        seed: [u8; 16],
    ) -> Self {
        let with_table = |limit: Limit| {
            let limiter = limit.quota.map(|quota| {
                let slots = if limit.key.is_empty() { 1 } else { max_keys };
                let name = format!("rate-limit/{}", limit.name);
                Limiter::new(quota, SlotTable::new(store, &name, slots, seed))
            });
            (limit, limiter)
        };
        Self {
            limits: limits.into_iter().map(with_table).collect(),
            exempt,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.limits.is_empty()
    }

    /// Each limit with its place, and the limiter where this process may count.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Limit, Option<&Limiter>)> {
        self.limits
            .iter()
            .enumerate()
            .map(|(index, (limit, limiter))| (index, limit, limiter.as_ref()))
    }

    /// The limit at a place.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<(&Limit, Option<&Limiter>)> {
        self.limits
            .get(index)
            .map(|(limit, limiter)| (limit, limiter.as_ref()))
    }

    /// Whether no limit counts a request: each reading of its path is exempt, by one match or another.
    ///
    /// # Errors
    /// [`TooManyReadings`] of a path that decides.
    pub fn is_exempt(&self, request: &Request) -> Result<bool, TooManyReadings> {
        let mut exempt = ReadingSet::NONE;
        let mut unread = None;
        for matches in &self.exempt {
            match matches.readings(request) {
                Ok(readings) => exempt = exempt.or(readings),
                Err(error) => unread = Some(error),
            }
            if exempt.is_all() {
                return Ok(true);
            }
        }
        unread.map_or(Ok(false), Err)
    }

    /// Whether a limit or an exemption looks at the host, so that a request with a malformed one has to be refused.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        let mut limits = self.limits.iter();
        limits.any(|(limit, _)| limit.looks_at_host())
            || self.exempt.iter().any(Match::looks_at_host)
    }
}
