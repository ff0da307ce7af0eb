//! From a request to a verdict: finds the tokens, verifies them or remembers that they were, and
//! asks the requirement.

use crate::algorithm::{Algorithm, Family};
use crate::budget::Budget;
use crate::cache::Cache;
use crate::claims::Claims;
use crate::deny_list::DenyList;
use crate::json::block_bytes;
use crate::keys::{KeyId, KeySet};
use crate::provider::Provider;
use crate::reason::Reason;
use crate::requirement::{About, ProviderRequirement, Refusal, Requirement, evaluate};
use crate::rules::Requirements;
use crate::token::{Header, KnownHeaders, Token};
use crate::{signature, sources};
use filter_kit::request::Request;
use filter_kit::values::HeaderName;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

/// How much of what was verified is kept.
#[derive(Debug, Clone, Copy)]
pub struct CacheLimits {
    /// The most tokens; 0: none.
    pub max_tokens: usize,
    /// The longest token, in bytes.
    pub max_token_bytes: usize,
    /// The most bytes of all that is kept.
    pub max_bytes: usize,
}

/// All that is known for longer than one request.
#[derive(Debug)]
pub struct Authenticator {
    providers: Vec<Provider>,
    cache: RefCell<Cache<Rc<Verified>>>,
    max_cached_bytes: usize,
    budget: RefCell<Budget>,
    denied: DenyList,
    known_headers: KnownHeaders,
    hits: Cell<bool>,
}

/// A token whose signature is good.
#[derive(Debug)]
pub struct Verified {
    /// What it says.
    pub claims: Claims,
    /// The key that verified it.
    pub key: KeyId,
    /// The algorithm of its signature.
    pub algorithm: Algorithm,
    /// The headers that its provider promises, with their values.
    pub headers: Vec<(HeaderName, Vec<u8>)>,
    /// What filter state gets of it, by name.
    pub exports: Vec<(Rc<str>, Vec<u8>)>,
    /// Its header.
    header: Rc<Header>,
    /// The set of the key, which mostly is the provider's still.
    set: Weak<KeySet>,
}

/// A token that a requirement accepted.
#[derive(Debug, Clone)]
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
        /// Whether a token that no key verifies is a reason to fetch them again, and to wait.
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
    /// The same clock, read again: how long a verification took.
    pub clock: &'m dyn Fn() -> Duration,
    /// The keys of the provider at this place of the list.
    pub keys: &'m dyn Fn(usize) -> KeyState,
    /// Whether the request may wait for keys.
    pub patient: bool,
}

/// Why a token is refused, and whether other keys may change that.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Failure {
    reason: Reason,
    may_change: bool,
    about: Option<Rc<About>>,
}

/// The tokens of a provider in a request, all of them good, or why one is not.
type Tokens = Result<Vec<Rc<Verified>>, Failure>;

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            may_change: false,
            about: None,
        }
    }
}

impl Failure {
    /// With what the token says of itself.
    #[cold]
    fn of(self, kid: Option<&str>, claims: &Claims) -> Self {
        let about = About {
            kid: kid.map(str::to_owned),
            issuer: claims.text("iss").map(str::to_owned),
            issued: claims.issued(),
        };
        Self {
            about: Some(Rc::new(about)),
            ..self
        }
    }
}

impl Verified {
    fn failure(&self, reason: Reason) -> Failure {
        Failure::from(reason).of(self.header.kid.as_deref(), &self.claims)
    }

    /// Whether its key is in this set still, and would verify its algorithm.
    fn holds_with(&self, set: &Rc<KeySet>) -> bool {
        self.set.as_ptr() == Rc::as_ptr(set) || set.verifies(&self.key, self.algorithm)
    }

    /// The bytes of memory that it takes, with the counters of its `Rc`.
    fn bytes(&self) -> usize {
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

impl Authenticator {
    /// With an empty cache.
    #[must_use]
    pub fn new(
        providers: Vec<Provider>,
        cache: CacheLimits,
        budget: Duration,
        denied: DenyList,
        seed: [u8; 16],
    ) -> Self {
        Self {
            providers,
            cache: RefCell::new(Cache::new(cache.max_tokens, cache.max_bytes, seed)),
            max_cached_bytes: cache.max_token_bytes,
            budget: RefCell::new(Budget::new(budget)),
            denied,
            known_headers: KnownHeaders::default(),
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

    /// Whether a request meets all its requirements, and by which tokens.
    ///
    /// # Errors
    /// The weightiest [`Refusal`].
    pub fn decide(
        &self,
        requirements: &Requirements<'_>,
        request: &Request,
        moment: &Moment<'_>,
    ) -> Result<Vec<Accepted>, Refusal> {
        self.hits.set(false);
        if let Some((rule, required)) = requirements.only_provider() {
            let verdict = self.one(required, request, moment);
            return verdict.map_err(|refusal| Refusal { rule, ..refusal });
        }
        // A provider may be asked for several times; its tokens are verified once.
        let mut looked_at: Vec<(usize, Tokens)> = Vec::new();
        let mut accepted: Vec<Accepted> = Vec::new();
        let mut refused: Option<Refusal> = None;
        for (rule, requirement) in requirements.numbered() {
            match self.meets(requirement, request, moment, &mut looked_at) {
                Ok(tokens) => {
                    for token in tokens {
                        // Two readings of the path may require the same.
                        if !accepted
                            .iter()
                            .any(|other| other.provider == token.provider)
                        {
                            accepted.push(token);
                        }
                    }
                }
                Err(refusal) => {
                    let refusal = Refusal { rule, ..refusal };
                    refused = Some(Refusal::weightier(refused, refusal));
                }
            }
        }
        match refused {
            Some(refusal) => Err(refusal),
            None => Ok(accepted),
        }
    }

    /// What most requests come to: one provider's token.
    fn one(
        &self,
        required: &ProviderRequirement,
        request: &Request,
        moment: &Moment<'_>,
    ) -> Result<Vec<Accepted>, Refusal> {
        let accepted = self
            .tokens(required.provider, request, moment)
            .and_then(|tokens| self.accept(required, &tokens, request));
        match accepted {
            Ok(accepted) => Ok(vec![accepted]),
            Err(failure) => Err(refusal(required, failure, moment.patient)),
        }
    }

    fn meets(
        &self,
        requirement: &Requirement,
        request: &Request,
        moment: &Moment<'_>,
        looked_at: &mut Vec<(usize, Tokens)>,
    ) -> Result<Vec<Accepted>, Refusal> {
        evaluate(requirement, &mut |required| {
            let index = required.provider;
            let known = looked_at.iter().find(|(provider, _)| *provider == index);
            let tokens = match known {
                Some((_, tokens)) => tokens.clone(),
                None => {
                    let tokens = self.tokens(index, request, moment);
                    looked_at.push((index, tokens.clone()));
                    tokens
                }
            };
            tokens
                .and_then(|tokens| self.accept(required, &tokens, request))
                .map_err(|failure| refusal(required, failure, moment.patient))
        })
    }

    /// All tokens of a provider. All have to be good.
    fn tokens(&self, index: usize, request: &Request, moment: &Moment<'_>) -> Tokens {
        let provider = self.providers.get(index).ok_or(Reason::KeysUnavailable)?;
        let found = sources::find(&provider.sources, request)?;
        let (first, others) = found.ok_or(Reason::Missing)?;
        let mut verified = vec![self.verify(index, provider, &first, moment)?];
        for token in &others {
            verified.push(self.verify(index, provider, token, moment)?);
        }
        Ok(verified)
    }

    fn accept(
        &self,
        required: &ProviderRequirement,
        tokens: &[Rc<Verified>],
        request: &Request,
    ) -> Result<Accepted, Failure> {
        let provider = self.providers.get(required.provider);
        let own = provider.and_then(|provider| provider.audiences.as_deref());
        for token in tokens {
            required
                .check(&token.claims, own, request)
                .map_err(|reason| token.failure(reason))?;
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

    /// The key of a token that passes all checks of its provider.
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

    /// The key whose signature a token bears.
    fn verified_by(
        &self,
        token: &Token<'_>,
        keys: &KeyState,
        moment: &Moment<'_>,
    ) -> Result<KeyId, Failure> {
        let header = &token.header;
        // No server has a secret.
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
        // A known key whose signature is bad is no reason to fetch others.
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
        // It may be of a key that is not here yet.
        Err(Failure {
            reason: Reason::Signature,
            may_change,
            about: None,
        })
    }
}

fn refusal(required: &ProviderRequirement, failure: Failure, patient: bool) -> Refusal {
    let scopes = required.scopes.as_ref();
    let scopes = scopes.map_or_else(Vec::new, |scopes| scopes.names.clone());
    Refusal {
        reason: failure.reason,
        provider: required.provider,
        scopes,
        may_change: failure.may_change && patient,
        about: failure.about,
        rule: None,
    }
}

#[cfg(test)]
mod tests;
