//! All limits of a configuration, with the tables that they count in.

use crate::fields::Label;
use crate::key;
use crate::limit::Limit;
use crate::limiter::Limiter;
use crate::quota::Quota;
use filter_kit::host;
use filter_kit::matching::{Match, MatchIndex, ReadingSet};
use filter_kit::request::{Request, TooManyReadings};
use filter_kit::store::{CasStore, SlotTable};

/// All limits of a configuration.
#[derive(Debug)]
pub struct Limits {
    limits: Vec<Counted>,
    by_match: MatchIndex,
    exempt: Vec<Match>,
    exempt_by_match: MatchIndex,
}

#[derive(Debug)]
struct Counted {
    limit: Limit,
    /// Where this process may count.
    limiter: Option<Limiter>,
    label: Label,
}

/// What the tables of all limits have in common.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// How many slots each has at most.
    pub max_keys: u32,
    /// Whose they are.
    pub plugin: Plugin,
    /// Random; see [`SlotTable::new`].
    pub seed: [u8; 16],
}

/// A plugin as Envoy's configuration names it. Plugins of one `vm_id` have one store, and each counts for itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plugin {
    /// `name`.
    pub name: Vec<u8>,
    /// `root_id`.
    pub root_id: Vec<u8>,
    /// Which of several in one plugin, from 0.
    pub nth: usize,
}

impl Plugin {
    /// The plugin of this VM. In any callback.
    #[must_use]
    pub fn of_host(nth: usize) -> Self {
        Self {
            name: host::property(b"plugin_name").unwrap_or_default(),
            root_id: host::property(b"plugin_root_id").unwrap_or_default(),
            nth,
        }
    }
}

impl Limits {
    /// Limits with a table each. A table is known by its plugin, and by name, quota and key of its limit: what agrees in all of these in one store
    /// counts together, whichever configuration it is from.
    #[must_use]
    pub fn new(
        limits: Vec<Limit>,
        exempt: Vec<Match>,
        tables: &Tables,
        store: &impl CasStore,
    ) -> Self {
        let counted = |limit: Limit| {
            let limiter = limit.quota.map(|quota| {
                let slots = if limit.key.is_empty() {
                    1
                } else {
                    tables.max_keys
                };
                let identity = identity(&tables.plugin, &limit, &quota);
                let name = SlotTable::name_for(store, &identity, tables.seed);
                let name = format!("rate-limit/{name}");
                Limiter::new(quota, SlotTable::new(store, &name, slots, tables.seed))
            });
            Counted {
                label: Label::new(&limit.name, limit.quota.as_ref()),
                limiter,
                limit,
            }
        };
        Self {
            by_match: MatchIndex::new(limits.iter().map(|limit| &limit.matches)),
            exempt_by_match: MatchIndex::new(&exempt),
            limits: limits.into_iter().map(counted).collect(),
            exempt,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.limits.is_empty()
    }

    /// The limits that may count a request, in order: each with its place, and the limiter where this process may count.
    pub fn candidates(
        &self,
        request: &Request,
    ) -> impl Iterator<Item = (usize, &Limit, Option<&Limiter>)> {
        self.by_match.candidates(request).filter_map(|index| {
            self.get(index)
                .map(|(limit, limiter)| (index, limit, limiter))
        })
    }

    /// The limit at a place.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<(&Limit, Option<&Limiter>)> {
        self.limits
            .get(index)
            .map(|counted| (&counted.limit, counted.limiter.as_ref()))
    }

    /// What the fields say of the limit at a place.
    #[must_use]
    pub fn label(&self, index: usize) -> Option<&Label> {
        self.limits.get(index).map(|counted| &counted.label)
    }

    /// Whether no limit counts a request: each reading of its path is exempt, by one match or another.
    ///
    /// # Errors
    /// [`TooManyReadings`] of a path that decides.
    pub fn is_exempt(&self, request: &Request) -> Result<bool, TooManyReadings> {
        if self.exempt.is_empty() {
            return Ok(false);
        }
        let mut exempt = ReadingSet::NONE;
        let mut unread = None;
        let candidates = self.exempt_by_match.candidates(request);
        for matches in candidates.filter_map(|index| self.exempt.get(index)) {
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
        limits.any(|counted| counted.limit.looks_at_host())
            || self.exempt.iter().any(Match::looks_at_host)
    }
}

/// Bytes that the tables of no two limits have in common.
fn identity(plugin: &Plugin, limit: &Limit, quota: &Quota) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in [&plugin.name[..], &plugin.root_id, limit.name.as_bytes()] {
        key::push(&mut bytes, text);
    }
    if plugin.nth > 0 {
        bytes.extend(plugin.nth.to_le_bytes());
    }
    bytes.extend(quota.requests().to_le_bytes());
    bytes.extend(quota.per().as_nanos().to_le_bytes());
    bytes.extend(quota.burst().to_le_bytes());
    limit.key.iter().for_each(|part| part.identify(&mut bytes));
    bytes
}
