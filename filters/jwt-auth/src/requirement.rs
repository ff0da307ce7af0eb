//! What a request has to show, and whether it does. The tokens themselves are looked at elsewhere.

use crate::claims::{ClaimPath, Claims};
use crate::reason::Reason;
use filter_kit::matching::TextMatch;

/// What a request has to show.
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
    pub scopes: Scopes,
    /// Conditions on claims, all of.
    pub claims: Vec<(ClaimPath, ClaimMatch)>,
}

/// Scopes that are needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scopes {
    /// None.
    #[default]
    None,
    /// All of these.
    All(Vec<String>),
    /// At least one of these.
    Any(Vec<String>),
}

/// A condition on a claim; for a list, on one of its elements.
#[derive(Debug, Clone)]
pub enum ClaimMatch {
    /// It is one of these.
    AnyOf(Vec<String>),
    /// It fits.
    Text(TextMatch),
}

impl ProviderRequirement {
    /// Whether a valid token is enough. `own` are the provider's audiences.
    ///
    /// # Errors
    /// [`Reason::Audience`], [`Reason::Scope`] or [`Reason::Claim`].
    pub fn check(&self, claims: &Claims, own: Option<&[String]>) -> Result<(), Reason> {
        if let Some(audiences) = self.audiences.as_deref().or(own)
            && !claims.has_audience(audiences)
        {
            return Err(Reason::Audience);
        }
        let granted = match &self.scopes {
            Scopes::None => true,
            Scopes::All(all) => all.iter().all(|scope| claims.has_scope(scope)),
            Scopes::Any(any) => any.iter().any(|scope| claims.has_scope(scope)),
        };
        if !granted {
            return Err(Reason::Scope);
        }
        let holds = self.claims.iter().all(|(path, condition)| {
            let mut texts = claims.texts(path);
            match condition {
                ClaimMatch::AnyOf(list) => texts.any(|text| list.iter().any(|l| *l == *text)),
                ClaimMatch::Text(text) => match text.presence() {
                    // There or not, whatever its type.
                    Some(present) => claims.get(path).is_some() == present,
                    None => text.fits(texts.map(|t| t.as_bytes().to_vec())),
                },
            }
        });
        if holds { Ok(()) } else { Err(Reason::Claim) }
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
}

impl Refusal {
    fn missing() -> Self {
        Self {
            reason: Reason::Missing,
            provider: 0,
            scopes: Vec::new(),
            may_change: false,
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

    /// Greater is weightier; see [`Reason::weight`]. What may change outweighs everything: the request waits.
    fn weight(&self) -> u8 {
        if self.may_change {
            u8::MAX
        } else {
            self.reason.weight()
        }
    }
}

/// Evaluates a requirement; `check` looks at one provider's tokens.
///
/// # Errors
/// The weightiest [`Refusal`].
pub fn evaluate<A>(
    requirement: &Requirement,
    check: &mut dyn FnMut(&ProviderRequirement) -> Result<A, Refusal>,
) -> Result<Vec<A>, Refusal> {
    match requirement {
        Requirement::Nothing => Ok(Vec::new()),
        Requirement::Provider(provider) => Ok(vec![check(provider)?]),
        Requirement::Any(list) => {
            let mut weightiest: Option<Refusal> = None;
            for one in list {
                match evaluate(one, check) {
                    Ok(accepted) => return Ok(accepted),
                    Err(refusal) => {
                        weightiest = Some(Refusal::weightier(weightiest, refusal));
                    }
                }
            }
            // An empty list, which no configuration holds, is fulfilled by nothing.
            Err(weightiest.unwrap_or_else(Refusal::missing))
        }
        Requirement::All(list) if list.is_empty() => Err(Refusal::missing()),
        Requirement::All(list) => {
            let mut accepted = Vec::new();
            let mut weightiest: Option<Refusal> = None;
            for one in list {
                match evaluate(one, check) {
                    Ok(more) => accepted.extend(more),
                    Err(refusal) => weightiest = Some(Refusal::weightier(weightiest, refusal)),
                }
            }
            match weightiest {
                Some(refusal) => Err(refusal),
                None => Ok(accepted),
            }
        }
        Requirement::Optional(inner) => match evaluate(inner, check) {
            Err(refusal) if refusal.reason == Reason::Missing && !has_token(inner, check) => {
                Ok(Vec::new())
            }
            other => other,
        },
        Requirement::IgnoreFailure(inner) => match evaluate(inner, check) {
            Err(refusal) if !refusal.may_change => Ok(Vec::new()),
            other => other,
        },
    }
}

/// Whether a provider that the requirement names has a token, good or bad.
fn has_token<A>(
    requirement: &Requirement,
    check: &mut dyn FnMut(&ProviderRequirement) -> Result<A, Refusal>,
) -> bool {
    match requirement {
        Requirement::Nothing => false,
        Requirement::Provider(provider) => {
            check(provider).err().map(|refusal| refusal.reason) != Some(Reason::Missing)
        }
        Requirement::Any(list) | Requirement::All(list) => {
            list.iter().any(|one| has_token(one, check))
        }
        Requirement::Optional(inner) | Requirement::IgnoreFailure(inner) => has_token(inner, check),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(provider: usize) -> Requirement {
        Requirement::Provider(ProviderRequirement {
            provider,
            audiences: None,
            scopes: Scopes::None,
            claims: Vec::new(),
        })
    }

    /// Evaluates with these outcomes of the providers, in order; `None` accepts.
    fn outcome(
        requirement: &Requirement,
        outcomes: &[Option<Reason>],
    ) -> Result<Vec<usize>, Reason> {
        evaluate(requirement, &mut |p| match outcomes[p.provider] {
            None => Ok(p.provider),
            Some(reason) => Err(Refusal {
                reason,
                provider: p.provider,
                scopes: Vec::new(),
                may_change: false,
            }),
        })
        .map_err(|refusal| refusal.reason)
    }

    #[test]
    fn requirements_combine() {
        let any = Requirement::Any(vec![provider(0), provider(1)]);
        let all = Requirement::All(vec![provider(0), provider(1)]);
        let optional = Requirement::Optional(Box::new(any.clone()));
        let optional_all = Requirement::Optional(Box::new(all.clone()));
        let ignore = Requirement::IgnoreFailure(Box::new(any.clone()));
        let (missing, issuer, expired) = (
            Some(Reason::Missing),
            Some(Reason::Issuer),
            Some(Reason::Expired),
        );
        for (requirement, outcomes, expected) in [
            (&Requirement::Nothing, [expired, expired], Ok(vec![])),
            (
                &Requirement::Any(vec![]),
                [None, None],
                Err(Reason::Missing),
            ),
            (
                &Requirement::All(vec![]),
                [None, None],
                Err(Reason::Missing),
            ),
            (&any, [None, None], Ok(vec![0])),
            (&any, [expired, None], Ok(vec![1])),
            (&any, [missing, issuer], Err(Reason::Issuer)),
            (&any, [expired, issuer], Err(Reason::Expired)),
            (&any, [issuer, expired], Err(Reason::Expired)),
            (&any, [Some(Reason::Scope), expired], Err(Reason::Scope)),
            (
                &any,
                [expired, Some(Reason::KeysUnavailable)],
                Err(Reason::KeysUnavailable),
            ),
            (&any, [missing, missing], Err(Reason::Missing)),
            (&all, [None, None], Ok(vec![0, 1])),
            (&all, [None, expired], Err(Reason::Expired)),
            (&all, [missing, expired], Err(Reason::Expired)),
            (&optional_all, [missing, missing], Ok(vec![])),
            (&optional_all, [missing, expired], Err(Reason::Expired)),
            (&optional_all, [None, missing], Err(Reason::Missing)),
            (&optional_all, [None, None], Ok(vec![0, 1])),
            (&optional, [missing, missing], Ok(vec![])),
            (&optional, [missing, expired], Err(Reason::Expired)),
            (&optional, [missing, issuer], Err(Reason::Issuer)),
            (&optional, [missing, None], Ok(vec![1])),
            (&ignore, [expired, issuer], Ok(vec![])),
            (&ignore, [expired, None], Ok(vec![1])),
        ] {
            assert_eq!(
                outcome(requirement, &outcomes),
                expected,
                "{requirement:?} {outcomes:?}"
            );
        }
    }

    #[test]
    fn a_failure_that_may_change_is_waited_for_before_it_is_ignored_or_outweighed() {
        let waits = |requirement: &Requirement| {
            evaluate(requirement, &mut |p| {
                Err::<(), _>(Refusal {
                    reason: if p.provider == 0 {
                        Reason::UnknownKey
                    } else {
                        Reason::Scope
                    },
                    provider: p.provider,
                    scopes: Vec::new(),
                    may_change: p.provider == 0,
                })
            })
            .is_err_and(|refusal| refusal.may_change)
        };
        assert!(waits(&Requirement::Any(vec![provider(1), provider(0)])));
        assert!(waits(&Requirement::IgnoreFailure(Box::new(provider(0)))));
        assert!(waits(&Requirement::Optional(Box::new(provider(0)))));
    }
}
