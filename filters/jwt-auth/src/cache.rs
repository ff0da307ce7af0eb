//! A bounded table of what was found out before: the least recently used entry goes out first.

use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// A hash of the token and its provider: a token is never kept itself.
pub type CacheKey = [u8; 32];

/// The key of a token.
#[must_use]
pub fn cache_key(provider: usize, token: &[u8]) -> CacheKey {
    let mut hash = Sha256::new();
    hash.update(provider.to_le_bytes());
    hash.update(token);
    hash.finalize().into()
}

/// A table of at most so many entries.
#[derive(Debug)]
pub struct Cache<V> {
    max: usize,
    clock: u64,
    entries: HashMap<CacheKey, (u64, V)>,
    by_use: BTreeMap<u64, CacheKey>,
}

impl<V: Clone> Cache<V> {
    /// An empty table; with `max` 0 it stays so.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            max,
            clock: 0,
            entries: HashMap::new(),
            by_use: BTreeMap::new(),
        }
    }

    /// Whether it keeps anything.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.max > 0
    }

    /// An entry, which is the most recently used now.
    pub fn get(&mut self, key: &CacheKey) -> Option<V> {
        let now = self.clock.wrapping_add(1);
        let (used, value) = self.entries.get_mut(key)?;
        self.by_use.remove(used);
        self.by_use.insert(now, *key);
        *used = now;
        self.clock = now;
        Some(value.clone())
    }

    /// Puts an entry in; the least recently used one goes out where there is no room.
    pub fn insert(&mut self, key: CacheKey, value: V) {
        if self.max == 0 {
            return;
        }
        self.remove(&key);
        while self.entries.len() >= self.max {
            let Some((_, oldest)) = self.by_use.pop_first() else {
                break;
            };
            self.entries.remove(&oldest);
        }
        self.clock = self.clock.wrapping_add(1);
        self.by_use.insert(self.clock, key);
        self.entries.insert(key, (self.clock, value));
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &CacheKey) {
        if let Some((used, _)) = self.entries.remove(key) {
            self.by_use.remove(&used);
        }
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_entry_goes_out() {
        let mut cache = Cache::new(2);
        let key = |n: u8| [n; 32];
        cache.insert(key(1), "a");
        cache.insert(key(2), "b");
        assert_eq!(cache.get(&key(1)), Some("a"));
        cache.insert(key(3), "c");
        assert_eq!(cache.get(&key(2)), None);
        assert_eq!(
            (cache.get(&key(1)), cache.get(&key(3))),
            (Some("a"), Some("c"))
        );
        cache.insert(key(3), "d");
        assert_eq!((cache.len(), cache.get(&key(3))), (2, Some("d")));
        cache.remove(&key(3));
        assert_eq!((cache.len(), cache.get(&key(3))), (1, None));
    }

    #[test]
    fn it_never_holds_more_than_it_may() {
        let mut cache = Cache::new(100);
        for n in 0..10_000_u64 {
            cache.insert(cache_key(0, &(n % 300).to_le_bytes()), n);
            cache.get(&cache_key(0, &(n % 7).to_le_bytes()));
            assert!(cache.len() <= 100 && cache.by_use.len() == cache.len());
        }
        let mut off = Cache::new(0);
        off.insert([0; 32], ());
        assert!(off.is_empty() && !off.is_on());
    }

    #[test]
    fn the_same_token_of_another_provider_is_another_entry() {
        assert_ne!(cache_key(0, b"t"), cache_key(1, b"t"));
    }
}
