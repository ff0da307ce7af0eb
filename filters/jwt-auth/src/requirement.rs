//! What is required of a request, and whether it is met. The tokens themselves are checked
//! elsewhere.

mod evaluate;

use crate::claims::{ClaimPath, Claims};
use crate::reason::Reason;
use filter_kit::matching::TextMatch;
use filter_kit::request::Request;
use filter_kit::template::{Template, Values};
use std::borrow::Cow;
use std::rc::Rc;

pub(crate) use evaluate::evaluate;

/// What is required of a request.
#[derive(Debug, Clone)]
pub enum Requirement {
    /// No token is required.
    Nothing,
    /// A valid token of a provider.
    Provider(ProviderRequirement),
    /// One of these; the first that is met is used.
    Any(Vec<Requirement>),
    /// All of these.
    All(Vec<Requirement>),
    /// This, or no token at all. An invalid token is refused.
    Optional(Box<Requirement>),
    /// This if it is met; otherwise the request continues without a token.
    IgnoreFailure(Box<Requirement>),
}

/// A valid token of a provider, with these audiences, scopes and claims.
#[derive(Debug, Clone)]
pub struct ProviderRequirement {
    /// The index of the provider in the list of providers.
    pub provider: usize,
    /// Replaces the provider's own audiences.
    pub audiences: Option<Vec<String>>,
    /// The scopes.
    pub scopes: Option<Scopes>,
    /// Conditions on claims, all of which must be met.
    pub claims: Vec<(ClaimPath, ClaimMatch)>,
}

/// Required scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes {
    /// Their names.
    pub names: Vec<String>,
    /// Whether all of them are required, or only one.
    pub all: bool,
    /// The claim that grants them; `None` means `scope` and `scp`.
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

/// A condition on a claim. For a list, one of its elements has to meet it.
#[derive(Debug, Clone)]
pub enum ClaimMatch {
    /// It is one of these.
    AnyOf(Vec<Template>),
    /// It equals a value from the request.
    Exact {
        /// The value.
        template: Template,
        /// Whether ASCII case is ignored.
        ignore_case: bool,
    },
    /// Its text matches.
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
                // Present or missing, whatever its type.
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

/// Returns the value of a template. A value that is empty or missing equals no claim.
fn expanded<'t>(template: &'t Template, request: &Request) -> Option<Cow<'t, [u8]>> {
    let values = Values {
        request: Some(request),
        ..Values::default()
    };
    let value = template.expanded(&values).ok()?;
    (template.as_literal().is_some() || !value.is_empty()).then_some(value)
}

impl ProviderRequirement {
    /// Checks whether a valid token meets the requirement. `own` are the provider's audiences.
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
    /// Whether the result depends on the host.
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

/// Why a requirement is not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub reason: Reason,
    /// The index of the provider concerned.
    pub provider: usize,
    /// The scopes that would be sufficient, for the challenge.
    pub scopes: Vec<String>,
    /// Whether keys are on their way that may change the result.
    pub may_change: bool,
    /// What the token says about itself, if it could be parsed. None of it is verified.
    pub about: Option<Rc<About>>,
    /// The number of the rule, from 0; `None` if no rule matched.
    pub rule: Option<usize>,
}

/// What a token says about itself, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its `kid`.
    pub kid: Option<String>,
    /// Its `iss`.
    pub issuer: Option<String>,
    /// Its `iat`, in seconds since the Unix epoch.
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

    /// Creates a refusal that concerns no provider.
    #[must_use]
    pub fn of(reason: Reason) -> Self {
        Self {
            reason,
            ..Self::missing()
        }
    }

    /// Returns the refusal with the higher weight, or the first one if both are equal.
    #[must_use]
    pub fn weightier(first: Option<Self>, second: Self) -> Self {
        match first {
            Some(first) if first.weight() >= second.weight() => first,
            _ => second,
        }
    }

    /// Returns the weight; see [`Reason::weight`]. A refusal that may change has the highest
    /// weight, because the request waits.
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
