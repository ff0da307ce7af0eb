//! Keys as written.

use super::remote::RawRemote;
use crate::algorithm::{Algorithm, Family};
use crate::base64url;
use crate::json::{self, Json};
use crate::keys::{Key, KeySet};
use crate::provider::{Issuers, Keys};
use crate::remote::Kind;
use filter_kit::config::{At, Env, Invalid, warn};
use filter_kit::values::Secret;
use serde::Deserialize;
use serde::de::{
    Deserializer, Error, MapAccess, Unexpected, Visitor, value::MapAccessDeserializer,
};
use std::fmt;
use std::rc::Rc;

/// Where the keys of a provider come from.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    rename_all = "snake_case",
    deny_unknown_fields,
    expecting = "keys, as {jwks: {keys: […]}} or {remote: {cluster: NAME, uri: \"https://…\"}}"
)]
pub enum RawKeys {
    /// A JWK Set (RFC 7517), as an object, as JSON text, or from the environment. A key that is
    /// weak, foreign or malformed is ignored, with a warning.
    Jwks(RawJwks),
    /// One public key or certificate in PEM.
    Pem(RawPem),
    /// A secret shared with the issuer, for HMAC.
    Secret(RawSecret),
    /// A JWK Set that is fetched from a server.
    Remote(RawRemote),
    /// A document of OpenID Connect Discovery, which names the key set (`jwks_uri`). Both are
    /// fetched from the same cluster. The document's `issuer` must be `document_issuer`; if that is
    /// omitted, the provider's `issuer` or an `exact` one of its `issuers`.
    Discovery(RawRemote),
}

/// A public key or a certificate in PEM.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a public key, as {key: \"-----BEGIN PUBLIC KEY-----…\", algorithm: RS256}"
)]
pub struct RawPem {
    /// The text: a block `PUBLIC KEY`, `RSA PUBLIC KEY` or `CERTIFICATE`. Only the key of a
    /// certificate is used; its dates and its issuer are not checked.
    pub key: String,
    /// The only algorithm that the key verifies.
    pub algorithm: Algorithm,
}

/// A secret: one of `value`, `base64` and `env`.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a secret, as {value: {env: NAME}, algorithm: HS256}"
)]
pub struct RawSecret {
    /// The secret's text, or `{env: NAME}`.
    pub value: Option<Secret>,
    /// The secret in base64 or base64url, or `{env: NAME}`.
    pub base64: Option<Secret>,
    /// The environment variable that holds the secret's text.
    pub env: Option<String>,
    /// The only algorithm that the secret verifies: HS256, HS384 or HS512. The secret must be at
    /// least as long as the hash: 32, 48 or 64 bytes.
    pub algorithm: Algorithm,
}

/// A JWK Set as written.
#[derive(Debug)]
pub enum RawJwks {
    /// The set.
    Set(Json),
    /// The environment variable that holds its JSON text.
    Env(String),
}

impl RawJwks {
    fn resolve(self, env: &Env) -> Result<Json, Invalid> {
        match self {
            Self::Set(set) => Ok(set),
            Self::Env(name) => {
                let text = Secret::Env(name).resolve(env)?;
                let set = json::value(text.as_bytes());
                set.ok_or_else(|| Invalid::new(format!("got {NOT_JSON}")).at("env"))
            }
        }
    }
}

const NOT_JSON: &str = "a string that is not JSON, or has a duplicate key";

impl<'de> Deserialize<'de> for RawJwks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct JwksVisitor;

        impl<'de> Visitor<'de> for JwksVisitor {
            type Value = RawJwks;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JWK Set: {\"keys\": [...]}, its JSON text, or {\"env\": \"NAME\"}")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<RawJwks, E> {
                json::value(text.as_bytes())
                    .map(RawJwks::Set)
                    .ok_or_else(|| E::invalid_value(Unexpected::Other(NOT_JSON), &self))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawJwks, A::Error> {
                let set = Json::deserialize(MapAccessDeserializer::new(map))?;
                match set.get("env").and_then(Json::as_str) {
                    Some(name) if set.get("keys").is_none() => Ok(RawJwks::Env(name.to_owned())),
                    _ => Ok(RawJwks::Set(set)),
                }
            }
        }

        deserializer.deserialize_any(JwksVisitor)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for RawJwks {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Jwks".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "a JWK Set: {\"keys\": [...]}, its JSON text, or {env: NAME}, the environment variable that holds it",
            "oneOf": [
                {"type": "string"},
                {"type": "object", "properties": {"env": {"type": "string"}}, "required": ["env"], "additionalProperties": false},
                {"type": "object", "properties": {"keys": {"type": "array"}}, "required": ["keys"]}
            ]
        })
    }
}

impl RawKeys {
    /// Whether these keys are a secret.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self, Self::Secret(_))
    }

    /// `issuers` are the provider's.
    pub(super) fn build(
        self,
        provider: &str,
        issuers: &Issuers,
        env: &Env,
    ) -> Result<Keys, Invalid> {
        let set = match self {
            Self::Jwks(raw) => {
                let set = raw.resolve(env).at("jwks")?;
                let (set, left_out) = KeySet::from_jwks(&set)
                    .map_err(|none| none.to_string())
                    .at("jwks")?;
                for reason in left_out {
                    warn(Invalid::new(reason).at(format_args!("providers.{provider}.keys.jwks")));
                }
                set
            }
            Self::Pem(raw) => {
                if raw.algorithm.family() == Family::Hmac {
                    let name = raw.algorithm.name();
                    return Err(
                        Invalid::new(format!("{name} is only valid with keys.secret"))
                            .at("algorithm")
                            .at("pem"),
                    );
                }
                let key = Key::pem(&raw.key, raw.algorithm).at("key").at("pem")?;
                KeySet::new(vec![key])
            }
            Self::Secret(raw) => KeySet::new(vec![raw.build(env).at("secret")?]),
            Self::Remote(raw) => {
                let source = raw.build(Kind::Keys, env).at("remote")?;
                return Ok(Keys::Remote(source));
            }
            Self::Discovery(raw) => {
                let issuers = match &raw.document_issuer {
                    Some(issuer) => vec![issuer.clone()],
                    None => issuers.exact().map(str::to_owned).collect(),
                };
                if issuers.is_empty() {
                    log::warn!(
                        "jwt-auth: providers.{provider}.keys.discovery: no issuer is known, so the issuer of the document is not checked; \
                         set issuer or document_issuer"
                    );
                }
                let source = raw.build(Kind::Discovery { issuers }, env);
                return Ok(Keys::Remote(source.at("discovery")?));
            }
        };
        Ok(Keys::Fixed(Rc::new(set)))
    }
}

impl RawSecret {
    fn build(self, env: &Env) -> Result<Key, Invalid> {
        let bytes = match (self.value, self.base64, self.env) {
            (Some(value), None, None) => value.resolve(env).at("value")?.into_bytes(),
            (None, Some(value), None) => {
                let text = value.resolve(env).at("base64")?;
                base64url::decode_any(&text)
                    .ok_or_else(|| Invalid::new("not base64 or base64url").at("base64"))?
            }
            (None, None, Some(name)) => Secret::Env(name).resolve(env)?.into_bytes(),
            _ => return Err(Invalid::new("write exactly one of: value, base64, env")),
        };
        Ok(Key::secret(&bytes, self.algorithm)?)
    }
}
