//! What is handed on of a token, as it is written.

use crate::claims::{ClaimPath, Encoding};
use filter_kit::config::{Invalid, each};
use filter_kit::values::HeaderName;
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

/// Claims as filter state.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawExport {
    /// The claims; at most 16. `sub` is in `wasm.jwt.sub`, `[org, id]` in `wasm.jwt.org.id`. In
    /// these names, each byte other than a letter, a digit, `-` and `_` becomes `_`.
    #[serde(default)]
    pub claims: Vec<RawClaimPath>,
}

/// The most claims that a provider exports.
const MAX_EXPORTS: usize = 16;

impl RawExport {
    pub(super) fn build(self) -> Result<Vec<(ClaimPath, Rc<str>)>, Invalid> {
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
    /// The claim: its name, or the path to it as a list of names.
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
    pub(crate) fn build(self) -> Result<ClaimPath, Invalid> {
        if self.0.is_empty() || self.0.iter().any(String::is_empty) {
            return Err(Invalid::new("the name of a claim must not be empty").at("claim"));
        }
        Ok(ClaimPath(self.0))
    }
}
