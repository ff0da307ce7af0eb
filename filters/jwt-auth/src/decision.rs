//! Turns a request into a verdict: finds the tokens, verifies them or looks them up in the cache,
//! and evaluates the requirement.

mod failure;
mod moment;
mod verified;
mod verify;

use crate::budget::Budget;
use crate::cache::Cache;
use crate::deny_list::DenyList;
use crate::provider::Provider;
use crate::reason::Reason;
use crate::requirement::{ProviderRequirement, Refusal, Requirement, evaluate};
use crate::rules::Requirements;
use crate::sources;
use crate::token::KnownHeaders;
use failure::Failure;
use filter_kit::request::Request;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

pub use moment::{KeyState, Moment};
pub use verified::Verified;

/// Limits of the cache of verified tokens.
#[derive(Debug, Clone, Copy)]
pub struct CacheLimits {
    /// Maximum number of tokens; 0 turns the cache off.
    pub max_tokens: usize,
    /// Maximum length of a token, in bytes.
    pub max_token_bytes: usize,
    /// Maximum size of the whole cache, in bytes.
    pub max_bytes: usize,
}

/// Everything that is known for longer than one request.
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

/// A token that a requirement accepted.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The provider's index in the list.
    pub provider: usize,
    /// The token.
    pub token: Rc<Verified>,
}

/// All tokens of a provider in a request, which are valid, or why one is not.
type Tokens = Result<Vec<Rc<Verified>>, Failure>;

impl Authenticator {
    /// Creates an authenticator with an empty cache.
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

    /// Returns the providers, in order.
    #[must_use]
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// Whether the latest decision found a token in the cache.
    #[must_use]
    pub fn was_hit(&self) -> bool {
        self.hits.get()
    }

    /// Returns the tokens with which a request meets all of its requirements.
    ///
    /// # Errors
    /// The [`Refusal`] with the highest weight.
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
        // Several requirements may name the same provider. Its tokens are verified once.
        let mut looked_at: Vec<(usize, Tokens)> = Vec::new();
        let mut accepted: Vec<Accepted> = Vec::new();
        let mut refused: Option<Refusal> = None;
        for (rule, requirement) in requirements.numbered() {
            match self.meets(requirement, request, moment, &mut looked_at) {
                Ok(tokens) => {
                    for token in tokens {
                        // Two readings of the path may require the same provider.
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

    /// Decides the most common case: one provider's token.
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

    /// Returns all tokens of a provider, which all have to be valid.
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
