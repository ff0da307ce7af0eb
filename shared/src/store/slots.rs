//! A bounded table of numbers for keys that clients choose.
//!
//! Shared data never forgets a key, so a key that a client chooses must not become one. It is hashed instead, by SipHash with a random seed
//! that the workers share: 64 bits say in which neighbourhood of 16 slots it may stand, 64 more are its fingerprint there. A
//! neighbourhood is one value of the store, and grows with its use. Where it is full, a new key takes the slot with the least number.
//! The numbers are times until which a key is remembered for a reason, so the least is the one that is idle longest, or will be first.

use super::{CasStore, Expected, agree_on};
use siphasher::sip128::SipHasher13;
use std::cell::RefCell;

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
    /// What the names of its neighbourhoods in the store begin with.
    prefix: String,
    /// The name of the last neighbourhood, for its memory.
    name: RefCell<String>,
    hasher: SipHasher13,
    neighbourhoods: u64,
    /// How many bytes a neighbourhood has at most.
    most_bytes: usize,
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
        let seed = agreed_seed(store, proposed_seed);
        let max_keys = usize::try_from(max_keys.max(1)).unwrap_or(usize::MAX);
        let neighbourhoods = max_keys.checked_div(NEIGHBOURS).unwrap_or(0).max(1);
        Self {
            prefix: format!("kit1/{name}/"),
            name: RefCell::default(),
            hasher: SipHasher13::new_with_key(&seed),
            neighbourhoods: u64::try_from(neighbourhoods).unwrap_or(u64::MAX),
            most_bytes: max_keys.min(NEIGHBOURS).saturating_mul(SLOT_BYTES),
        }
    }

    /// A name for the table of these bytes: short, and no other bytes have it.
    #[must_use]
    pub fn name_for(store: &impl CasStore, bytes: &[u8], proposed_seed: [u8; 16]) -> String {
        let seed = agreed_seed(store, proposed_seed);
        format!("{:016x}", SipHasher13::new_with_key(&seed).hash(bytes).h1)
    }

    /// The number of a key, where it has one.
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
            // What is no whole slot, and what is too much, is none of ours.
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

    /// Where a key stands: the name of its neighbourhood in the store, and its fingerprint there.
    fn place(&self, key: &[u8]) -> (String, u64) {
        let hash = self.hasher.hash(key);
        let mut rest = hash.h1.checked_rem(self.neighbourhoods).unwrap_or(0);
        let mut name = self.name.take();
        name.clear();
        name.push_str(&self.prefix);
        loop {
            let digit = u8::try_from(rest & 0xf).unwrap_or(0);
            name.push(char::from(digit.wrapping_add(if digit < 10 {
                b'0'
            } else {
                b'a' - 10
            })));
            rest >>= 4;
            if rest == 0 {
                return (name, hash.h2);
            }
        }
    }
}

/// The seed that all workers use.
fn agreed_seed(store: &impl CasStore, proposed: [u8; 16]) -> [u8; 16] {
    // A value of another length is of another program under the same `vm_id`; it is not ours to mend.
    agree_on(store, SEED, &proposed)
        .try_into()
        .unwrap_or(proposed)
}

/// Puts a slot in its place, in a new one, or in that of the least number; says whether another key went for it.
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

/// The fingerprint and the number of a slot.
fn read(slot: &[u8]) -> (u64, u64) {
    let half = |half: Option<&[u8; 8]>| half.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    (half(slot.first_chunk()), half(slot.last_chunk()))
}

#[cfg(test)]
mod tests;
