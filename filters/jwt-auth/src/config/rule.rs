//! Rules and requirements as written.

use super::provider::RawClaimPath;
use crate::requirement::{ClaimMatch, ProviderRequirement, Requirement, Scopes};
use crate::rules::Rule;
use filter_kit::config::{At, Env, Invalid, each, not_empty_list};
use filter_kit::matching::{Match, RawMatch, RawTextMatch};
use filter_kit::template::{Scope, Template};
use serde::Deserialize;

/// A rule: which requests, and what they need.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a rule, as {match: {paths: [{prefix: /admin}]}, require: {provider: {name: NAME}}}"
)]
pub struct RawRule {
    /// The requests that the rule is for; omitted: all.
    #[serde(rename = "match")]
    pub matches: Option<RawMatch>,
    /// What these requests need.
    pub require: RawRequirement,
}

/// What a request needs.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    rename_all = "snake_case",
    deny_unknown_fields,
    expecting = "a requirement, as {provider: {name: NAME}}, or nothing"
)]
pub enum RawRequirement {
    /// Nothing: the request passes, with or without a token.
    Nothing,
    /// A valid token of this provider.
    Provider(RawProviderRequirement),
    /// One of these requirements.
    Any(Vec<RawRequirement>),
    /// All of these requirements.
    All(Vec<RawRequirement>),
    /// This requirement, or no token at all; an invalid token is refused.
    Optional(Box<RawRequirement>),
    /// This requirement if it holds; if not, the request passes without claims.
    IgnoreFailure(Box<RawRequirement>),
}

/// A valid token of a provider.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a provider, as {name: NAME}")]
pub struct RawProviderRequirement {
    /// The provider.
    pub name: String,
    /// The accepted audiences, instead of the provider's.
    pub audiences: Option<Vec<String>>,
    /// Required scopes, which the claims `scope` (words) and `scp` (words, or a list) grant.
    pub scopes: Option<RawScopes>,
    /// Conditions on claims, all of which must hold. A list matches if one of its elements does;
    /// numbers and booleans are compared as JSON writes them.
    pub claims: Option<Vec<RawClaimMatch>>,
}

/// Scopes: `all` or `any`.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "scopes, as {all: [admin]} or {any: [read, write]}"
)]
pub struct RawScopes {
    /// All of these.
    pub all: Option<Vec<String>>,
    /// At least one of these.
    pub any: Option<Vec<String>>,
    /// The claim that grants the scopes, as words in a string or as a list: its name, or the path
    /// to it as a list of names. Omitted: `scope` and `scp`.
    pub claim: Option<RawClaimPath>,
}

filter_kit::text_condition! {
    /// A condition on a claim: the claim, and one of the matchers.
    #[serde(
        deny_unknown_fields,
        expecting = "a condition on a claim, as {claim: groups, any_of: [ops]}"
    )]
    pub struct RawClaimMatch {
        /// The claim: its name, or the path to it as a list of names.
        pub claim: RawClaimPath,
        /// The value is one of these, which are templates. Not together with the other matchers or
        /// `ignore_case`.
        pub any_of: Option<Vec<String>>,
        ..exact: "The value is exactly this; a template, such as `${request.header.x-tenant}`. If a value is missing in the request, the condition does not hold.",
        ..present: "`true`: the claim is present, with any value; `false`: it is missing.",
    }
}

impl RawRule {
    pub(super) fn build(self, providers: &[&str], env: &Env) -> Result<Rule, Invalid> {
        let matches = match self.matches {
            Some(matches) => matches.build().at("match")?,
            None => Match::default(),
        };
        let requirement = self.require.build(providers, env).at("require")?;
        Ok(Rule {
            matches,
            requirement,
        })
    }
}

impl RawRequirement {
    fn build(self, providers: &[&str], env: &Env) -> Result<Requirement, Invalid> {
        let list = |key: &str, list: Vec<Self>| {
            if list.is_empty() {
                let reason = "must not be empty; name at least one requirement";
                return Err(Invalid::new(reason).at(key));
            }
            each(key, list, |one| one.build(providers, env))
        };
        Ok(match self {
            Self::Nothing => Requirement::Nothing,
            Self::Provider(one) => Requirement::Provider(one.build(providers, env).at("provider")?),
            Self::Any(all) => Requirement::Any(list("any", all)?),
            Self::All(all) => Requirement::All(list("all", all)?),
            Self::Optional(inner) => {
                let inner = inner.build(providers, env).at("optional")?;
                Requirement::Optional(Box::new(inner))
            }
            Self::IgnoreFailure(inner) => {
                let inner = inner.build(providers, env).at("ignore_failure")?;
                Requirement::IgnoreFailure(Box::new(inner))
            }
        })
    }
}

impl RawProviderRequirement {
    fn build(self, providers: &[&str], env: &Env) -> Result<ProviderRequirement, Invalid> {
        let name = self.name.as_str();
        let provider = providers.iter().position(|p| *p == name).ok_or_else(|| {
            let known = providers.join(", ");
            Invalid::new(format!("\"{name}\" is not a provider; one of: {known}")).at("name")
        })?;
        let scopes = self.scopes.map(RawScopes::build).transpose();
        let claims = not_empty_list("claims", self.claims)?
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(i, claim)| claim.build(env).at_index("claims", i))
            .collect::<Result<_, _>>()?;
        Ok(ProviderRequirement {
            provider,
            audiences: not_empty_list("audiences", self.audiences)?,
            scopes: scopes.at("scopes")?,
            claims,
        })
    }
}

impl RawScopes {
    fn build(self) -> Result<Scopes, Invalid> {
        let check = |key: &str, list: Vec<String>| {
            if list.is_empty() {
                return Err(Invalid::new("must not be empty; omit scopes").at(key));
            }
            // The characters of a scope (RFC 6749, section 3.3).
            let is_scope = |scope: &String| {
                let visible = |b: u8| (0x21..0x7f).contains(&b) && !matches!(b, b'"' | b'\\');
                !scope.is_empty() && scope.bytes().all(visible)
            };
            match list.iter().position(|scope| !is_scope(scope)) {
                None => Ok(list),
                Some(i) => Err(Invalid::new(
                    "not a scope; visible ASCII without space, quote and backslash is accepted",
                )
                .at_index(key, i)),
            }
        };
        let (names, all) = match (self.all, self.any) {
            (Some(list), None) => (check("all", list)?, true),
            (None, Some(list)) => (check("any", list)?, false),
            _ => return Err(Invalid::new("write exactly one of: all, any")),
        };
        Ok(Scopes {
            names,
            all,
            claim: self.claim.map(RawClaimPath::build).transpose()?,
        })
    }
}

impl RawClaimMatch {
    fn build(mut self, env: &Env) -> Result<(crate::claims::ClaimPath, ClaimMatch), Invalid> {
        let text = self.text();
        let claim = self.claim.build()?;
        let template = |text: &str| Template::parse_multiline(text, Scope::default(), env);
        let matcher = match not_empty_list("any_of", self.any_of)? {
            None => {
                let ignore_case = text.ignore_case;
                let exact = text.exact.as_deref().map(template).transpose();
                let exact = exact.at("exact")?;
                let literal = exact.as_ref().and_then(Template::as_literal);
                let literal = literal.and_then(|text| String::from_utf8(text.to_vec()).ok());
                let is_literal = literal.is_some();
                let text = RawTextMatch {
                    exact: literal.or(text.exact),
                    ..text
                }
                .build()?;
                match exact {
                    Some(template) if !is_literal => ClaimMatch::Exact {
                        template,
                        ignore_case,
                    },
                    _ => ClaimMatch::Text(text),
                }
            }
            Some(list) => {
                let alone = text.exact.is_none()
                    && text.prefix.is_none()
                    && text.suffix.is_none()
                    && text.contains.is_none()
                    && text.regex.is_none()
                    && text.present.is_none()
                    && !text.ignore_case;
                if !alone {
                    return Err(Invalid::new("any_of excludes the other matchers"));
                }
                let list = list.iter().enumerate().map(|(i, text)| {
                    template(text).map_err(|e| Invalid::new(e).at_index("any_of", i))
                });
                ClaimMatch::AnyOf(list.collect::<Result<_, _>>()?)
            }
        };
        Ok((claim, matcher))
    }
}
