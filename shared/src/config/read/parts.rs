//! Deserializers for the contents of a list, an object and a variant.

use super::{may_hold_secret, placed};
use crate::config::node::Node;
use crate::config::{At, Invalid};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
    value::StringDeserializer,
};

pub(super) struct Items {
    items: std::vec::IntoIter<Node>,
    next: usize,
}

impl Items {
    pub(super) fn new(items: Vec<Node>) -> Self {
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

pub(super) struct Entries {
    entries: std::vec::IntoIter<(String, Node)>,
    value: Option<(String, Node)>,
}

impl Entries {
    pub(super) fn new(entries: Vec<(String, Node)>) -> Self {
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

pub(super) struct Variant {
    pub(super) variant: String,
    pub(super) value: Option<Node>,
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
    pub(super) fn value(self) -> Result<(String, Node), Invalid> {
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
            // If an object without keys is accepted, suggest that.
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
