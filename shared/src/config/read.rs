//! Deserializes the types of a configuration from the tree. An error collects its path on the way
//! up, so a valid configuration pays nothing for it. Messages use the terms of configuration
//! authors, not those of serde.
//!
//! `serde_path_to_error` over `serde_json::Value` would do the same, but adds 100 KiB to every
//! module.

mod parts;
mod words;

use super::Invalid;
use super::node::Node;
use parts::{Entries, Items, Variant};
use serde::de::{Deserializer, Error, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

/// Adds the key to an error of its value.
#[cold]
#[inline(never)]
fn placed(error: Invalid, key: String, is_hidden: bool) -> Invalid {
    let error = match is_hidden || is_of_secret(&key, error.path()) {
        true => error.hide(),
        false => error,
    };
    error.at(key)
}

/// Whether a value at or below a key may be a secret. If the key holds an object, this is true only
/// for values of the wrong type: `keys: "s3cret"`,
/// `remote: "https://user:s3cret@idp.example/jwks"`.
#[inline(never)]
fn may_hold_secret(key: &str, value: &Node) -> bool {
    match key {
        "secret" | "jwks" | "pem" => true,
        "keys" | "remote" | "discovery" => !matches!(value, Node::Map(_)),
        _ => false,
    }
}

/// Whether an error at this path below a key may reveal a secret: an unknown key instead of
/// `secret`, or a header for a key server that is written in another form, such as
/// `headers: ["authorization: s3cret"]`.
pub(super) fn is_of_secret(key: &str, path: &str) -> bool {
    match key {
        "keys" => path.is_empty(),
        "remote" | "discovery" => path.starts_with("headers"),
        _ => false,
    }
}

impl<'de> IntoDeserializer<'de, Invalid> for Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Node {
    type Error = Invalid;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(b) => visitor.visit_bool(b),
            Self::Integer(n) => match u64::try_from(n) {
                Ok(n) => visitor.visit_u64(n),
                Err(_) => visitor.visit_i64(n),
            },
            Self::Unsigned(n) => visitor.visit_u64(n),
            Self::Float(n) => visitor.visit_f64(n),
            Self::Text(text) => visitor.visit_string(text),
            Self::List(items) => visitor.visit_seq(Items::new(items)),
            Self::Map(entries) => visitor.visit_map(Entries::new(entries)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        match self {
            Self::Null => visitor.visit_none(),
            node => visitor.visit_some(node),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        visitor.visit_newtype_struct(self)
    }

    /// Enums are externally tagged: a string for a variant without a value, an object with one key
    /// for a variant with a value.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        match self {
            Self::Text(variant) => visitor.visit_enum(Variant {
                variant,
                value: None,
            }),
            Self::Map(entries) => {
                let mut entries = entries.into_iter();
                match (entries.next(), entries.next()) {
                    (Some((variant, value)), None) => visitor.visit_enum(Variant {
                        variant,
                        value: Some(value),
                    }),
                    _ => {
                        let reason = format!("write exactly one of: {}", variants.join(", "));
                        Err(Invalid::or_hidden(reason.clone(), reason))
                    }
                }
            }
            other => Err(other.mismatch_of(&visitor, variants)),
        }
    }

    // One method per kind, so that a module contains only the one visit of a derived type that can
    // succeed.

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        match self {
            Self::Bool(b) => visitor.visit_bool(b),
            other => Err(other.mismatch(&visitor)),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        match self {
            Self::Integer(n) => match u64::try_from(n) {
                Ok(n) => visitor.visit_u64(n),
                Err(_) => visitor.visit_i64(n),
            },
            Self::Unsigned(n) => visitor.visit_u64(n),
            other => Err(other.mismatch(&visitor)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        match self {
            Self::Text(text) => visitor.visit_string(text),
            other => Err(other.mismatch(&visitor)),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        match self {
            Self::List(items) => visitor.visit_seq(Items::new(items)),
            other => Err(other.mismatch(&visitor)),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        match self {
            Self::Map(entries) => visitor.visit_map(Entries::new(entries)),
            other => Err(other.mismatch(&visitor)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        self.deserialize_map(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        self.deserialize_string(visitor)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

impl Node {
    /// Returns the error for a value that is not a variant of the enum.
    #[cold]
    #[inline(never)]
    fn mismatch_of(self, visitor: &dyn Expected, variants: &[&str]) -> Invalid {
        let shape = visitor.to_string();
        if shape.starts_with("enum ") {
            return self.mismatch(&format!("one of: {}", variants.join(", ")).as_str());
        }
        self.mismatch(visitor)
    }

    #[cold]
    #[inline(never)]
    fn mismatch(self, expected: &dyn Expected) -> Invalid {
        let got = match &self {
            Self::Null => Unexpected::Unit,
            Self::Bool(b) => Unexpected::Bool(*b),
            Self::Integer(n) => Unexpected::Signed(*n),
            Self::Unsigned(n) => Unexpected::Unsigned(*n),
            Self::Float(n) => Unexpected::Float(*n),
            Self::Text(text) => Unexpected::Str(text),
            Self::List(_) => Unexpected::Seq,
            Self::Map(_) => Unexpected::Map,
        };
        Invalid::invalid_type(got, expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_at_and_below_these_keys_show_no_value() {
        let text = || Node::Text("s3cret".to_owned());
        let object = || Node::Map(Vec::new());
        for (key, value, expected) in [
            ("secret", text(), true),
            ("jwks", object(), true),
            ("pem", text(), true),
            ("keys", text(), true),
            ("keys", object(), false),
            ("remote", text(), true),
            ("remote", object(), false),
            ("discovery", text(), true),
            ("discovery", object(), false),
            ("issuer", text(), false),
        ] {
            assert_eq!(may_hold_secret(key, &value), expected, "{key}");
        }
        for (key, path, expected) in [
            ("keys", "", true),
            ("keys", "remote", false),
            ("remote", "headers[0]", true),
            ("discovery", "headers[0].value", true),
            ("remote", "uri", false),
            ("issuer", "", false),
        ] {
            assert_eq!(is_of_secret(key, path), expected, "{key} {path}");
        }
    }
}
