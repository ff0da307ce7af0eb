//! State that outlives a request and is shared by all workers.
//!
//! Proxy-Wasm gives each worker a VM of its own; what they share is the host's shared data: keys
//! and values of bytes, kept per `vm_id` in the Envoy process until its last VM with that `vm_id`
//! goes. A value is changed by compare-and-swap: who has read an old one loses, reads again and
//! retries. Nothing is ever removed, so whoever makes keys has to bound their number: [`SlotTable`]
//! and [`LeaseTable`] do it for keys that clients choose.
//!
//! [`CasStore`] is the rule, [`MemoryStore`] keeps it in memory for native tests,
//! `host::SharedData` in the host.

mod leases;
mod memory;
mod places;
mod slots;

pub use leases::{Holder, LEASE, Lease, LeaseTable, Leased};
pub use memory::MemoryStore;
pub use slots::{SlotTable, Update};

/// How often an update is tried again when other workers change the same value. Each lost race is
/// another worker's success.
pub const MAX_ATTEMPTS: u32 = 128;

/// The name of the seed in the store.
const SEED: &str = "kit1/seed";

/// The value of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The value; empty where it was emptied, for a key never goes.
    pub value: Vec<u8>,
    /// Which write it is of.
    pub version: Version,
}

/// Which write a value is of: changes with every write of the key, and is never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(pub u32);

/// What a write expects of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Nothing: the key has never been written.
    Absent,
    /// The value of this version.
    Version(Version),
}

/// The write did not happen: another worker wrote first, or the host refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value was changed meanwhile")]
pub struct Conflict;

/// A store of bytes with compare-and-swap.
pub trait CasStore {
    /// The value of a key; `None` where it has never been written.
    fn load(&self, key: &str) -> Option<Stored>;

    /// Writes a value if the present one is as expected.
    ///
    /// # Errors
    /// [`Conflict`] where it is not. Load and decide again.
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

/// The value of a key that all workers agree on: the present one, or `proposal` where there is
/// none. An empty value counts as none.
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

/// The seed that all workers use.
fn agreed_seed(store: &impl CasStore, proposed: [u8; 16]) -> [u8; 16] {
    // A value of another length is of another program under the same `vm_id`; it is not ours to
    // mend.
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
