//! Holders of leases: VMs that keep renewing their entries in the store's list of holders.

use super::entry::{Entry, decode, encode};
use super::{LEASE, Lease};
use crate::store::{CasStore, Expected, MAX_ATTEMPTS};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// The key of the list of holders.
const HOLDERS: &str = "kit1/holders";

/// Maximum number of holders. Each worker has one VM, and a new one after a crash.
const MAX_HOLDERS: usize = 1024;

/// How often a holder renews its entry.
const RENEW: Duration = Duration::from_secs(2);

/// How often a holder of leases should be ticked, and so the longest delay of
/// [`Holder::release_later`].
const TICK: Duration = Duration::from_millis(200);

/// How far the clock may have been set back since an entry was written, in nanoseconds.
const SET_BACK: u64 = 10_000_000_000;

/// The size of an entry in the list: the holder, and when its leases expire.
const HOLDER_BYTES: usize = 16;

/// A VM as the holder of leases.
#[derive(Debug)]
pub struct Holder {
    id: u64,
    /// When the entry was last renewed, in nanoseconds since the Unix epoch.
    renewed: Cell<Option<u64>>,
    /// The number of leases it holds.
    held: Cell<u64>,
    /// Leases to give back at the next tick, or before another lease is acquired.
    owed: RefCell<Vec<Lease>>,
}

impl Holder {
    /// Creates a holder. `id` must be unique in the process, so use a random number.
    #[must_use]
    pub fn new(id: u64) -> Self {
        Self {
            id,
            renewed: Cell::new(None),
            held: Cell::new(0),
            owed: RefCell::default(),
        }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn took_one(&self) {
        self.held.set(self.held.get().saturating_add(1));
    }

    /// Gives a lease back. Does so [later](Self::release_later) if that loses [`MAX_ATTEMPTS`]
    /// races.
    pub fn release(&self, store: &impl CasStore, lease: Lease) {
        if self.give_back(store, &lease) {
            self.held.set(self.held.get().saturating_sub(1));
        } else {
            self.release_later(lease);
        }
    }

    /// Gives a lease back at the next [`tick`](Self::tick), or before this holder acquires another
    /// one.
    pub fn release_later(&self, lease: Lease) {
        self.owed.borrow_mut().push(lease);
    }

    pub(super) fn release_owed(&self, store: &impl CasStore) {
        for lease in self.owed.take() {
            self.release(store, lease);
        }
    }

    /// Returns how soon to call [`tick`](Self::tick); `None` while the holder has no lease.
    #[must_use]
    pub fn tick_in(&self) -> Option<Duration> {
        (self.held.get() > 0).then_some(TICK)
    }

    /// Renews all leases of the holder at once.
    pub fn tick(&self, store: &impl CasStore, now: Duration) {
        self.release_owed(store);
        if self.held.get() > 0 {
            self.keep_alive(store, nanos(now));
        }
    }

    /// Renews the holder's entry if it is due. Returns whether the entry exists.
    pub(super) fn keep_alive(&self, store: &impl CasStore, now: u64) -> bool {
        let is_fresh = |renewed: u64| {
            let age = now.checked_sub(renewed);
            age.is_some_and(|age| age < nanos(RENEW))
        };
        if self.renewed.get().is_some_and(is_fresh) {
            return true;
        }
        for _ in 0..MAX_ATTEMPTS {
            let (bytes, expected) = read(store, HOLDERS);
            let mut holders = alive_in(&bytes, now);
            holders.retain(|(id, _)| *id != self.id);
            if holders.len() >= MAX_HOLDERS {
                return false;
            }
            holders.push((self.id, now.saturating_add(nanos(LEASE))));
            let bytes: Vec<u8> = holders
                .iter()
                .flat_map(|(id, until)| [id.to_le_bytes(), until.to_le_bytes()])
                .flatten()
                .collect();
            if store.store(HOLDERS, &bytes, expected).is_ok() {
                self.renewed.set(Some(now));
                return true;
            }
        }
        false
    }

    fn give_back(&self, store: &impl CasStore, lease: &Lease) -> bool {
        for _ in 0..MAX_ATTEMPTS {
            let (bytes, expected) = read(store, &lease.name);
            let mut entries = decode(&bytes);
            let is_own =
                |entry: &Entry| entry.holder == self.id && entry.fingerprint == lease.fingerprint;
            let Some(at) = entries.iter().position(is_own) else {
                // The lease has expired: this VM was suspended for longer than a lease lasts.
                return true;
            };
            if let Some(entry) = entries.get_mut(at) {
                entry.count = entry.count.saturating_sub(1);
            }
            entries.retain(|entry| entry.count > 0);
            if store
                .store(&lease.name, &encode(&entries), expected)
                .is_ok()
            {
                return true;
            }
        }
        false
    }
}

/// Returns the holders whose leases have not expired.
pub(super) fn alive(store: &impl CasStore, now: u64) -> Vec<u64> {
    let (bytes, _) = read(store, HOLDERS);
    alive_in(&bytes, now)
        .into_iter()
        .map(|(id, _)| id)
        .collect()
}

/// Ignores an entry that expires later than is possible: it was written before the clock was set
/// back.
fn alive_in(bytes: &[u8], now: u64) -> Vec<(u64, u64)> {
    let latest = now.saturating_add(nanos(LEASE)).saturating_add(SET_BACK);
    let half = |half: Option<&[u8; 8]>| half.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    bytes
        .chunks_exact(HOLDER_BYTES)
        .map(|entry| (half(entry.first_chunk()), half(entry.last_chunk())))
        .filter(|(_, until)| *until > now && *until <= latest)
        .collect()
}

pub(super) fn read(store: &impl CasStore, name: &str) -> (Vec<u8>, Expected) {
    match store.load(name) {
        Some(stored) => (stored.value, Expected::Version(stored.version)),
        None => (Vec::new(), Expected::Absent),
    }
}

pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
