//! Bytes into one JSON value, from either form that Envoy hands over.

use super::Invalid;
use prost::Message;
use prost_types::{Struct, Value as ProtoValue, value::Kind};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Reads JSON text or a binary `google.protobuf.Struct`.
///
/// Which of the two it is cannot be told from the first byte: a Struct begins with 0x0A, which is white space in JSON,
/// and a length that may be `{`. So valid JSON is JSON, and what is not is tried as a Struct.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Invalid> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    let value = match serde_json::from_slice::<Unique>(bytes) {
        Ok(Unique(value)) => value,
        Err(json_error) => match Struct::decode(bytes) {
            Ok(decoded) => struct_to_json(decoded),
            Err(_) => return Err(Invalid::new(format!("not valid JSON: {json_error}"))),
        },
    };
    if !value.is_object() {
        return Err(Invalid::new("the configuration must be an object of keys"));
    }
    refuse_null(&value)?;
    Ok(value)
}

/// A null would read as "absent" in some places and be an error in others; a user who writes it means neither surely.
fn refuse_null(value: &Value) -> Result<(), Invalid> {
    match value {
        Value::Null => Err(Invalid::new("null is not a value; leave the key out")),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(i, item)| refuse_null(item).map_err(|e| e.at(format_args!("[{i}]")))),
        Value::Object(map) => map
            .iter()
            .try_for_each(|(key, item)| refuse_null(item).map_err(|e| e.at(key))),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn struct_to_json(decoded: Struct) -> Value {
    Value::Object(
        decoded
            .fields
            .into_iter()
            .map(|(key, value)| (key, proto_to_json(value)))
            .collect(),
    )
}

fn proto_to_json(value: ProtoValue) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(b)) => Value::Bool(b),
        Some(Kind::NumberValue(n)) => number(n),
        Some(Kind::StringValue(s)) => Value::String(s),
        Some(Kind::ListValue(list)) => {
            Value::Array(list.values.into_iter().map(proto_to_json).collect())
        }
        Some(Kind::StructValue(inner)) => struct_to_json(inner),
    }
}

/// A Struct knows only doubles; what was written as an integer becomes one again.
fn number(n: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53: below it every integer is a double
    if n.fract() == 0.0 && n.abs() <= EXACT {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "integral and at most 2^53, checked above"
        )]
        let integer = n as i64;
        return Value::from(integer);
    }
    Number::from_f64(n).map_or(Value::Null, Value::Number)
}

/// A JSON value in which no object holds a key twice.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Unique(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let Unique(item) = access.next_value()?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!("key \"{key}\" stands twice")));
            }
            map.insert(key, item);
        }
        Ok(Value::Object(map))
    }
}
