//! Tokens with a valid signature.

use super::Failure;
use crate::algorithm::Algorithm;
use crate::claims::Claims;
use crate::json::block_bytes;
use crate::keys::{KeyId, KeySet};
use crate::reason::Reason;
use crate::token::Header;
use filter_kit::values::HeaderName;
use std::rc::{Rc, Weak};

/// A token with a valid signature.
#[derive(Debug)]
pub struct Verified {
    /// Its claims.
    pub claims: Claims,
    /// The key that verified it.
    pub key: KeyId,
    /// The algorithm of its signature.
    pub algorithm: Algorithm,
    /// The headers that its provider promises to set, with their values.
    pub headers: Vec<(HeaderName, Vec<u8>)>,
    /// Its values for filter state, by name.
    pub exports: Vec<(Rc<str>, Vec<u8>)>,
    /// Its header.
    pub(super) header: Rc<Header>,
    /// The key set that its key belongs to; usually still that of the provider.
    pub(super) set: Weak<KeySet>,
}

impl Verified {
    pub(super) fn failure(&self, reason: Reason) -> Failure {
        Failure::from(reason).of(self.header.kid.as_deref(), &self.claims)
    }

    /// Whether the key is still in this set, and would still be tried for the token according to
    /// its `kid` and algorithm.
    pub(super) fn holds_with(&self, set: &Rc<KeySet>) -> bool {
        let is_tried = || {
            let mut keys = set.candidates(self.header.kid.as_deref(), self.algorithm);
            keys.any(|key| key.id() == self.key)
        };
        self.set.as_ptr() == Rc::as_ptr(set) || is_tried()
    }

    /// Returns its memory in bytes, including the counters of its `Rc`.
    pub(super) fn bytes(&self) -> usize {
        let place = size_of::<(Self, [usize; 2])>();
        let headers = self
            .headers
            .capacity()
            .saturating_mul(size_of::<(HeaderName, Vec<u8>)>());
        let values = self.headers.iter().map(|(name, value)| {
            let name = block_bytes(name.as_str().len());
            name.saturating_add(block_bytes(value.capacity()))
        });
        block_bytes(place)
            .saturating_add(self.claims.heap_bytes())
            .saturating_add(block_bytes(headers))
            .saturating_add(values.sum())
            .saturating_add(self.header.bytes())
            .saturating_add(self.export_bytes())
    }
}

impl Verified {
    fn export_bytes(&self) -> usize {
        let place = self.exports.capacity();
        let place = place.saturating_mul(size_of::<(Rc<str>, Vec<u8>)>());
        let values = self.exports.iter();
        let values = values.map(|(_, value)| block_bytes(value.capacity()));
        block_bytes(place).saturating_add(values.sum())
    }
}
