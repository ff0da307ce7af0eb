//! What a request has to show, and whether it does. The tokens themselves are looked at elsewhere.

mod evaluate;

use crate::claims::{ClaimPath, Claims};
use crate::reason::Reason;
use filter_kit::matching::TextMatch;
use filter_kit::request::Request;
use filter_kit::template::{Template, Values};
use std::borrow::Cow;
use std::rc::Rc;

pub(crate) use evaluate::evaluate;

/// What a request needs.
#[derive(Debug, Clone)]
pub enum Requirement {
    /// Nothing.
    Nothing,
    /// A valid token of a provider.
    Provider(ProviderRequirement),
    /// One of these; the first that holds.
    Any(Vec<Requirement>),
    /// All of these.
    All(Vec<Requirement>),
    /// This, or no token at all: a bad token is refused.
    Optional(Box<Requirement>),
    /// This if it holds; if not, the request passes without.
    IgnoreFailure(Box<Requirement>),
}

/// A valid token of a provider, with these audiences, scopes and claims.
#[derive(Debug, Clone)]
pub struct ProviderRequirement {
    /// The provider's place in the list of providers.
    pub provider: usize,
    /// In place of the provider's own.
    pub audiences: Option<Vec<String>>,
    /// The scopes.
    pub scopes: Option<Scopes>,
    /// Conditions on claims, all of.
    pub claims: Vec<(ClaimPath, ClaimMatch)>,
}

/// Scopes that are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes {
    /// Their names.
    pub names: Vec<String>,
    /// Whether all of them are needed; if not, one is enough.
    pub all: bool,
    /// The claim that grants them; `None`: `scope` and `scp`.
    pub claim: Option<ClaimPath>,
}

impl Scopes {
    fn are_granted(&self, claims: &Claims) -> bool {
        let has = |scope: &String| claims.has_scope(scope, self.claim.as_ref());
        match self.all {
            true => self.names.iter().all(has),
            false => self.names.iter().any(has),
        }
    }
}

/// A condition on a claim; for a list, on one of its elements.
#[derive(Debug, Clone)]
pub enum ClaimMatch {
    /// It is one of these.
    AnyOf(Vec<Template>),
    /// It is exactly what the request says.
    Exact {
        /// Where the request says it.
        template: Template,
        /// Whether ASCII letters are compared without their case.
        ignore_case: bool,
    },
    /// It matches.
    Text(TextMatch),
}

impl ClaimMatch {
    fn holds(&self, claims: &Claims, path: &ClaimPath, request: &Request) -> bool {
        let mut texts = claims.texts(path);
        match self {
            Self::AnyOf(list) => {
                let accepted: Vec<_> = list.iter().filter_map(|t| expanded(t, request)).collect();
                texts.any(|text| accepted.iter().any(|a| **a == *text.as_bytes()))
            }
            Self::Exact {
                template,
                ignore_case,
            } => expanded(template, request).is_some_and(|expected| {
                texts.any(|text| match ignore_case {
                    true => text.as_bytes().eq_ignore_ascii_case(&expected),
                    false => *text.as_bytes() == *expected,
                })
            }),
            Self::Text(text) => match text.presence() {
                // There or not, whatever its type.
                Some(present) => claims.get(path).is_some() == present,
                None => text.fits(texts.map(|t| t.as_bytes().to_vec())),
            },
        }
    }

    fn looks_at_host(&self) -> bool {
        match self {
            Self::AnyOf(list) => list.iter().any(Template::looks_at_host),
            Self::Exact { template, .. } => template.looks_at_host(),
            Self::Text(_) => false,
        }
    }
}

/// The value of a template. What a request leaves empty, or out, equals no claim.
fn expanded<'t>(template: &'t Template, request: &Request) -> Option<Cow<'t, [u8]>> {
    let values = Values {
        request: Some(request),
        ..Values::default()
    };
    let value = template.expanded(&values).ok()?;
    (template.as_literal().is_some() || !value.is_empty()).then_some(value)
}

impl ProviderRequirement {
    /// Whether a valid token is enough. `own` are the provider's audiences.
    ///
    /// # Errors
    /// [`Reason::Audience`], [`Reason::Scope`] or [`Reason::Claim`].
    pub fn check(
        &self,
        claims: &Claims,
        own: Option<&[String]>,
        request: &Request,
    ) -> Result<(), Reason> {
        if let Some(audiences) = self.audiences.as_deref().or(own)
            && !claims.has_audience(audiences)
        {
            return Err(Reason::Audience);
        }
        if self.scopes.as_ref().is_some_and(|s| !s.are_granted(claims)) {
            return Err(Reason::Scope);
        }
        let mut conditions = self.claims.iter();
        if conditions.all(|(path, condition)| condition.holds(claims, path, request)) {
            Ok(())
        } else {
            Err(Reason::Claim)
        }
    }
}

impl Requirement {
    /// Whether the host decides whether it holds.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Provider(provider) => provider.claims.iter().any(|(_, c)| c.looks_at_host()),
            Self::Any(list) | Self::All(list) => list.iter().any(Self::looks_at_host),
            Self::Optional(inner) | Self::IgnoreFailure(inner) => inner.looks_at_host(),
        }
    }
}

/// Why a requirement does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// The provider that it is about.
    pub provider: usize,
    /// The scopes that would do, for the challenge.
    pub scopes: Vec<String>,
    /// Keys are on their way that may change the answer.
    pub may_change: bool,
    /// What the token says of itself, where it could be read. Nothing of it is verified.
    pub about: Option<Rc<About>>,
    /// The number of the rule, from 0; `None`: no rule matched.
    pub rule: Option<usize>,
}

/// What a token says of itself, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its `kid`.
    pub kid: Option<String>,
    /// Its `iss`.
    pub issuer: Option<String>,
    /// Its `iat`, in seconds since the epoch.
    pub issued: Option<u64>,
}

impl Refusal {
    fn missing() -> Self {
        Self {
            reason: Reason::Missing,
            provider: 0,
            scopes: Vec::new(),
            may_change: false,
            about: None,
            rule: None,
        }
    }

    /// For what has nothing to do with a provider.
    #[must_use]
    pub fn of(reason: Reason) -> Self {
        Self {
            reason,
            ..Self::missing()
        }
    }

    /// The weightier of two; of two that weigh the same, the first.
    #[must_use]
    pub fn weightier(first: Option<Self>, second: Self) -> Self {
        match first {
            Some(first) if first.weight() >= second.weight() => first,
            _ => second,
        }
    }

    /// Greater is weightier; see [`Reason::weight`]. What may change outweighs everything: the
    /// request waits.
    fn weight(&self) -> u8 {
        if self.may_change {
            u8::MAX
        } else {
            self.reason.weight()
        }
    }
}

#[cfg(test)]
mod tests;
