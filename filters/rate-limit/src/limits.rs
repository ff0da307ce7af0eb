//! All limits of a configuration, with the tables that they count in.

use crate::limit::Limit;
use crate::limiter::Limiter;
use filter_kit::matching::Match;
use filter_kit::request::{Needs, RequestHead};
use filter_kit::spelling::AmbiguousPath;
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

    /// Whether no limit counts a request.
    ///
    /// # Errors
    /// Where that depends on how its path is spelled.
    pub fn is_exempt(&self, request: &RequestHead) -> Result<bool, AmbiguousPath> {
        for exempt in &self.exempt {
            if exempt.fits(request)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What has to be known of a request to count it.
    #[must_use]
    pub fn needs(&self) -> Needs {
        let limits = self.limits.iter().map(|(limit, _)| limit.needs());
        Needs::any(limits.chain(self.exempt.iter().map(Match::needs)))
    }
}
