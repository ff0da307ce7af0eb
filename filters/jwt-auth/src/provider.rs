//! Providers: whose tokens are accepted, and under which conditions.

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
    /// The accepted values of `iss`.
    pub issuers: Issuers,
    /// The audiences of which `aud` must contain one; `None` accepts any.
    pub audiences: Option<Vec<String>>,
    /// The allowed algorithms; `None` allows those of the keys.
    pub algorithms: Option<Vec<Algorithm>>,
    /// The allowed `typ`, normalized by [`crate::token::media_type`].
    pub types: Option<Vec<String>>,
    /// Maximum length of a token, in bytes.
    pub max_token_bytes: usize,
    /// The tolerated clock difference, in seconds.
    pub clock_skew: u64,
    /// Whether a token must have `exp`.
    pub require_expiration: bool,
    /// Maximum lifetime of a token, in seconds.
    pub max_lifetime: Option<u64>,
    /// Where its tokens are sent.
    pub sources: Vec<TokenSource>,
    /// Its keys.
    pub keys: Keys,
    /// What the upstream gets.
    pub forward: Forward,
}

/// The accepted values of `iss`.
#[derive(Debug, Clone)]
pub enum Issuers {
    /// Any value; `iss` may be missing.
    Any,
    /// One of these.
    OneOf(Vec<Issuer>),
}

/// A condition on `iss`.
#[derive(Debug, Clone)]
pub enum Issuer {
    /// Exactly this string.
    Exact(String),
    /// The whole value matches.
    Regex(Pattern),
}

impl Issuers {
    /// Returns those that are exact strings.
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

/// What the upstream gets from a token.
#[derive(Debug, Clone, Default)]
pub struct Forward {
    /// Whether the token stays in the request.
    pub token: bool,
    /// Claims as headers.
    pub claims: Vec<ClaimHeader>,
    /// Claims for filter state, with their names there.
    pub exports: Vec<(ClaimPath, Rc<str>)>,
    /// The header for all claims: base64url of their JSON.
    pub payload: Option<HeaderName>,
    /// The header for the provider's name.
    pub provider: Option<HeaderName>,
}

/// A claim that is forwarded as a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimHeader {
    /// The claim.
    pub claim: ClaimPath,
    /// The header.
    pub header: HeaderName,
    /// How the claim is encoded.
    pub encoding: Encoding,
}

impl Forward {
    /// Returns the headers that this promises to set, which clients must not set.
    pub fn headers(&self) -> impl Iterator<Item = &HeaderName> {
        let claims = self.claims.iter().map(|claim| &claim.header);
        claims.chain(&self.payload).chain(&self.provider)
    }
}

impl Provider {
    /// Returns the values for filter state of a token with these claims. Values that are not valid
    /// header values are left out, because they could break a line of an access log.
    #[must_use]
    pub fn exports_of(&self, claims: &Claims) -> Vec<(Rc<str>, Vec<u8>)> {
        let exports = self.forward.exports.iter();
        let value = |path| claims.header_value(path, Encoding::Plain);
        exports
            .filter_map(|(path, name)| Some((Rc::clone(name), value(path)?)))
            .collect()
    }

    /// Returns the promised headers and their values for a token with these claims. `payload` is
    /// the base64url encoding of all claims. If two values apply to one header, the first is used.
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

    /// Performs the cheap checks that need no key: algorithm, type, issuer and time.
    ///
    /// # Errors
    /// The first reason to refuse the token.
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

    /// Checks the time of a token (RFC 7519, sections 4.1.4 and 4.1.5). `now` is in seconds since
    /// the Unix epoch.
    ///
    /// # Errors
    /// The first reason to refuse the token.
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
            // An `iat` in the future must not extend the lifetime.
            let from = claims.issued().map_or(now, |issued| issued.min(now));
            if expires.saturating_sub(from) > max {
                return Err(Reason::Lifetime);
            }
        }
        Ok(())
    }
}
