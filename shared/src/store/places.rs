//! Maps keys to neighbourhoods of the store, with a keyed hash.

use super::{CasStore, agreed_seed};
use siphasher::sip128::SipHasher13;

/// Maximum number of keys in a neighbourhood.
pub(super) const NEIGHBOURS: usize = 16;

/// The neighbourhoods of a table.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// The prefix of the neighbourhoods' keys in the store.
    prefix: String,
    hasher: SipHasher13,
    neighbourhoods: u64,
}

impl Places {
    /// Creates enough neighbourhoods for `max_keys` keys.
    pub(super) fn new(store: &impl CasStore, name: &str, max_keys: usize, seed: [u8; 16]) -> Self {
        let seed = agreed_seed(store, seed);
        let neighbourhoods = max_keys.checked_div(NEIGHBOURS).unwrap_or(0).max(1);
        Self {
            prefix: format!("kit1/{name}/"),
            hasher: SipHasher13::new_with_key(&seed),
            neighbourhoods: u64::try_from(neighbourhoods).unwrap_or(u64::MAX),
        }
    }

    /// Returns the place of a key: the name of its neighbourhood in the store, and its fingerprint
    /// there. Reuses the memory of `name`.
    pub(super) fn find(&self, key: &[u8], mut name: String) -> (String, u64) {
        let hash = self.hasher.hash(key);
        let mut rest = hash.h1.checked_rem(self.neighbourhoods).unwrap_or(0);
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
