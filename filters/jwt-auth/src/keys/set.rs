//! The keys of a provider, and which of them are tried for a token.

use super::Key;
use crate::algorithm::Algorithm;

/// The keys of a provider.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    pub(super) keys: Vec<Key>,
}

/// How many keys are tried for a token that does not name them.
pub(super) const MAX_CANDIDATES: usize = 4;

impl KeySet {
    /// Creates a set of these keys.
    #[must_use]
    pub fn new(keys: Vec<Key>) -> Self {
        Self { keys }
    }

    /// Returns the keys to try for a token, among those that allow its algorithm: first those with
    /// its `kid`, then those without a `kid`; for a token without `kid`, any key (RFC 7515,
    /// appendix D). At most four keys that the token does not name are tried, so that a token does
    /// not cost one verification per key.
    pub fn candidates<'k>(
        &'k self,
        kid: Option<&'k str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'k Key> {
        let allowed = move || self.keys.iter().filter(move |key| key.allows(algorithm));
        let named = allowed().filter(move |key| kid.is_some() && key.kid() == kid);
        let others = allowed().filter(move |key| kid.is_none() || key.kid().is_none());
        named.chain(others.take(MAX_CANDIDATES))
    }

    /// Whether a key has this `kid`.
    #[must_use]
    pub fn has(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid() == Some(kid))
    }

    /// Returns the number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are no keys.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
