//! A bounded table of numbers for keys that clients choose.
//!
//! Shared data never forgets a key, so a key that a client chooses must not become one. It is hashed instead, by SipHash with a random seed
//! that the workers share: 64 bits say in which neighbourhood of 16 slots it may stand, 64 more are its fingerprint there. A
//! neighbourhood is one value of the store, and grows with its use. Where it is full, a new key takes the slot with the least number.
//! The numbers are times until which a key is remembered for a reason, so the least is the one that is idle longest, or will be first.

use super::{CasStore, Expected, agree_on};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;

/// How many slots a neighbourhood has.
const NEIGHBOURS: usize = 16;

/// A slot: the fingerprint and the number, in little-endian.
const SLOT_BYTES: usize = 16;

/// How often an update is tried again when other workers change the same neighbourhood. Each lost race is another worker's success.
pub const MAX_ATTEMPTS: u32 = 128;

/// The name of the seed in the store.
const SEED: &str = "kit1/seed";

/// A table of at most so many numbers, one per key.
#[derive(Debug, Clone)]
pub struct SlotTable {
    name: String,
    seed: [u8; 16],
    neighbourhoods: u64,
    slots: usize,
}

/// What an update came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update<T> {
    /// This, and the table holds it.
    Done {
        /// What the caller's function gave.
        value: T,
        /// Whether another key had to go.
        evicted: bool,
    },
    /// Nothing was changed: other workers were faster, time and again.
    Contended,
}

impl SlotTable {
    /// The table of this name with at most `max_keys` slots (at least one). Tables of one name in one store are one table; `proposed_seed` is
    /// random, and becomes the seed if no worker has proposed one before.
    #[must_use]
    pub fn new(store: &impl CasStore, name: &str, max_keys: u32, proposed_seed: [u8; 16]) -> Self {
        let agreed = agree_on(store, SEED, &proposed_seed);
        let max_keys = usize::try_from(max_keys.max(1)).unwrap_or(usize::MAX);
        let neighbourhoods = max_keys.checked_div(NEIGHBOURS).unwrap_or(0).max(1);
        Self {
            name: name.to_owned(),
            // A value of another length is of another program under the same `vm_id`; it is not ours to mend.
            seed: agreed.try_into().unwrap_or(proposed_seed),
            neighbourhoods: u64::try_from(neighbourhoods).unwrap_or(u64::MAX),
            slots: max_keys.min(NEIGHBOURS),
        }
    }

    /// The number of a key, where it has one.
    #[must_use]
    pub fn get(&self, store: &impl CasStore, key: &[u8]) -> Option<u64> {
        let (name, fingerprint) = self.place(key);
        let stored = store.load(&name)?;
        slots(&stored.value)
            .find(|(print, _)| *print == fingerprint)
            .map(|(_, number)| number)
    }

    /// Replaces the number of a key by what `decide` makes of it; an error of `decide` leaves the table as it is. `decide` runs anew whenever
    /// another worker was faster.
    ///
    /// # Errors
    /// What `decide` gives.
    pub fn update<T, E>(
        &self,
        store: &impl CasStore,
        key: &[u8],
        decide: impl Fn(Option<u64>) -> Result<(T, u64), E>,
    ) -> Result<Update<T>, E> {
        let (name, fingerprint) = self.place(key);
        for _ in 0..MAX_ATTEMPTS {
            let (mut neighbours, expected) = match store.load(&name) {
                Some(stored) => (
                    slots(&stored.value).take(self.slots).collect::<Vec<_>>(),
                    Expected::Version(stored.version),
                ),
                None => (Vec::new(), Expected::Absent),
            };
            let at = neighbours
                .iter()
                .position(|(print, _)| *print == fingerprint);
            let present = at.and_then(|at| neighbours.get(at)).map(|(_, n)| *n);
            let (value, number) = decide(present)?;
            let evicted = put(&mut neighbours, at, self.slots, (fingerprint, number));
            let bytes: Vec<u8> = neighbours
                .iter()
                .flat_map(|(print, number)| [print.to_le_bytes(), number.to_le_bytes()])
                .flatten()
                .collect();
            if store.store(&name, &bytes, expected).is_ok() {
                return Ok(Update::Done { value, evicted });
            }
        }
        Ok(Update::Contended)
    }

    /// Where a key stands: the name of its neighbourhood in the store, and its fingerprint there.
    fn place(&self, key: &[u8]) -> (String, u64) {
        let mut hasher = SipHasher13::new_with_key(&self.seed);
        hasher.write(key);
        let hash = hasher.finish128();
        let neighbourhood = hash.h1.checked_rem(self.neighbourhoods).unwrap_or(0);
        (format!("kit1/{}/{neighbourhood}", self.name), hash.h2)
    }
}

/// Puts a slot in its place, in a new one, or in that of the least number; says whether another key went for it.
fn put(neighbours: &mut Vec<(u64, u64)>, at: Option<usize>, most: usize, slot: (u64, u64)) -> bool {
    let place = match at {
        Some(at) => neighbours.get_mut(at),
        None if neighbours.len() < most => {
            neighbours.push(slot);
            return false;
        }
        None => neighbours.iter_mut().min_by_key(|(_, number)| *number),
    };
    if let Some(place) = place {
        *place = slot;
    }
    at.is_none()
}

/// The slots of a neighbourhood. Bytes that are no whole slot are none of ours.
fn slots(bytes: &[u8]) -> impl Iterator<Item = (u64, u64)> {
    bytes.chunks_exact(SLOT_BYTES).filter_map(|slot| {
        let (print, number) = slot.split_first_chunk::<8>()?;
        Some((
            u64::from_le_bytes(*print),
            u64::from_le_bytes(number.try_into().ok()?),
        ))
    })
}

#[cfg(test)]
mod tests;
