//! Numbers that may also be written as an object that says where the number comes from.

use serde::Deserialize;
use serde::de::{
    Deserializer, Error, MapAccess, Unexpected, Visitor, value::MapAccessDeserializer,
};
use std::fmt;
use std::marker::PhantomData;

/// A number, or an object.
#[derive(Debug)]
pub enum NumberOr<T> {
    /// A number.
    Number(u32),
    /// An object.
    Object(T),
}

/// An object that may stand in place of a number.
pub trait InPlaceOfNumber {
    /// Its shape, for error messages.
    const SHAPE: &'static str;
}

impl<'de, T: Deserialize<'de> + InPlaceOfNumber> Deserialize<'de> for NumberOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor(PhantomData))
    }
}

struct NumberVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + InPlaceOfNumber> Visitor<'de> for NumberVisitor<T> {
    type Value = NumberOr<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number from 0 to {}, or {}", u32::MAX, T::SHAPE)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        u32::try_from(number)
            .map(NumberOr::Number)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(NumberOr::Object)
    }
}

#[cfg(feature = "schema")]
impl<T: schemars::JsonSchema> schemars::JsonSchema for NumberOr<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("NumberOr{}", T::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let object = T::json_schema(generator);
        schemars::json_schema!({
            "oneOf": [{"type": "integer", "minimum": 0, "maximum": u32::MAX}, object]
        })
    }
}
