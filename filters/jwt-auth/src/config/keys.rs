//! Keys as written.

use super::remote::RawRemote;
use crate::algorithm::{Algorithm, Family};
use crate::base64url;
use crate::json::{self, Unique};
use crate::keys::{Key, KeySet};
use crate::provider::Keys;
use crate::remote::Kind;
use filter_kit::config::{At, Env, Invalid, warn};
use filter_kit::values::Secret;
use serde::Deserialize;
use serde::de::{
    Deserializer, Error, MapAccess, Unexpected, Visitor, value::MapAccessDeserializer,
};
use serde_json::Value;
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
    /// A JWK Set (RFC 7517), as an object or as JSON text. A key that is weak, foreign or malformed is left out with a warning.
    Jwks(RawJwks),
    /// One public key in PEM.
    Pem(RawPem),
    /// A secret shared with the issuer, for HMAC.
    Secret(RawSecret),
    /// A JWK Set that a server has.
    Remote(RawRemote),
    /// A document of OpenID Connect Discovery, which names the keys (`jwks_uri`). Both are asked of the same cluster. Its `issuer` must be
    /// the provider's, where that is given.
    Discovery(RawRemote),
}

/// A public key in PEM.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a public key, as {key: \"-----BEGIN PUBLIC KEY-----…\", algorithm: RS256}"
)]
pub struct RawPem {
    /// The text, from `-----BEGIN PUBLIC KEY-----` on.
    pub key: String,
    /// The one algorithm that it verifies.
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
    /// The one algorithm that it verifies: HS256, HS384 or HS512. The secret is at least as long as its hash: 32, 48 or 64 bytes.
    pub algorithm: Algorithm,
}

/// A JWK Set as written.
#[derive(Debug)]
pub struct RawJwks(Value);

impl<'de> Deserialize<'de> for RawJwks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct JwksVisitor;

        impl<'de> Visitor<'de> for JwksVisitor {
            type Value = RawJwks;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JWK Set: an object {\"keys\": [...]} or its JSON text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<RawJwks, E> {
                json::value(text.as_bytes()).map(RawJwks).ok_or_else(|| {
                    let text = "a text that is not JSON, or has a duplicate key";
                    E::invalid_value(Unexpected::Other(text), &self)
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawJwks, A::Error> {
                Unique::deserialize(MapAccessDeserializer::new(map)).map(|Unique(v)| RawJwks(v))
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
            "description": "a JWK Set: {\"keys\": [...]}, or its JSON text",
            "oneOf": [
                {"type": "string"},
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

    /// `issuer` is the provider's.
    pub(super) fn build(
        self,
        provider: &str,
        issuer: Option<&str>,
        env: &Env,
    ) -> Result<Keys, Invalid> {
        let set = match self {
            Self::Jwks(RawJwks(set)) => {
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
                let source = raw.build(Kind::Keys).at("remote")?;
                return Ok(Keys::Remote(source));
            }
            Self::Discovery(raw) => {
                let issuer = issuer.map(str::to_owned);
                let source = raw.build(Kind::Discovery { issuer });
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
