//! A bounded table of tokens that were verified before. Evicts the least recently used token.

use crate::json::block_bytes;
use filter_kit::headers::is_same;
use lru::LruCache;
use siphasher::sip::SipHasher13;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

/// Tokens and what is known about them, limited by number and by total size.
///
/// An entry is found by a keyed hash, for which a client cannot construct collisions, and by
/// comparing the whole token.
pub(crate) struct Cache<V> {
    max_tokens: usize,
    max_bytes: usize,
    bytes: usize,
    seed: [u8; 16],
    entries: LruCache<u64, Entry<V>, BuildHasherDefault<Hashed>>,
}

struct Entry<V> {
    provider: usize,
    token: Box<[u8]>,
    bytes: usize,
    value: V,
}

/// Keys are already hashes.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// How many bytes are hashed, at the end of a token. They belong to the signature, which differs
/// between tokens. A match is compared as a whole.
const HASHED_BYTES: usize = 40;

impl<V: Clone> Cache<V> {
    /// The memory of an entry in the list and in the table. The table is at least a quarter full
    /// after it has grown, and at most seven eighths full before it grows.
    const PLACE_BYTES: usize = size_of::<(Entry<V>, [usize; 16])>();

    /// Creates an empty table. With a maximum of 0 it stays empty. `seed` must be random.
    #[must_use]
    pub(crate) fn new(max_tokens: usize, max_bytes: usize, seed: [u8; 16]) -> Self {
        Self {
            max_tokens,
            max_bytes,
            bytes: 0,
            seed,
            entries: LruCache::unbounded_with_hasher(BuildHasherDefault::default()),
        }
    }

    /// Whether it can hold any entry.
    #[must_use]
    pub(crate) fn is_on(&self) -> bool {
        self.max_tokens > 0 && self.max_bytes > 0
    }

    /// Returns what is known about a provider's token, which becomes the most recently used one.
    pub(crate) fn get(&mut self, provider: usize, token: &[u8]) -> Option<V> {
        let entry = self.entries.get(&self.hash(provider, token))?;
        (entry.provider == provider && is_same(&entry.token, token)).then(|| entry.value.clone())
    }

    /// Stores what is known about a token. `bytes` is its size in addition to the token and the
    /// table entry. Evicts the least recently used tokens if there is no room.
    pub(crate) fn insert(&mut self, provider: usize, token: &[u8], value: V, bytes: usize) {
        let bytes = bytes
            .saturating_add(block_bytes(token.len()))
            .saturating_add(Self::PLACE_BYTES);
        if !self.is_on() || bytes > self.max_bytes {
            return;
        }
        let entry = Entry {
            provider,
            token: token.into(),
            bytes,
            value,
        };
        if let Some((_, old)) = self.entries.push(self.hash(provider, token), entry) {
            self.bytes = self.bytes.saturating_sub(old.bytes);
        }
        self.bytes = self.bytes.saturating_add(bytes);
        while self.entries.len() > self.max_tokens || self.bytes > self.max_bytes {
            let Some((_, oldest)) = self.entries.pop_lru() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(oldest.bytes);
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.entries.len()
    }

    #[cfg(test)]
    fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn hash(&self, provider: usize, token: &[u8]) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.seed);
        let start = token.len().saturating_sub(HASHED_BYTES);
        hasher.write_usize(provider);
        hasher.write(token.get(start..).unwrap_or_default());
        hasher.finish()
    }
}

impl<V> fmt::Debug for Cache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Cache({} tokens, {} bytes)",
            self.entries.len(),
            self.bytes
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of a short token without further data.
    const KEPT: usize = 16 + Cache::<u32>::PLACE_BYTES;

    fn cache(max_tokens: usize, max_bytes: usize) -> Cache<u32> {
        Cache::new(max_tokens, max_bytes, [7; 16])
    }

    #[test]
    fn the_least_recently_used_token_goes_out_first() {
        let mut cache = cache(2, 1000);
        cache.insert(0, b"a", 1, 0);
        cache.insert(0, b"b", 2, 0);
        assert_eq!(cache.get(0, b"a"), Some(1));
        cache.insert(0, b"c", 3, 0);
        assert_eq!(cache.get(0, b"b"), None);
        assert_eq!((cache.get(0, b"a"), cache.get(0, b"c")), (Some(1), Some(3)));
        assert_eq!((cache.len(), cache.bytes()), (2, 2 * KEPT));
    }

    #[test]
    fn all_that_is_kept_stays_below_its_bytes() {
        let most = 3 * (KEPT + 29);
        let mut cache = cache(1000, most);
        for n in 0..50_u8 {
            cache.insert(0, &[n], 0, 29);
            assert!(cache.bytes() <= most, "{} bytes", cache.bytes());
        }
        assert_eq!(cache.len(), 3);
        cache.insert(0, b"large", 0, most);
        assert_eq!(
            (cache.get(0, b"large"), cache.len()),
            (None, 3),
            "too large to be kept"
        );
    }

    #[test]
    fn a_token_is_of_one_provider_and_takes_the_place_of_itself() {
        let mut cache = cache(10, 1000);
        cache.insert(0, b"a", 1, 10);
        assert_eq!(cache.get(1, b"a"), None);
        cache.insert(0, b"a", 2, 20);
        assert_eq!(cache.get(0, b"a"), Some(2));
        assert_eq!((cache.len(), cache.bytes()), (1, KEPT + 20));
    }

    #[test]
    fn a_hash_that_two_tokens_share_does_not_mix_them_up() {
        let mut cache = cache(10, 1000);
        cache.insert(0, b"a", 1, 0);
        let entry = cache.entries.pop(&cache.hash(0, b"a")).unwrap();
        let hash = cache.hash(0, b"b");
        cache.entries.put(hash, entry);
        assert_eq!(cache.get(0, b"b"), None);
    }

    #[test]
    fn a_cache_of_no_tokens_or_no_bytes_is_off() {
        for mut cache in [cache(0, 1000), cache(10, 0)] {
            assert!(!cache.is_on());
            cache.insert(0, b"a", 1, 0);
            assert!(cache.is_empty());
        }
    }
}
