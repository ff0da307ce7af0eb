//! Looks up a single token, or verifies and stores it.

use super::{Authenticator, Failure, KeyState, Moment, Verified};
use crate::algorithm::Family;
use crate::keys::KeyId;
use crate::provider::Provider;
use crate::reason::Reason;
use crate::token::Token;
use crate::{signature, sources};
use std::rc::{Rc, Weak};

impl Authenticator {
    pub(super) fn verify(
        &self,
        index: usize,
        provider: &Provider,
        text: &[u8],
        moment: &Moment<'_>,
    ) -> Result<Rc<Verified>, Failure> {
        let now = moment.now.as_secs();
        let keys = (moment.keys)(index);
        let cacheable = text.len() <= self.max_cached_bytes;
        if cacheable
            && let KeyState::Here { set, .. } = &keys
            && let Some(verified) = self.cache.borrow_mut().get(index, text)
            && verified.holds_with(set)
        {
            self.hits.set(true);
            provider
                .check_time(&verified.claims, now)
                .map_err(|reason| verified.failure(reason))?;
            return Ok(verified);
        }
        let parsed = match text.len() > provider.max_token_bytes {
            true => Err(Reason::TooLarge),
            false => Token::parse(text, &self.known_headers),
        };
        let token = parsed.map_err(|reason| {
            if sources::is_joined(&provider.sources, text) {
                Reason::Repeated
            } else {
                reason
            }
        })?;
        let key = self
            .judged(provider, &token, &keys, moment)
            .map_err(|failure| failure.of(token.header.kid.as_deref(), &token.claims))?;
        self.known_headers.keep(&token);
        let verified = Rc::new(Verified {
            exports: provider.exports_of(&token.claims),
            header: Rc::clone(&token.header),
            headers: provider.headers_of(&token.claims, token.payload),
            algorithm: token.header.algorithm,
            claims: token.claims,
            key,
            set: match &keys {
                KeyState::Here { set, .. } => Rc::downgrade(set),
                KeyState::NotHere { .. } => Weak::new(),
            },
        });
        if cacheable {
            let kept = Rc::clone(&verified);
            let bytes = verified.bytes();
            self.cache.borrow_mut().insert(index, text, kept, bytes);
        }
        Ok(verified)
    }

    /// Returns the key of a token that passes all checks of its provider.
    fn judged(
        &self,
        provider: &Provider,
        token: &Token<'_>,
        keys: &KeyState,
        moment: &Moment<'_>,
    ) -> Result<KeyId, Failure> {
        provider.check(token, moment.now.as_secs())?;
        if self.denied.has(&token.claims) {
            return Err(Reason::Denied.into());
        }
        self.verified_by(token, keys, moment)
    }

    /// Returns the key that verifies the signature of a token.
    fn verified_by(
        &self,
        token: &Token<'_>,
        keys: &KeyState,
        moment: &Moment<'_>,
    ) -> Result<KeyId, Failure> {
        let header = &token.header;
        // Key servers do not provide secrets.
        let can_be_fetched = header.algorithm.family() != Family::Hmac;
        let (set, may_change) = match keys {
            KeyState::Here { set, may_change } => (set, *may_change),
            KeyState::NotHere { may_change } => {
                let reason = match can_be_fetched {
                    true => Reason::KeysUnavailable,
                    false => Reason::UnknownKey,
                };
                return Err(Failure {
                    reason,
                    may_change: *may_change && can_be_fetched,
                    about: None,
                });
            }
        };
        // If the key is known and the signature is invalid, there is no reason to fetch other keys.
        let is_known = header.kid.as_deref().is_some_and(|kid| set.has(kid));
        let may_change = may_change && can_be_fetched && !is_known;
        let mut candidates = set
            .candidates(header.kid.as_deref(), header.algorithm)
            .peekable();
        if candidates.peek().is_none() {
            return Err(Failure {
                reason: Reason::UnknownKey,
                may_change,
                about: None,
            });
        }
        let slow = signature::is_slow(header.algorithm);
        for key in candidates {
            let mut budget = self.budget.borrow_mut();
            let start = if slow { (moment.clock)() } else { moment.now };
            if slow && !budget.allows(start) {
                return Err(Reason::Overloaded.into());
            }
            let message = token.message;
            let good = signature::verify(header.algorithm, key, message, &token.signature);
            if slow {
                budget.spend((moment.clock)().saturating_sub(start));
            }
            if good {
                return Ok(key.id());
            }
        }
        // The key may not have been fetched yet.
        Err(Failure {
            reason: Reason::Signature,
            may_change,
            about: None,
        })
    }
}
