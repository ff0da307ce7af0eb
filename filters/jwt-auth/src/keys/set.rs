//! The keys of a provider, and which of them are tried on a token.

use super::Key;
use crate::algorithm::Algorithm;

/// The keys of a provider.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    pub(super) keys: Vec<Key>,
}

/// How many keys are tried on a token that does not name them.
pub(super) const MAX_CANDIDATES: usize = 4;

impl KeySet {
    /// These keys.
    #[must_use]
    pub fn new(keys: Vec<Key>) -> Self {
        Self { keys }
    }

    /// The keys to try on a token, of those that allow its algorithm: those of its `kid` first,
    /// then those without one; for a token without `kid`, any (RFC 7515, appendix D). Of keys that
    /// the token does not name at most four are tried: it must not cost a verification for each
    /// key.
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

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
