//! Providers as written.

use super::keys::RawKeys;
use crate::algorithm::{Algorithm, Family};
use crate::claims::{ClaimPath, Encoding};
use crate::provider::{ClaimHeader, Forward, Issuer, Issuers, Provider};
use crate::sources::{Element, TokenSource};
use crate::token::media_type;
use filter_kit::config::{At, Env, Invalid, check_name, each, in_range, not_empty, not_empty_list};
use filter_kit::values::{Anchoring, Duration, HeaderName, Pattern, is_token};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

/// An issuer of tokens, and on which terms they are accepted.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a provider, as {issuer: \"https://…\", keys: {jwks: …}}"
)]
pub struct RawProvider {
    /// What the token's `iss` must be, to the letter; without it and `issuers`: not checked.
    pub issuer: Option<String>,
    /// What the token's `iss` must be one of; in place of `issuer`.
    pub issuers: Option<Vec<RawIssuer>>,
    /// What the token's `aud` must hold one of; left out: not checked.
    pub audiences: Option<Vec<String>>,
    /// The algorithms that are accepted; left out: what the keys allow. HS256, HS384 and HS512 are
    /// only valid with `keys.secret`.
    pub algorithms: Option<Vec<Algorithm>>,
    /// The keys.
    pub keys: RawKeys,
    /// Where tokens are looked for; a token elsewhere is ignored. Left out: `authorization: Bearer
    /// …`. Of several sources on one header, the longest prefix that matches decides.
    pub token_sources: Option<Vec<RawTokenSource>>,
    /// Longest token, in bytes; a longer one is refused. 1 to 65536.
    #[serde(default = "max_token_bytes")]
    pub max_token_bytes: u32,
    /// How far the issuer's clock may differ; at most `5m`.
    #[serde(default = "clock_skew")]
    pub clock_skew: Duration,
    /// Refuse a token without `exp`.
    #[serde(default = "super::yes")]
    pub require_expiration: bool,
    /// Longest lifetime of a token: `exp` minus `iat`, or minus now without `iat`; left out:
    /// unlimited.
    pub max_lifetime: Option<Duration>,
    /// What the header's `typ` must be one of, without case; left out: any, or none. `application/`
    /// may be left out.
    pub types: Option<Vec<String>>,
    /// Leave the token in the request; `false`: it is taken out of header, query and cookie.
    #[serde(default)]
    pub forward_token: bool,
    /// Claims that the upstream gets as headers.
    #[serde(default)]
    pub claims_to_headers: Vec<RawClaimHeader>,
    /// Claims that access logs and filters behind this one get as filter state.
    #[serde(default)]
    pub export: RawExport,
    /// A header for all claims: base64url of their JSON, without padding.
    pub payload_header: Option<HeaderName>,
    /// A header for the name of the provider.
    pub provider_header: Option<HeaderName>,
}

/// An issuer: the value of `iss`, or a regular expression that covers it.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RawIssuer {
    /// To the letter.
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

/// A place for a token.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    rename_all = "snake_case",
    deny_unknown_fields,
    expecting = "a token source, as {header: {name: authorization, prefix: \"Bearer \"}}"
)]
pub enum RawTokenSource {
    /// A header.
    Header {
        /// The header's name.
        name: HeaderName,
        /// The text before the token, compared without case; left out: none.
        #[serde(default)]
        prefix: String,
    },
    /// A query parameter. Envoy and others write the query to their logs.
    Query {
        /// The parameter's name, decoded.
        name: String,
    },
    /// A cookie. Its value is percent-decoded once.
    Cookie {
        /// The cookie's name.
        name: String,
        /// The text before the token, compared without case; left out: none.
        #[serde(default)]
        prefix: String,
    },
    /// An element of `sec-websocket-protocol`, where pages of browsers can put a token. The other
    /// elements stay.
    WebsocketProtocol(RawElement),
}

/// Which element of a list is the token.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RawElement {
    /// The one that begins with this; what follows is the token.
    Prefix(String),
    /// The one that follows this one, which stays.
    After(String),
}

/// Claims as filter state.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawExport {
    /// The claims; at most 16. `sub` is in `wasm.jwt.sub`, `[org, id]` in `wasm.jwt.org.id`, each
    /// byte of a name that is no letter, digit, `-` or `_` as `_`.
    #[serde(default)]
    pub claims: Vec<RawClaimPath>,
}

/// The most claims that a provider exports.
const MAX_EXPORTS: usize = 16;

impl RawExport {
    fn build(self) -> Result<Vec<(ClaimPath, Rc<str>)>, Invalid> {
        let mut names = BTreeSet::new();
        let count = self.claims.len();
        if count > MAX_EXPORTS {
            let reason = format!("{count} claims exceed the maximum of {MAX_EXPORTS}");
            return Err(Invalid::new(reason).at("claims"));
        }
        each("claims", self.claims, |claim| {
            let path = claim.build()?;
            let plain = |c: char| match c {
                c if c.is_ascii_alphanumeric() || c == '-' => c,
                _ => '_',
            };
            let part = |name: &String| name.chars().map(plain).collect::<String>();
            let parts: Vec<String> = path.0.iter().map(part).collect();
            let name = format!("jwt.{}", parts.join("."));
            if !names.insert(name.clone()) {
                return Err(Invalid::new(format!("duplicate name \"wasm.{name}\"")));
            }
            Ok((path, Rc::from(name)))
        })
    }
}

/// A claim as a header.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a claim and its header, as {claim: sub, header: x-jwt-sub}"
)]
pub struct RawClaimHeader {
    /// The claim: its name, or the names on the way to it as a list.
    pub claim: RawClaimPath,
    /// The header.
    pub header: HeaderName,
    /// How the claim becomes the header's value.
    #[serde(default)]
    pub encoding: Encoding,
}

/// A claim as written: a name or a list of names.
#[derive(Debug, Clone)]
pub struct RawClaimPath(Vec<String>);

impl<'de> Deserialize<'de> for RawClaimPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PathVisitor;

        impl<'de> Visitor<'de> for PathVisitor {
            type Value = RawClaimPath;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a claim, or a list of names")
            }

            fn visit_str<E>(self, name: &str) -> Result<RawClaimPath, E> {
                Ok(RawClaimPath(vec![name.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawClaimPath, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = seq.next_element()? {
                    names.push(name);
                }
                Ok(RawClaimPath(names))
            }
        }

        deserializer.deserialize_any(PathVisitor)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for RawClaimPath {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ClaimPath".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "the name of a claim, or the names on the way to it",
            "oneOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1}
            ]
        })
    }
}

impl RawClaimPath {
    pub(super) fn build(self) -> Result<ClaimPath, Invalid> {
        if self.0.is_empty() || self.0.iter().any(String::is_empty) {
            return Err(Invalid::new("the name of a claim is not empty").at("claim"));
        }
        Ok(ClaimPath(self.0))
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

/// Headers that a message cannot do without, or that are not the upstream's to read.
const NOT_FOR_CLAIMS: &[&str] = &[
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

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

fn bearer() -> TokenSource {
    TokenSource::Header {
        name: HeaderName::from_static("authorization"),
        prefix: "Bearer ".to_owned(),
    }
}

impl RawTokenSource {
    fn build(self) -> Result<TokenSource, Invalid> {
        let named = |key: &str, name: String| not_empty("name", name).at(key);
        Ok(match self {
            Self::Header { name, prefix } => TokenSource::Header { name, prefix },
            Self::Query { name } => TokenSource::Query(named("query", name)?),
            Self::Cookie { name, prefix } => TokenSource::Cookie {
                name: named("cookie", name)?,
                prefix,
            },
            Self::WebsocketProtocol(element) => {
                let part = |key: &str, text: String| {
                    if !is_token(text.as_bytes()) {
                        let reason = format!("\"{text}\" is not a protocol: must be a token");
                        return Err(Invalid::new(reason).at(key).at("websocket_protocol"));
                    }
                    Ok(text)
                };
                TokenSource::WebSocketProtocol(match element {
                    RawElement::Prefix(text) => Element::Prefix(part("prefix", text)?),
                    RawElement::After(text) => Element::After(part("after", text)?),
                })
            }
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
            } else if NOT_FOR_CLAIMS.contains(&header.as_str()) {
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
