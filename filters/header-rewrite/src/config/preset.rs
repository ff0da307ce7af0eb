//! Presets: headers that belong together.

use super::Context;
use super::header::Side;
use crate::operation::{HeaderOperation, ResponseOperation, When};
use filter_kit::config::{At, Invalid};
use filter_kit::template::{Scope, Template};
use filter_kit::values::HeaderName;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use std::fmt;

/// A set of response headers. A later operation on one of them overrides it.
#[derive(Debug, Default)]
pub struct RawPreset {
    /// Headers that make a browser restrict a page: HSTS for a year (over https only), no MIME
    /// sniffing, no frames, only the origin as referrer to other sites, no camera, microphone,
    /// location or payment, and a browsing context of its own.
    pub security_headers: RawSecurityHeaders,
}

/// What `security_headers` sets in addition to its own headers.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawSecurityHeaders {
    /// The value of `content-security-policy`, a template. In it, `${nonce}` is a random text of
    /// 128 bits, a new one for each request, which the upstream gets in `nonce_header`.
    pub content_security_policy: Option<String>,
    /// The request header in which the upstream gets the nonce. Omitted: `x-csp-nonce`. A value
    /// that the client sent in it is removed.
    pub nonce_header: Option<String>,
}

/// A preset as an object.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawPresets {
    security_headers: RawSecurityHeaders,
}

/// What a preset does.
#[derive(Debug, Default)]
pub(super) struct Preset {
    pub(super) operations: Vec<ResponseOperation>,
    /// The request header in which the upstream gets the nonce, where one is made.
    pub(super) nonce_header: Option<HeaderName>,
}

/// HSTS, which a browser takes from an answer over https only (RFC 6797, sections 6.1 and 7.2).
const HSTS: (&str, &str) = (
    "strict-transport-security",
    "max-age=31536000; includeSubDomains",
);

const HEADERS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"), // RFC 7034, section 2.1
    ("referrer-policy", "strict-origin-when-cross-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
];

/// The variable of the nonce.
pub(super) const NONCE: &str = "nonce";

impl RawPreset {
    pub(super) fn build(
        self,
        when: &When,
        context: Context<'_>,
        scope: Scope<'_>,
    ) -> Result<Preset, Invalid> {
        let mut preset = Preset::default();
        let (name, value) = HSTS;
        preset.add(when.over_https(), name, Template::literal(value))?;
        for (name, value) in HEADERS {
            preset.add(when.clone(), name, Template::literal(value))?;
        }
        let raw = self.security_headers;
        let below = "security_headers";
        if let Some(policy) = &raw.content_security_policy {
            let extra = &[NONCE][..];
            let template = Template::parse(policy, Scope { extra, ..scope }, context.env)
                .at("content_security_policy")
                .at(below)?;
            if Template::parse(policy, scope, context.env).is_err() {
                let name = raw.nonce_header.as_deref().unwrap_or("x-csp-nonce");
                let name = context.header_name(name, Side::Request);
                preset.nonce_header = Some(name.at("nonce_header").at(below)?);
            }
            preset.add(when.clone(), "content-security-policy", template)?;
        }
        if raw.nonce_header.is_some() && preset.nonce_header.is_none() {
            let reason = "only valid with ${nonce} in content_security_policy";
            return Err(Invalid::new(reason).at("nonce_header").at(below));
        }
        Ok(preset)
    }
}

impl Preset {
    fn add(&mut self, when: When, name: &str, value: Template) -> Result<(), Invalid> {
        let operation = HeaderOperation::Set(HeaderName::new(name)?, value);
        self.operations
            .push(ResponseOperation::new(when, operation));
        Ok(())
    }
}

const RULE: &str = "\"security_headers\" or {security_headers: {content_security_policy: …}}";

impl<'de> Deserialize<'de> for RawPreset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PresetVisitor)
    }
}

struct PresetVisitor;

impl<'de> Visitor<'de> for PresetVisitor {
    type Value = RawPreset;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(RULE)
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<RawPreset, E> {
        match name {
            "security_headers" => Ok(RawPreset::default()),
            other => Err(E::custom(format_args!("\"{other}\" is not {RULE}"))),
        }
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<RawPreset, M::Error> {
        let presets = RawPresets::deserialize(MapAccessDeserializer::new(map))?;
        Ok(RawPreset {
            security_headers: presets.security_headers,
        })
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for RawPreset {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RawPreset".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let object = generator.subschema_for::<RawPresets>();
        schemars::json_schema!({
            "description": "A set of headers, each set once.",
            "oneOf": [{"type": "string", "const": "security_headers"}, object]
        })
    }
}
