//! Costs as written.

use crate::cost::Cost;
use filter_kit::config::Invalid;
use filter_kit::values::HeaderName;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor, value::MapAccessDeserializer};
use std::fmt;

/// What a request costs: a number, or what a header says.
#[derive(Debug)]
pub struct RawCost(Cost);

impl Default for RawCost {
    fn default() -> Self {
        Self(Cost::Fixed(1))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FromHeader {
    header: HeaderName,
    #[serde(default = "one")]
    default: u32,
    #[serde(default = "one")]
    min: u32,
}

fn one() -> u32 {
    1
}

impl RawCost {
    pub(super) fn build(self) -> Result<Cost, Invalid> {
        if let Cost::Header { default, min, .. } = &self.0
            && default < min
        {
            let reason = format!(
                "{default} is less than the least cost of {min}; raise it, or lower \"min\""
            );
            return Err(Invalid::new(reason).at("default"));
        }
        Ok(self.0)
    }
}

impl<'de> Deserialize<'de> for RawCost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CostVisitor;

        impl<'de> Visitor<'de> for CostVisitor {
            type Value = RawCost;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a number from 0 to 4294967295, or {\"header\": NAME, \"default\": NUMBER}",
                )
            }

            fn visit_u64<E: Error>(self, cost: u64) -> Result<RawCost, E> {
                let expected: &dyn serde::de::Expected = &self;
                u32::try_from(cost)
                    .map(|cost| RawCost(Cost::Fixed(cost)))
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Unsigned(cost), expected))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawCost, A::Error> {
                let cost = FromHeader::deserialize(MapAccessDeserializer::new(map))?;
                Ok(RawCost(Cost::Header {
                    name: cost.header,
                    default: cost.default,
                    min: cost.min,
                }))
            }
        }

        deserializer.deserialize_any(CostVisitor)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for RawCost {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cost".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "a number, or the header that holds one and what a request costs without it",
            "oneOf": [
                {"type": "integer", "minimum": 0, "maximum": u32::MAX},
                {
                    "type": "object",
                    "properties": {
                        "header": {"type": "string", "description": "The header's name. Clients set headers too: count by one that you set or check."},
                        "default": {"type": "integer", "minimum": 0, "maximum": u32::MAX, "default": 1, "description": "The cost without the header, or where it holds no number; at least `min`."},
                        "min": {"type": "integer", "minimum": 0, "maximum": u32::MAX, "default": 1, "description": "The least that a request costs, whatever the header says. With 0 a client that may set the header is not limited."}
                    },
                    "required": ["header"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

#[cfg(feature = "schema")]
impl serde::Serialize for RawCost {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Cost::Fixed(cost) => serializer.serialize_u32(*cost),
            Cost::Header { name, default, min } => {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(Some(3))?;
                map.serialize_entry("header", name)?;
                map.serialize_entry("default", default)?;
                map.serialize_entry("min", min)?;
                map.end()
            }
        }
    }
}
