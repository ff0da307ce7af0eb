//! A bounded table of numbers for keys that clients choose.
//!
//! Shared data never forgets a key, so a key chosen by a client must not become a key of shared
//! data. Instead it is hashed with SipHash and a random seed that the workers share: 64 bits select
//! a neighbourhood of 16 slots, and another 64 bits are the key's fingerprint there. A
//! neighbourhood is one value of the store, and grows as it fills. If it is full, a new key
//! replaces the slot with the lowest number. Numbers are times until which a key has to be
//! remembered, so the lowest belongs to the key that has been idle longest, or will be idle first.

use super::places::{NEIGHBOURS, Places};
use super::{CasStore, Expected, MAX_ATTEMPTS, agreed_seed};
use siphasher::sip128::SipHasher13;
use std::cell::RefCell;

/// The size of a slot in bytes: the fingerprint and the number, in little-endian.
const SLOT_BYTES: usize = 16;

/// A bounded table with one number per key.
#[derive(Debug, Clone)]
pub struct SlotTable {
    places: Places,
    /// The name of the last neighbourhood, kept to reuse its memory.
    name: RefCell<String>,
    /// Maximum size of a neighbourhood, in bytes.
    most_bytes: usize,
}

/// The result of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update<T> {
    /// The table was updated.
    Done {
        /// The value returned by the caller's function.
        value: T,
        /// Whether another key was evicted.
        evicted: bool,
    },
    /// Nothing was changed, because the update lost [`MAX_ATTEMPTS`] races.
    Contended,
}

impl SlotTable {
    /// Opens the table of this name, with at most `max_keys` slots (at least one). Tables with the
    /// same name in the same store are the same table. `proposed_seed` is random; it becomes the
    /// seed unless another worker has proposed one before.
    #[must_use]
    pub fn new(store: &impl CasStore, name: &str, max_keys: u32, proposed_seed: [u8; 16]) -> Self {
        let max_keys = usize::try_from(max_keys.max(1)).unwrap_or(usize::MAX);
        Self {
            places: Places::new(store, name, max_keys, proposed_seed),
            name: RefCell::default(),
            most_bytes: max_keys.min(NEIGHBOURS).saturating_mul(SLOT_BYTES),
        }
    }

    /// Returns a short name for these bytes, which other bytes do not share.
    #[must_use]
    pub fn name_for(store: &impl CasStore, bytes: &[u8], proposed_seed: [u8; 16]) -> String {
        let seed = agreed_seed(store, proposed_seed);
        format!("{:016x}", SipHasher13::new_with_key(&seed).hash(bytes).h1)
    }

    /// Returns the number of a key, if it has one.
    #[must_use]
    pub fn get(&self, store: &impl CasStore, key: &[u8]) -> Option<u64> {
        let (name, fingerprint) = self.place(key);
        let stored = store.load(&name);
        self.name.replace(name);
        stored?
            .value
            .chunks_exact(SLOT_BYTES)
            .map(read)
            .find(|(print, _)| *print == fingerprint)
            .map(|(_, number)| number)
    }

    /// Replaces the number of a key with the result of `decide`. If `decide` fails, the table stays
    /// unchanged. `decide` runs again whenever another worker wrote first.
    ///
    /// # Errors
    /// The error of `decide`.
    pub fn update<T, E>(
        &self,
        store: &impl CasStore,
        key: &[u8],
        decide: impl Fn(Option<u64>) -> Result<(T, u64), E>,
    ) -> Result<Update<T>, E> {
        let (name, fingerprint) = self.place(key);
        let updated = self.update_at(store, (&name, fingerprint), decide);
        self.name.replace(name);
        updated
    }

    fn update_at<T, E>(
        &self,
        store: &impl CasStore,
        (name, fingerprint): (&str, u64),
        decide: impl Fn(Option<u64>) -> Result<(T, u64), E>,
    ) -> Result<Update<T>, E> {
        for _ in 0..MAX_ATTEMPTS {
            let (mut bytes, expected) = match store.load(name) {
                Some(stored) => (stored.value, Expected::Version(stored.version)),
                None => (Vec::new(), Expected::Absent),
            };
            // Another program under the same `vm_id` may have written part of a slot, or too many
            // bytes.
            let odd = bytes.len().checked_rem(SLOT_BYTES).unwrap_or(0);
            bytes.truncate(bytes.len().saturating_sub(odd).min(self.most_bytes));
            let mut slots = bytes.chunks_exact(SLOT_BYTES).map(read);
            let at = slots.position(|(print, _)| print == fingerprint);
            let present = at.and_then(|at| bytes.chunks_exact(SLOT_BYTES).nth(at));
            let (value, number) = decide(present.map(|slot| read(slot).1))?;
            let evicted = put(&mut bytes, at, self.most_bytes, (fingerprint, number));
            if store.store(name, &bytes, expected).is_ok() {
                return Ok(Update::Done { value, evicted });
            }
        }
        Ok(Update::Contended)
    }

    /// Returns the place of a key: the name of its neighbourhood in the store, and its fingerprint
    /// there.
    fn place(&self, key: &[u8]) -> (String, u64) {
        self.places.find(key, self.name.take())
    }
}

/// Writes a slot over its old value, into a new slot, or over the one with the lowest number.
/// Returns whether another key was evicted.
fn put(bytes: &mut Vec<u8>, at: Option<usize>, most: usize, slot: (u64, u64)) -> bool {
    let place = match at {
        Some(at) => bytes.chunks_exact_mut(SLOT_BYTES).nth(at),
        None if bytes.len() < most => {
            bytes.extend_from_slice(&slot.0.to_le_bytes());
            bytes.extend_from_slice(&slot.1.to_le_bytes());
            return false;
        }
        None => bytes
            .chunks_exact_mut(SLOT_BYTES)
            .min_by_key(|slot| read(slot).1),
    };
    if let Some((print, number)) = place.and_then(<[u8]>::split_first_chunk_mut) {
        *print = slot.0.to_le_bytes();
        number.copy_from_slice(&slot.1.to_le_bytes());
    }
    at.is_none()
}

/// Decodes the fingerprint and the number of a slot.
fn read(slot: &[u8]) -> (u64, u64) {
    let half = |half: Option<&[u8; 8]>| half.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    (half(slot.first_chunk()), half(slot.last_chunk()))
}

#[cfg(test)]
mod tests;
