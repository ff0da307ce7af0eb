//! From a request to a verdict: finds the tokens, verifies them or remembers that they were, and asks the requirement.

use crate::budget::Budget;
use crate::cache::{Cache, cache_key};
use crate::claims::Claims;
use crate::keys::{KeyId, KeySet};
use crate::provider::Provider;
use crate::reason::Reason;
use crate::requirement::{ProviderRequirement, Refusal, Requirement, Scopes, evaluate};
use crate::token::Token;
use crate::{signature, sources};
use filter_kit::request::RequestHead;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

/// All that is known for longer than one request.
#[derive(Debug)]
pub struct Authenticator {
    providers: Vec<Provider>,
    cache: RefCell<Cache<Rc<Verified>>>,
    max_cached_bytes: usize,
    budget: RefCell<Budget>,
    denied_ids: HashSet<String>,
    hits: Cell<bool>,
}

/// A token whose signature is good.
#[derive(Debug, PartialEq)]
pub struct Verified {
    /// What it says.
    pub claims: Claims,
    /// Its claims as sent: base64url without padding.
    pub payload: String,
    /// The key that verified it.
    pub key: KeyId,
}

/// A token that a requirement accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The provider's place in the list.
    pub provider: usize,
    /// The token.
    pub token: Rc<Verified>,
}

/// The keys of a provider at this moment.
#[derive(Debug, Clone)]
pub enum KeyState {
    /// They are here.
    Here {
        /// The keys.
        set: Rc<KeySet>,
        /// Whether a token that none of them fits is a reason to fetch them anew, and to wait.
        may_change: bool,
    },
    /// They are not.
    NotHere {
        /// Whether they are on their way.
        may_change: bool,
    },
}

/// The surroundings of one decision.
pub struct Moment<'m> {
    /// The wall clock, since the epoch.
    pub now: Duration,
    /// The same clock, read anew: how long a verification took.
    pub clock: &'m dyn Fn() -> Duration,
    /// The keys of the provider at this place of the list.
    pub keys: &'m dyn Fn(usize) -> KeyState,
    /// Whether the request may wait for keys.
    pub patient: bool,
}

/// Why a token is refused, and whether other keys may change that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failure {
    reason: Reason,
    may_change: bool,
}

/// The tokens of a provider in a request, all of them good, or why one is not.
type Tokens = Result<Vec<Rc<Verified>>, Failure>;

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            may_change: false,
        }
    }
}

impl Authenticator {
    /// With an empty cache.
    #[must_use]
    pub fn new(
        providers: Vec<Provider>,
        max_cached: usize,
        max_cached_bytes: usize,
        budget: Duration,
        denied_ids: HashSet<String>,
    ) -> Self {
        Self {
            providers,
            cache: RefCell::new(Cache::new(max_cached)),
            max_cached_bytes,
            budget: RefCell::new(Budget::new(budget)),
            denied_ids,
            hits: Cell::new(false),
        }
    }

    /// The providers, in order.
    #[must_use]
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// Whether the latest decision found a token in the cache.
    #[must_use]
    pub fn was_hit(&self) -> bool {
        self.hits.get()
    }

    /// Whether a request meets a requirement, and by which tokens.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn decide(
        &self,
        requirement: &Requirement,
        head: &RequestHead,
        moment: &Moment<'_>,
    ) -> Result<Vec<Accepted>, Refusal> {
        self.hits.set(false);
        // A provider may be asked for several times; its tokens are verified once.
        let mut looked_at: Vec<(usize, Tokens)> = Vec::new();
        evaluate(requirement, &mut |required| {
            let index = required.provider;
            let known = looked_at.iter().find(|(provider, _)| *provider == index);
            let tokens = match known {
                Some((_, tokens)) => tokens.clone(),
                None => {
                    let tokens = self.tokens(index, head, moment);
                    looked_at.push((index, tokens.clone()));
                    tokens
                }
            };
            tokens
                .and_then(|tokens| self.accept(required, &tokens))
                .map_err(|failure| refusal(required, failure, moment.patient))
        })
    }

    /// All tokens of a provider. All have to be good.
    fn tokens(&self, index: usize, head: &RequestHead, moment: &Moment<'_>) -> Tokens {
        let provider = self.providers.get(index).ok_or(Reason::KeysUnavailable)?;
        let tokens = sources::find(&provider.sources, head)?;
        if tokens.is_empty() {
            return Err(Reason::Missing.into());
        }
        tokens
            .iter()
            .map(|token| self.verify(index, provider, token, moment))
            .collect()
    }

    fn accept(
        &self,
        required: &ProviderRequirement,
        tokens: &[Rc<Verified>],
    ) -> Result<Accepted, Failure> {
        let provider = self.providers.get(required.provider);
        let own = provider.and_then(|provider| provider.audiences.as_deref());
        for token in tokens {
            required.check(&token.claims, own)?;
        }
        let token = tokens.first().ok_or(Reason::Missing)?;
        Ok(Accepted {
            provider: required.provider,
            token: Rc::clone(token),
        })
    }

    fn verify(
        &self,
        index: usize,
        provider: &Provider,
        text: &[u8],
        moment: &Moment<'_>,
    ) -> Result<Rc<Verified>, Failure> {
        let now = moment.now.as_secs();
        let keys = (moment.keys)(index);
        let cacheable = text.len() <= self.max_cached_bytes && self.cache.borrow().is_on();
        let key = cacheable.then(|| cache_key(index, text));
        if let Some(key) = key
            && let KeyState::Here { set, .. } = &keys
            && let Some(verified) = self.cache.borrow_mut().get(&key)
            && set.contains(&verified.key)
        {
            self.hits.set(true);
            provider.check_time(&verified.claims, now)?;
            return Ok(verified);
        }
        let token = Token::parse(text)?;
        provider.check(&token, now)?;
        if token
            .claims
            .text("jti")
            .is_some_and(|id| self.denied_ids.contains(id))
        {
            return Err(Reason::Denied.into());
        }
        let verified_by = self.verified_by(&token, &keys, moment)?;
        let verified = Rc::new(Verified {
            payload: token.payload.to_owned(),
            claims: token.claims,
            key: verified_by,
        });
        if let Some(key) = key {
            self.cache.borrow_mut().insert(key, Rc::clone(&verified));
        }
        Ok(verified)
    }

    /// The key whose signature a token bears.
    fn verified_by(
        &self,
        token: &Token<'_>,
        keys: &KeyState,
        moment: &Moment<'_>,
    ) -> Result<KeyId, Failure> {
        let (set, may_change) = match keys {
            KeyState::Here { set, may_change } => (set, *may_change),
            KeyState::NotHere { may_change } => {
                return Err(Failure {
                    reason: Reason::KeysUnavailable,
                    may_change: *may_change,
                });
            }
        };
        let header = &token.header;
        let mut candidates = set
            .candidates(header.kid.as_deref(), header.algorithm)
            .peekable();
        if candidates.peek().is_none() {
            return Err(Failure {
                reason: Reason::UnknownKey,
                may_change,
            });
        }
        let slow = signature::is_slow(header.algorithm);
        for key in candidates {
            let mut budget = self.budget.borrow_mut();
            let start = if slow { (moment.clock)() } else { moment.now };
            if slow && !budget.allows(start) {
                return Err(Reason::Overloaded.into());
            }
            let message = token.message.as_bytes();
            let good = signature::verify(header.algorithm, key, message, token.signature);
            if slow {
                budget.spend((moment.clock)().saturating_sub(start));
            }
            if good {
                return Ok(key.id());
            }
        }
        // A token that names no key may be of one that is not here yet.
        Err(Failure {
            reason: Reason::Signature,
            may_change: may_change && header.kid.is_none(),
        })
    }
}

fn refusal(required: &ProviderRequirement, failure: Failure, patient: bool) -> Refusal {
    let scopes = match &required.scopes {
        Scopes::All(list) | Scopes::Any(list) => list.clone(),
        Scopes::None => Vec::new(),
    };
    Refusal {
        reason: failure.reason,
        provider: required.provider,
        scopes,
        may_change: failure.may_change && patient,
    }
}

#[cfg(test)]
mod tests;
