//! All limits of a configuration, with their tables.

use crate::allowance::Allowance;
use crate::fields::Label;
use crate::key;
use crate::limit::{Charge, Limit, LimitMode};
use crate::limiter::Limiter;
use filter_kit::host;
use filter_kit::matching::{Match, MatchIndex, ReadingSet};
use filter_kit::request::{Request, TooManyReadings};
use filter_kit::store::{CasStore, Holder, LeaseTable, SlotTable};
use std::num::NonZeroU32;
use std::rc::Rc;

/// All limits of a configuration.
#[derive(Debug)]
pub(crate) struct Limits {
    limits: Vec<Counted>,
    by_match: MatchIndex,
    exempt: Vec<Match>,
    exempt_by_match: MatchIndex,
}

/// A limit with its table.
#[derive(Debug)]
pub(crate) struct Counted {
    /// The limit.
    pub limit: Limit,
    /// Its table.
    pub table: Table,
    label: Label,
}

/// What this process counts.
#[derive(Debug)]
pub(crate) enum Table {
    /// Requests when they arrive, with the same quota for all.
    Requests(Limiter),
    /// Requests with individual quotas, or responses.
    Buckets(Rc<SlotTable>),
    /// Requests in progress, up to this many.
    Leases(LeaseTable, u32),
    /// Nothing: no request passes, or only the rate limit service counts.
    None,
}

/// What the tables of all limits have in common.
#[derive(Debug)]
pub(crate) struct Tables {
    /// Maximum number of slots of each table.
    pub max_keys: u32,
    /// The plugin that they belong to.
    pub plugin: Plugin,
    /// Random; see [`SlotTable::new`].
    pub seed: [u8; 16],
    /// This VM, as the holder of leases.
    pub holder: Rc<Holder>,
}

/// A plugin, as identified by Envoy's configuration. Plugins with the same `vm_id` share a store,
/// but count separately.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plugin {
    /// `name`.
    pub name: Vec<u8>,
    /// `root_id`.
    pub root_id: Vec<u8>,
    /// The index among several in one plugin.
    pub nth: usize,
}

impl Plugin {
    /// Returns the plugin of this VM. Call it in any callback.
    #[must_use]
    pub(crate) fn of_host(nth: usize) -> Self {
        Self {
            name: host::property(b"plugin_name").unwrap_or_default(),
            root_id: host::property(b"plugin_root_id").unwrap_or_default(),
            nth,
        }
    }
}

impl Limits {
    /// Creates limits, each with its table. A table is identified by the plugin, and by the name,
    /// quota and key of its limit. Limits that agree in all of these and use the same store count
    /// together, whichever configuration they belong to.
    #[must_use]
    pub(crate) fn new(
        limits: Vec<Limit>,
        exempt: Vec<Match>,
        tables: &Tables,
        store: &impl CasStore,
    ) -> Self {
        let counted = |limit: Limit| Counted {
            label: Label::new(&limit.name, &limit.allowance),
            table: tables.table(&limit, store),
            limit,
        };
        Self {
            by_match: MatchIndex::new(limits.iter().map(|limit| &limit.matches)),
            exempt_by_match: MatchIndex::new(&exempt),
            limits: limits.into_iter().map(counted).collect(),
            exempt,
        }
    }

    /// Whether there are no limits.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.limits.is_empty()
    }

    /// Returns the limits that may count a request, in order, with their indices.
    pub(crate) fn candidates(&self, request: &Request) -> impl Iterator<Item = (usize, &Counted)> {
        self.by_match
            .candidates(request)
            .filter_map(|index| self.get(index).map(|counted| (index, counted)))
    }

    /// Returns the limit with this index.
    #[must_use]
    pub(crate) fn get(&self, index: usize) -> Option<&Counted> {
        self.limits.get(index)
    }

    /// Whether a limit counts requests in progress.
    #[must_use]
    pub(crate) fn has_leases(&self) -> bool {
        let mut limits = self.limits.iter();
        limits.any(|counted| matches!(counted.table, Table::Leases(..)))
    }

    /// Whether a limit is in annotate mode.
    #[must_use]
    pub(crate) fn has_annotations(&self) -> bool {
        let mut limits = self.limits.iter();
        limits.any(|counted| counted.limit.mode == LimitMode::Annotate)
    }

    /// Returns the label of the limit with this index.
    #[must_use]
    pub(crate) fn label(&self, index: usize) -> Option<&Label> {
        self.limits.get(index).map(|counted| &counted.label)
    }

    /// Whether no limit counts a request, because each reading of its path is exempt, possibly by
    /// different matches.
    ///
    /// # Errors
    /// [`TooManyReadings`] of a path that the result depends on.
    pub(crate) fn is_exempt(&self, request: &Request) -> Result<bool, TooManyReadings> {
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

    /// Whether a limit or an exemption depends on the host. If so, a request with a malformed host
    /// has to be refused.
    #[must_use]
    pub(crate) fn looks_at_host(&self) -> bool {
        let mut limits = self.limits.iter();
        limits.any(|counted| counted.limit.looks_at_host())
            || self.exempt.iter().any(Match::looks_at_host)
    }
}

impl Counted {
    /// Whether all requests have the same quota, which is in the label.
    #[must_use]
    pub(crate) fn has_fixed_quota(&self) -> bool {
        !matches!(self.limit.allowance, Allowance::OfHeader(_))
    }
}

impl Tables {
    fn table(&self, limit: &Limit, store: &impl CasStore) -> Table {
        let slots = if limit.key.is_empty() {
            1
        } else {
            self.max_keys
        };
        let name = |kind: &str| {
            let identity = identity(&self.plugin, limit);
            let hash = SlotTable::name_for(store, &identity, self.seed);
            format!("{kind}/{hash}")
        };
        let buckets = || {
            let name = name("rate-limit");
            Rc::new(SlotTable::new(store, &name, slots, self.seed))
        };
        match (&limit.allowance, &limit.charge) {
            (Allowance::Quota(quota), Charge::OnRequest) => {
                Table::Requests(Limiter::new(*quota, buckets()))
            }
            (Allowance::Quota(_) | Allowance::OfHeader(_), _) => Table::Buckets(buckets()),
            (Allowance::Concurrent(most), _) => {
                let holder = Rc::clone(&self.holder);
                let name = name("leases");
                let leases = LeaseTable::new(store, &name, slots, self.seed, holder);
                Table::Leases(leases, most.get())
            }
            (Allowance::Nothing(_) | Allowance::OfService, _) => Table::None,
        }
    }
}

/// Returns bytes that identify the table of a limit. They include the quota, because a bucket that
/// was filled with another quota is meaningless. They do not include the maximum number of requests
/// in progress, because those in progress remain so.
fn identity(plugin: &Plugin, limit: &Limit) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in [&plugin.name[..], &plugin.root_id, limit.name.as_bytes()] {
        key::push(&mut bytes, text);
    }
    if plugin.nth > 0 {
        bytes.extend(plugin.nth.to_le_bytes());
    }
    match &limit.allowance {
        Allowance::Quota(quota) => {
            bytes.extend(quota.requests().to_le_bytes());
            bytes.extend(quota.per().as_nanos().to_le_bytes());
            bytes.extend(quota.burst().to_le_bytes());
        }
        Allowance::OfHeader(quota) => {
            key::push(&mut bytes, quota.header.as_str().as_bytes());
            bytes.extend(quota.default.to_le_bytes());
            bytes.extend(quota.max.to_le_bytes());
            bytes.extend(quota.per.as_nanos().to_le_bytes());
            bytes.extend(quota.burst.map_or(0, NonZeroU32::get).to_le_bytes());
        }
        Allowance::Concurrent(_) | Allowance::Nothing(_) | Allowance::OfService => {}
    }
    if limit.charge != Charge::OnRequest {
        bytes.push(1);
    }
    limit.key.iter().for_each(|part| part.identify(&mut bytes));
    bytes
}
