//! Evaluates requirements, given the verdicts on the providers that they name.

use super::{ProviderRequirement, Refusal, Requirement};
use crate::reason::Reason;

/// Evaluates a requirement; `check` checks one provider's tokens.
///
/// # Errors
/// The [`Refusal`] with the highest weight.
pub(crate) fn evaluate<A>(
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
            // An empty list, which no configuration contains, is never met.
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

/// Whether a provider that the requirement names has a token, valid or not.
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
