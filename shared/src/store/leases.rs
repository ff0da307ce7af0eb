//! Leases: how many requests with a key are under way at the same time, over all workers of a
//! process.
//!
//! A neighbourhood of keys is one value of the store, as in a [`SlotTable`](super::SlotTable): of
//! each key the number of leases that each holder has. A holder is a VM. It renews its entry in a
//! list of holders, once for all of its leases; where it does not, since it has crashed, the leases
//! expire. A lease is never evicted for another key: where a neighbourhood is full of keys that are
//! under way, a new key has to be refused.

mod entry;
mod holder;

use super::places::{NEIGHBOURS, Places};
use super::{CasStore, MAX_ATTEMPTS};
use entry::{Entry, decode, encode};
use std::rc::Rc;
use std::time::Duration;

pub use holder::Holder;

/// How long the leases of a holder last that does not renew them.
pub const LEASE: Duration = Duration::from_secs(10);

/// A table of leases.
#[derive(Debug, Clone)]
pub struct LeaseTable {
    places: Places,
    /// How many keys a neighbourhood has at most.
    most_keys: usize,
    holder: Rc<Holder>,
}

/// The right of a request with a key to be under way. Give it back by [`Holder::release`] or
/// [`Holder::release_later`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The name of the neighbourhood in the store.
    name: String,
    fingerprint: u64,
}

/// What asking for a lease came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leased {
    /// A lease.
    Lease {
        /// The lease.
        lease: Lease,
        /// How many requests with the key are under way now, this one among them.
        under_way: u32,
    },
    /// The most requests that are allowed are under way.
    Full,
    /// The key's neighbourhood is full of other keys that are under way.
    Crowded,
    /// The change lost [`MAX_ATTEMPTS`] races.
    Contended,
}

impl LeaseTable {
    /// The table of this name for at most `max_keys` keys that are under way (at least one). Tables
    /// of one name in one store are one table; for `proposed_seed` see
    /// [`SlotTable::new`](super::SlotTable::new).
    #[must_use]
    pub fn new(
        store: &impl CasStore,
        name: &str,
        max_keys: u32,
        proposed_seed: [u8; 16],
        holder: Rc<Holder>,
    ) -> Self {
        let max_keys = usize::try_from(max_keys.max(1)).unwrap_or(usize::MAX);
        Self {
            places: Places::new(store, name, max_keys, proposed_seed),
            most_keys: max_keys.min(NEIGHBOURS),
            holder,
        }
    }

    /// A lease for a request with a key of which at most `most` may be under way. `now` is the wall
    /// clock, the same for all workers.
    pub fn acquire(&self, store: &impl CasStore, key: &[u8], most: u32, now: Duration) -> Leased {
        let now = holder::nanos(now);
        self.holder.release_owed(store);
        // Before its first entry in a neighbourhood, or others would take the entry for one of a
        // crashed VM.
        if !self.holder.keep_alive(store, now) {
            return Leased::Contended;
        }
        let (name, fingerprint) = self.places.find(key, String::new());
        for _ in 0..MAX_ATTEMPTS {
            let (bytes, expected) = holder::read(store, &name);
            let mut entries = decode(&bytes);
            self.drop_expired(store, &mut entries, now);
            let of_key = entries.iter().filter(|e| e.fingerprint == fingerprint);
            let under_way = of_key.fold(0_u32, |sum, entry| sum.saturating_add(entry.count));
            if under_way >= most {
                return Leased::Full;
            }
            if !self.add(&mut entries, fingerprint) {
                return Leased::Crowded;
            }
            if store.store(&name, &encode(&entries), expected).is_ok() {
                self.holder.took_one();
                let lease = Lease { name, fingerprint };
                let under_way = under_way.saturating_add(1);
                return Leased::Lease { lease, under_way };
            }
        }
        Leased::Contended
    }

    /// Drops the entries of holders that have not renewed them. The list of holders is read after
    /// the entries, so that it has all who wrote them.
    fn drop_expired(&self, store: &impl CasStore, entries: &mut Vec<Entry>, now: u64) {
        let own = self.holder.id();
        if entries.iter().any(|entry| entry.holder != own) {
            let alive = holder::alive(store, now);
            entries.retain(|entry| entry.holder == own || alive.contains(&entry.holder));
        }
    }

    /// Adds one lease of a key. `false`: there are too many other keys.
    fn add(&self, entries: &mut Vec<Entry>, fingerprint: u64) -> bool {
        let own = self.holder.id();
        let is_own = |entry: &&mut Entry| entry.fingerprint == fingerprint && entry.holder == own;
        if let Some(entry) = entries.iter_mut().find(is_own) {
            entry.count = entry.count.saturating_add(1);
            return true;
        }
        let mut keys: Vec<u64> = entries.iter().map(|entry| entry.fingerprint).collect();
        keys.sort_unstable();
        keys.dedup();
        if keys.len() >= self.most_keys && keys.binary_search(&fingerprint).is_err() {
            return false;
        }
        entries.push(Entry {
            fingerprint,
            holder: own,
            count: 1,
        });
        true
    }
}

#[cfg(test)]
mod tests;
