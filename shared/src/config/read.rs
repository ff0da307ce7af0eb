//! From the tree to the types of a configuration. An error gathers its path on the way up, so that
//! a configuration that is right costs nothing for it, and its words are those of somebody who
//! writes configurations.
//!
//! `serde_path_to_error` over `serde_json::Value` would do the same in 100 KiB more of every
//! module.

use super::{At, Invalid, names, node::Node};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor, value::StringDeserializer,
};
use serde::forward_to_deserialize_any;
use std::fmt::Display;

impl Error for Invalid {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(got: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = in_words(expected);
        Self::or_hidden(
            format!("got {}, expected {expected}", describe(&got)),
            format!("got {}, expected {expected}", kind(&got)),
        )
    }

    fn invalid_value(got: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(got, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(format!("got {length} elements, expected {expected}"))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let one_of = one_of(expected);
        let instead = instead(variant, expected);
        Self::or_hidden(
            format!("\"{variant}\" is not accepted; {instead}{one_of}"),
            format!("a value that is not accepted; {one_of}"),
        )
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let one_of = one_of(expected);
        let reason = format!("unknown key; {}{one_of}", instead(field, expected));
        Self::unknown_key(field, reason, format!("unknown key; {one_of}"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("missing key \"{field}\""))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new("duplicate key").at(field)
    }
}

/// What was probably meant by a name.
fn instead(name: &str, accepted: &[&str]) -> String {
    if let Some(nearest) = names::nearest(name, accepted) {
        return format!("did you mean \"{nearest}\"? ");
    }
    match names::ours(name) {
        Some(omit) if omit.starts_with("omit") => format!("{omit}; "),
        Some(ours) => format!("the equivalent here is {ours}; "),
        None => String::new(),
    }
}

fn one_of(names: &[&str]) -> String {
    if names.is_empty() {
        return "none is accepted here".to_owned();
    }
    format!("one of: {}", names.join(", "))
}

/// What serde's derived code expects, without the names of Rust's types.
fn in_words(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    let words = match expected.as_str() {
        "u8" => "a whole number up to 255",
        "u16" => "a whole number up to 65535",
        "u32" => "a whole number up to 4294967295",
        "u64" | "usize" => "a whole number from 0 on",
        "i64" => "a whole number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "a string" => "a text",
        other if other.starts_with("struct ") => "an object",
        other => other,
    };
    words.to_owned()
}

fn describe(got: &Unexpected<'_>) -> String {
    match got {
        Unexpected::Bool(b) => b.to_string(),
        Unexpected::Unsigned(n) => n.to_string(),
        Unexpected::Signed(n) => n.to_string(),
        Unexpected::Float(n) => serde_json::Number::from_f64(*n)
            .map_or_else(|| "a number".to_owned(), |n| n.to_string()),
        Unexpected::Str(text) => format!("\"{text}\""),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        Unexpected::Other(kind) => (*kind).to_owned(),
        _ => "another kind of value".to_owned(),
    }
}

fn kind<'a>(got: &Unexpected<'a>) -> &'a str {
    match got {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Str(_) => "a text",
        Unexpected::Seq => "a list",
        Unexpected::Map => "an object",
        Unexpected::Other(kind) => kind,
        _ => "another kind of value",
    }
}

/// An error of the value at a key.
#[cold]
#[inline(never)]
fn placed(error: Invalid, key: String, is_hidden: bool) -> Invalid {
    let error = if is_hidden { error.hide() } else { error };
    error.at(key)
}

/// Whether what is at or below a key may be a secret. Of one that is a key of an object, only its
/// wrong kinds are: `keys: "s3cret"`.
#[inline(never)]
fn may_hold_secret(key: &str, value: &Node) -> bool {
    match key {
        "secret" | "jwks" | "pem" => true,
        "keys" => !matches!(value, Node::Map(_)),
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

    /// Externally tagged: a text for a variant without value, an object of one key for one with a
    /// value.
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
                    _ => Err(Invalid::new(format!(
                        "write exactly one of: {}",
                        variants.join(", ")
                    ))),
                }
            }
            other => Err(other.mismatch_of(&visitor, variants)),
        }
    }

    // One method for each kind, so that of a derived type only the one visit that can succeed ends
    // up in a module.

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
    /// The error of a value that is no variant of an enum.
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

struct Items {
    items: std::vec::IntoIter<Node>,
    next: usize,
}

impl Items {
    fn new(items: Vec<Node>) -> Self {
        Self {
            items: items.into_iter(),
            next: 0,
        }
    }
}

impl<'de> SeqAccess<'de> for Items {
    type Error = Invalid;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Invalid> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        let index = self.next;
        self.next = index.saturating_add(1);
        seed.deserialize(item).map(Some).at_index("", index)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Entries {
    entries: std::vec::IntoIter<(String, Node)>,
    value: Option<(String, Node)>,
}

impl Entries {
    fn new(entries: Vec<(String, Node)>) -> Self {
        Self {
            entries: entries.into_iter(),
            value: None,
        }
    }
}

impl<'de> MapAccess<'de> for Entries {
    type Error = Invalid;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Invalid> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        let read = seed.deserialize(StringDeserializer::<Invalid>::new(key.clone()))?;
        self.value = Some((key, value));
        Ok(Some(read))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Invalid> {
        match self.value.take() {
            Some((key, value)) => {
                let is_hidden = may_hold_secret(&key, &value);
                seed.deserialize(value)
                    .map_err(|error| placed(error, key, is_hidden))
            }
            None => Err(Invalid::new("a value without its key")),
        }
    }
}

struct Variant {
    variant: String,
    value: Option<Node>,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Invalid;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Invalid> {
        let read = seed.deserialize(StringDeserializer::<Invalid>::new(self.variant.clone()))?;
        Ok((read, self))
    }
}

impl Variant {
    fn value(self) -> Result<(String, Node), Invalid> {
        match self.value {
            Some(value) => Ok((self.variant, value)),
            None => Err(Invalid::new(format!(
                "\"{0}\" needs a value; write {{{0}: …}}",
                self.variant
            ))),
        }
    }
}

impl<'de> VariantAccess<'de> for Variant {
    type Error = Invalid;

    fn unit_variant(self) -> Result<(), Invalid> {
        match self.value {
            None => Ok(()),
            Some(_) => Err(Invalid::new(format!("\"{}\" takes no value", self.variant))),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Invalid> {
        let (variant, value) = self.value()?;
        let is_hidden = may_hold_secret(&variant, &value);
        seed.deserialize(value)
            .map_err(|error| placed(error, variant, is_hidden))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Invalid> {
        let (variant, value) = self.value()?;
        value.deserialize_any(visitor).at(variant)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        keys: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        let Some(value) = self.value else {
            // Where an object without keys would do, that is what to write.
            let is_empty = visitor.visit_map(Entries::new(Vec::new())).is_ok();
            let shape = match keys.first().filter(|_| !is_empty) {
                Some(key) => format!("{{{key}: …}}"),
                None => "{}".to_owned(),
            };
            return Err(Invalid::new(format!(
                "\"{0}\" needs a value; write {{{0}: {shape}}}",
                self.variant
            )));
        };
        let variant = self.variant;
        value.deserialize_any(visitor).at(variant)
    }
}
