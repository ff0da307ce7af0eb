//! Names that may be written alone, or with a regular expression beside them.

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// A name, alone or with a regular expression.
#[derive(Debug)]
pub struct Named<N> {
    /// The name.
    pub name: N,
    /// What must match the whole value; its first group is the key.
    pub regex: Option<String>,
}

/// The longer form.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct NameAndRegex<N> {
    /// The name.
    name: N,
    /// A regular expression that matches the whole value. Its first group is the key; without a
    /// group, the whole value is. A value that does not match is a missing key.
    regex: Option<String>,
}

impl<'de, N: Deserialize<'de>> Deserialize<'de> for Named<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamedVisitor(PhantomData))
    }
}

struct NamedVisitor<N>(PhantomData<N>);

impl<'de, N: Deserialize<'de>> Visitor<'de> for NamedVisitor<N> {
    type Value = Named<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name, or {\"name\": NAME, \"regex\": REGEX}")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Named<N>, E> {
        let name = N::deserialize(StrDeserializer::new(name))?;
        Ok(Named { name, regex: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Named<N>, A::Error> {
        let NameAndRegex { name, regex } =
            NameAndRegex::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Named { name, regex })
    }
}

#[cfg(feature = "schema")]
impl<N: schemars::JsonSchema> schemars::JsonSchema for Named<N> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Named{}", N::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let (name, object) = (
            N::json_schema(generator),
            NameAndRegex::<N>::json_schema(generator),
        );
        schemars::json_schema!({"oneOf": [name, object]})
    }
}
