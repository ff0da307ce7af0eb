//! Providers as written.

mod claim;
mod source;

use super::keys::RawKeys;
use crate::algorithm::{Algorithm, Family};
use crate::provider::{ClaimHeader, Forward, Issuer, Issuers, Provider};
use crate::token::media_type;
use filter_kit::config::{At, Env, Invalid, check_name, each, in_range, not_empty_list};
use filter_kit::values::{Anchoring, Duration, HeaderName, Pattern};
use serde::Deserialize;

pub(crate) use claim::RawClaimPath;
use claim::{RawClaimHeader, RawExport};
use source::{RawTokenSource, bearer};

/// An issuer of tokens, and the conditions for accepting them.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a provider, as {issuer: \"https://…\", keys: {jwks: …}}"
)]
pub struct RawProvider {
    /// The required `iss` of the token, compared exactly; without it and `issuers`: not checked.
    pub issuer: Option<String>,
    /// The accepted values of the token's `iss`; instead of `issuer`.
    pub issuers: Option<Vec<RawIssuer>>,
    /// The accepted audiences, of which the token's `aud` must contain one; omitted: not checked.
    pub audiences: Option<Vec<String>>,
    /// The accepted algorithms; omitted: those that the keys allow. HS256, HS384 and HS512 are only
    /// valid with `keys.secret`.
    pub algorithms: Option<Vec<Algorithm>>,
    /// The keys.
    pub keys: RawKeys,
    /// Where to look for tokens; a token elsewhere is ignored. Omitted: `authorization: Bearer …`.
    /// If several sources use one header, the longest prefix that matches decides.
    pub token_sources: Option<Vec<RawTokenSource>>,
    /// The longest accepted token, in bytes; a longer one is refused. 1 to 65536.
    #[serde(default = "max_token_bytes")]
    pub max_token_bytes: u32,
    /// How far the issuer's clock may differ; at most `5m`.
    #[serde(default = "clock_skew")]
    pub clock_skew: Duration,
    /// Refuse a token without `exp`.
    #[serde(default = "super::yes")]
    pub require_expiration: bool,
    /// The longest accepted lifetime of a token: `exp` minus `iat`, or `exp` minus now if there is
    /// no `iat`; omitted: unlimited.
    pub max_lifetime: Option<Duration>,
    /// The accepted values of `typ` in the token's header, compared without case; omitted: any, or
    /// none. `application/` may be omitted.
    pub types: Option<Vec<String>>,
    /// Leave the token in the request; `false`: it is removed from header, query and cookie.
    #[serde(default)]
    pub forward_token: bool,
    /// Claims that the upstream gets as headers.
    #[serde(default)]
    pub claims_to_headers: Vec<RawClaimHeader>,
    /// Claims that are put into filter state, for access logs and for filters after this one.
    #[serde(default)]
    pub export: RawExport,
    /// A header for all claims: base64url of their JSON, without padding.
    pub payload_header: Option<HeaderName>,
    /// A header for the name of the provider.
    pub provider_header: Option<HeaderName>,
}

/// An issuer: the value of `iss`, or a regular expression that matches it.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RawIssuer {
    /// Exactly this value.
    Exact(String),
    /// The whole value matches this regular expression.
    Regex(String),
}

fn issuers(one: Option<String>, list: Option<Vec<RawIssuer>>) -> Result<Issuers, Invalid> {
    match (one, not_empty_list("issuers", list)?) {
        (None, None) => Ok(Issuers::Any),
        (Some(one), None) => Ok(Issuers::OneOf(vec![Issuer::Exact(one)])),
        (None, Some(list)) => each("issuers", list, |issuer| match issuer {
            RawIssuer::Exact(text) => Ok(Issuer::Exact(text)),
            RawIssuer::Regex(regex) => Pattern::new(&regex, Anchoring::Whole)
                .map(Issuer::Regex)
                .at("regex"),
        })
        .map(Issuers::OneOf),
        (Some(_), Some(_)) => {
            Err(Invalid::new("must not be set together with issuer").at("issuers"))
        }
    }
}

fn clock_skew() -> Duration {
    Duration::from_secs(60)
}

fn max_token_bytes() -> u32 {
    16 * 1024
}

/// The greatest `max_token_bytes`: more than Envoy accepts of all headers together by default.
const MAX_TOKEN_BYTES: u32 = 64 * 1024;

/// The greatest clock skew.
const MAX_SKEW: Duration = Duration::from_secs(300);

impl RawProvider {
    pub(super) fn build(self, name: String, env: &Env) -> Result<Provider, Invalid> {
        check_name(&name, "provider")?;
        let issuers = issuers(self.issuer, self.issuers)?;
        let audiences = not_empty_list("audiences", self.audiences)?;
        let algorithms = not_empty_list("algorithms", self.algorithms)?;
        let is_secret = self.keys.is_secret();
        for (i, algorithm) in algorithms.iter().flatten().enumerate() {
            if (algorithm.family() == Family::Hmac) != is_secret {
                let reason = match is_secret {
                    true => format!("{} is not valid with keys.secret", algorithm.name()),
                    false => format!("{} is only valid with keys.secret", algorithm.name()),
                };
                return Err(Invalid::new(reason).at_index("algorithms", i));
            }
        }
        let clock_skew = in_range("clock_skew", self.clock_skew, Duration::ZERO..=MAX_SKEW)?;
        let max_token_bytes =
            in_range("max_token_bytes", self.max_token_bytes, 1..=MAX_TOKEN_BYTES)?;
        let types = not_empty_list("types", self.types)?;
        let sources = match not_empty_list("token_sources", self.token_sources)? {
            None => vec![bearer()],
            Some(list) => each("token_sources", list, RawTokenSource::build)?,
        };
        let claims = each("claims_to_headers", self.claims_to_headers, |raw| {
            Ok::<_, Invalid>(ClaimHeader {
                claim: raw.claim.build()?,
                header: raw.header,
                encoding: raw.encoding,
            })
        })?;
        let keys = self.keys.build(&name, &issuers, env).at("keys")?;
        Ok(Provider {
            name,
            issuers,
            audiences,
            algorithms,
            types: types.map(|types| types.iter().map(|t| media_type(t)).collect()),
            max_token_bytes: super::size(max_token_bytes),
            clock_skew: clock_skew.get().as_secs(),
            require_expiration: self.require_expiration,
            max_lifetime: self.max_lifetime.map(|lifetime| lifetime.get().as_secs()),
            sources,
            keys,
            forward: Forward {
                token: self.forward_token,
                claims,
                exports: self.export.build().at("export")?,
                payload: self.payload_header,
                provider: self.provider_header,
            },
        })
    }
}

/// A header that is set for the upstream is removed from what clients send, so it cannot be where a
/// token stands.
pub(super) fn check_headers(providers: &[Provider]) -> Result<(), Invalid> {
    for provider in providers {
        for header in provider.forward.headers() {
            let is_source = providers
                .iter()
                .flat_map(|p| &p.sources)
                .any(|source| source.header() == Some(header));
            let reason = if is_source {
                "is where a token stands; choose another header"
            } else if header.is_framing() || ["content-type", "cookie"].contains(&header.as_str()) {
                "is a header that a message needs for itself; choose another"
            } else {
                continue;
            };
            return Err(Invalid::new(format!("\"{header}\" {reason}"))
                .at(&provider.name)
                .at("providers"));
        }
    }
    Ok(())
}
