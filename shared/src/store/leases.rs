//! Leases: how many requests with the same key are in progress, over all workers of a process.
//!
//! As in a [`SlotTable`](super::SlotTable), a neighbourhood of keys is one value of the store. It
//! contains the number of leases of each key and holder. A holder is a VM, which renews all of its
//! leases at once with its entry in a list of holders. If it fails to do so, for example after a
//! crash, its leases expire. A lease is never evicted for another key: if a neighbourhood is full
//! of keys in progress, a new key has to be refused.

mod entry;
mod holder;

use super::places::{NEIGHBOURS, Places};
use super::{CasStore, MAX_ATTEMPTS};
use entry::{Entry, decode, encode};
use std::rc::Rc;
use std::time::Duration;

pub use holder::Holder;

/// How long the leases of a holder last if it does not renew them.
pub const LEASE: Duration = Duration::from_secs(10);

/// A table of leases.
#[derive(Debug, Clone)]
pub struct LeaseTable {
    places: Places,
    /// Maximum number of keys in a neighbourhood.
    most_keys: usize,
    holder: Rc<Holder>,
}

/// The right of a request with a key to be in progress. Give it back with [`Holder::release`] or
/// [`Holder::release_later`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The key of the neighbourhood in the store.
    name: String,
    fingerprint: u64,
}

/// The result of a request for a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leased {
    /// The lease was granted.
    Lease {
        /// The lease.
        lease: Lease,
        /// How many requests with the key are in progress, including this one.
        under_way: u32,
    },
    /// The maximum number of requests is in progress already.
    Full,
    /// The key's neighbourhood is full of other keys in progress.
    Crowded,
    /// The change lost [`MAX_ATTEMPTS`] races, or the list of holders is full.
    Contended,
}

impl LeaseTable {
    /// Opens the table of this name, for at most `max_keys` keys in progress (at least one). Tables
    /// with the same name in the same store are the same table. For `proposed_seed` see
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

    /// Acquires a lease for a request with a key, of which at most `most` may be in progress. `now`
    /// is the wall-clock time, the same for all workers.
    pub fn acquire(&self, store: &impl CasStore, key: &[u8], most: u32, now: Duration) -> Leased {
        let now = holder::nanos(now);
        self.holder.release_owed(store);
        // The holder must be listed before its first entry in a neighbourhood. Otherwise other
        // workers would treat the entry as one of a crashed VM.
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
    /// the entries, so it includes everyone who wrote them.
    fn drop_expired(&self, store: &impl CasStore, entries: &mut Vec<Entry>, now: u64) {
        let own = self.holder.id();
        if entries.iter().any(|entry| entry.holder != own) {
            let alive = holder::alive(store, now);
            entries.retain(|entry| entry.holder == own || alive.contains(&entry.holder));
        }
    }

    /// Adds a lease of a key. Returns `false` if there are too many other keys.
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
