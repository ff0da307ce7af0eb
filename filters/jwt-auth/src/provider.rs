//! Providers: whose tokens are accepted, and on which terms.

use crate::algorithm::Algorithm;
use crate::claims::{ClaimPath, Claims, Encoding};
use crate::keys::KeySet;
use crate::reason::Reason;
use crate::remote::Source;
use crate::sources::TokenSource;
use crate::token::Token;
use filter_kit::values::{HeaderName, Pattern};
use std::rc::Rc;

/// An issuer of tokens.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Its name in the configuration.
    pub name: String,
    /// What `iss` has to be.
    pub issuers: Issuers,
    /// What `aud` has to hold one of.
    pub audiences: Option<Vec<String>>,
    /// The algorithms that are allowed; `None`: those of the keys.
    pub algorithms: Option<Vec<Algorithm>>,
    /// The `typ` that are allowed, as [`crate::token::media_type`] gives them.
    pub types: Option<Vec<String>>,
    /// The longest token, in bytes.
    pub max_token_bytes: usize,
    /// How far clocks may differ, in seconds.
    pub clock_skew: u64,
    /// Whether a token must have `exp`.
    pub require_expiration: bool,
    /// How long a token may live, in seconds.
    pub max_lifetime: Option<u64>,
    /// Where its tokens stand.
    pub sources: Vec<TokenSource>,
    /// Its keys.
    pub keys: Keys,
    /// What the upstream gets.
    pub forward: Forward,
}

/// What `iss` has to be.
#[derive(Debug, Clone)]
pub enum Issuers {
    /// Anything; it may be missing.
    Any,
    /// One of these.
    OneOf(Vec<Issuer>),
}

/// A condition on `iss`.
#[derive(Debug, Clone)]
pub enum Issuer {
    /// It is this very string.
    Exact(String),
    /// The whole value matches.
    Regex(Pattern),
}

impl Issuers {
    /// Those that are known to the letter.
    pub fn exact(&self) -> impl Iterator<Item = &str> {
        let list = match self {
            Self::Any => &[][..],
            Self::OneOf(list) => list,
        };
        list.iter().filter_map(|issuer| match issuer {
            Issuer::Exact(text) => Some(text.as_str()),
            Issuer::Regex(_) => None,
        })
    }

    fn accept(&self, issuer: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(list) => issuer.is_some_and(|issuer| {
                list.iter().any(|accepted| match accepted {
                    Issuer::Exact(text) => text == issuer,
                    Issuer::Regex(pattern) => pattern.is_match(issuer.as_bytes()),
                })
            }),
        }
    }
}

/// Where the keys of a provider come from.
#[derive(Debug, Clone)]
pub enum Keys {
    /// The configuration.
    Fixed(Rc<KeySet>),
    /// A server.
    Remote(Source),
}

/// What the upstream gets of a token.
#[derive(Debug, Clone, Default)]
pub struct Forward {
    /// Whether the token stays in the request.
    pub token: bool,
    /// Claims as headers.
    pub claims: Vec<ClaimHeader>,
    /// Claims for filter state, by the name there.
    pub exports: Vec<(ClaimPath, Rc<str>)>,
    /// A header for all claims: base64url of their JSON.
    pub payload: Option<HeaderName>,
    /// A header for the provider's name.
    pub provider: Option<HeaderName>,
}

/// A claim as a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimHeader {
    /// The claim.
    pub claim: ClaimPath,
    /// The header.
    pub header: HeaderName,
    /// How the claim becomes its value.
    pub encoding: Encoding,
}

impl Forward {
    /// The headers that this promises to set, and no client may.
    pub fn headers(&self) -> impl Iterator<Item = &HeaderName> {
        let claims = self.claims.iter().map(|claim| &claim.header);
        claims.chain(&self.payload).chain(&self.provider)
    }
}

impl Provider {
    /// What filter state gets of a token with these claims. What is no header value could break a
    /// line of an access log, and is left out.
    #[must_use]
    pub fn exports_of(&self, claims: &Claims) -> Vec<(Rc<str>, Vec<u8>)> {
        let exports = self.forward.exports.iter();
        let value = |path| claims.header_value(path, Encoding::Plain);
        exports
            .filter_map(|(path, name)| Some((Rc::clone(name), value(path)?)))
            .collect()
    }

    /// The headers that are promised, with their values, for a token with these claims; `payload`
    /// is the base64url of them all. Of two values for one header the first one counts.
    #[must_use]
    pub fn headers_of(&self, claims: &Claims, payload: &[u8]) -> Vec<(HeaderName, Vec<u8>)> {
        let forward = &self.forward;
        let mut headers: Vec<(HeaderName, Vec<u8>)> = Vec::new();
        let mut push = |name: &HeaderName, value: Vec<u8>| {
            if !headers.iter().any(|(other, _)| other == name) {
                headers.push((name.clone(), value));
            }
        };
        for one in &forward.claims {
            if let Some(value) = claims.header_value(&one.claim, one.encoding) {
                push(&one.header, value);
            }
        }
        if let Some(header) = &forward.payload {
            push(header, payload.to_vec());
        }
        if let Some(header) = &forward.provider {
            push(header, self.name.as_bytes().to_vec());
        }
        headers
    }

    /// The checks that need no key and cost little: algorithm, type, issuer and time.
    ///
    /// # Errors
    /// The first reason to refuse it.
    pub fn check(&self, token: &Token<'_>, now: u64) -> Result<(), Reason> {
        let header = &token.header;
        if let Some(allowed) = &self.algorithms
            && !allowed.contains(&header.algorithm)
        {
            return Err(Reason::Algorithm);
        }
        if let Some(types) = &self.types
            && !header.typ.as_ref().is_some_and(|typ| types.contains(typ))
        {
            return Err(Reason::Type);
        }
        if !self.issuers.accept(token.claims.text("iss")) {
            return Err(Reason::Issuer);
        }
        self.check_time(&token.claims, now)
    }

    /// The time of a token (RFC 7519, sections 4.1.4 and 4.1.5). `now` is in seconds since the
    /// epoch.
    ///
    /// # Errors
    /// The first reason to refuse it.
    pub fn check_time(&self, claims: &Claims, now: u64) -> Result<(), Reason> {
        match claims.expires() {
            Some(expires) if now >= expires.saturating_add(self.clock_skew) => {
                return Err(Reason::Expired);
            }
            None if self.require_expiration || self.max_lifetime.is_some() => {
                return Err(Reason::NoExpiration);
            }
            _ => {}
        }
        if let Some(start) = claims.not_before()
            && start > now.saturating_add(self.clock_skew)
        {
            return Err(Reason::NotYetValid);
        }
        if let (Some(max), Some(expires)) = (self.max_lifetime, claims.expires()) {
            // A time that has not come makes no token live longer.
            let from = claims.issued().map_or(now, |issued| issued.min(now));
            if expires.saturating_sub(from) > max {
                return Err(Reason::Lifetime);
            }
        }
        Ok(())
    }
}
