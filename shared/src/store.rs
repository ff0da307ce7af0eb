//! State that outlives a request and is shared by all workers.
//!
//! Proxy-Wasm gives each worker its own VM. What they share is the host's shared data: byte keys
//! and values, kept per `vm_id` in the Envoy process until the last VM with that `vm_id` ends.
//! Values are changed by compare-and-swap: a writer that has read an old value fails, reads again
//! and retries. Nothing is ever removed, so the number of keys must be limited. [`SlotTable`] and
//! [`LeaseTable`] do this for keys that clients choose.
//!
//! [`CasStore`] defines the interface, [`MemoryStore`] implements it in memory for native tests,
//! and `host::SharedData` in the host.

mod leases;
mod memory;
mod places;
mod slots;

pub use leases::{Holder, LEASE, Lease, LeaseTable, Leased};
pub use memory::MemoryStore;
pub use slots::{SlotTable, Update};

/// How often an update is retried when other workers change the same value. Each lost race is
/// another worker's success.
pub const MAX_ATTEMPTS: u32 = 128;

/// The key of the seed.
const SEED: &str = "kit1/seed";

/// A stored value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The value. It is empty after it was cleared, because a key is never removed.
    pub value: Vec<u8>,
    /// The version of the value.
    pub version: Version,
}

/// The version of a value. It changes with every write of the key, and is never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(pub u32);

/// What a write expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The key has never been written.
    Absent,
    /// The value has this version.
    Version(Version),
}

/// The write did not happen: another worker was first, or the host refused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value was changed meanwhile")]
pub struct Conflict;

/// A byte store with compare-and-swap.
pub trait CasStore {
    /// Returns the value of a key; `None` if it has never been written.
    fn load(&self, key: &str) -> Option<Stored>;

    /// Writes a value if the current one is as expected.
    ///
    /// # Errors
    /// [`Conflict`] if it is not. Load the value and decide again.
    fn store(&self, key: &str, value: &[u8], expected: Expected) -> Result<(), Conflict>;
}

impl<S: CasStore + ?Sized> CasStore for &S {
    fn load(&self, key: &str) -> Option<Stored> {
        (**self).load(key)
    }

    fn store(&self, key: &str, value: &[u8], expected: Expected) -> Result<(), Conflict> {
        (**self).store(key, value, expected)
    }
}

/// Returns the value of a key that all workers agree on: the current one, or else `proposal`, which
/// is then stored. An empty value counts as missing.
pub(crate) fn agree_on(store: &impl CasStore, key: &str, proposal: &[u8]) -> Vec<u8> {
    for _ in 0..MAX_ATTEMPTS {
        let expected = match store.load(key) {
            Some(stored) if !stored.value.is_empty() => return stored.value,
            Some(stored) => Expected::Version(stored.version),
            None => Expected::Absent,
        };
        if store.store(key, proposal, expected).is_ok() {
            break;
        }
    }
    proposal.to_vec()
}

/// Returns the seed that all workers use.
fn agreed_seed(store: &impl CasStore, proposed: [u8; 16]) -> [u8; 16] {
    // A value of another length belongs to another program under the same `vm_id`, and must not be
    // overwritten.
    agree_on(store, SEED, &proposed)
        .try_into()
        .unwrap_or(proposed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_proposal_is_what_all_agree_on() {
        let store = MemoryStore::default();
        assert_eq!(agree_on(&store, "seed", b"first"), b"first");
        assert_eq!(agree_on(&store, "seed", b"second"), b"first");
        let version = store.load("seed").unwrap().version;
        store
            .store("seed", b"", Expected::Version(version))
            .unwrap();
        assert_eq!(agree_on(&store, "seed", b"third"), b"third");
    }
}
