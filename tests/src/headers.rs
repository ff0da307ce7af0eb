//! Header fields as received, in order. Repeated fields are kept separate.

use serde::{Deserialize, Serialize};

/// A list of header fields.
///
/// Names and values are held as Latin-1 text: the byte `0xE9` is the character `é`. Each byte has
/// exactly one such character, so nothing is lost; [`Headers::bytes`] gives the bytes back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Headers(pub Vec<(String, String)>);

impl Headers {
    /// Returns the value of the field, which must not be repeated. The case of `name` does not
    /// matter.
    ///
    /// # Panics
    /// If the field is repeated.
    #[track_caller]
    pub fn get(&self, name: &str) -> Option<&str> {
        let values = self.all(name);
        assert!(
            values.len() < 2,
            "header {name} came {} times: {values:?}",
            values.len()
        );
        values.first().copied()
    }

    /// Returns the values of all fields with that name, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
            .collect()
    }

    /// Like [`Headers::all`], as the bytes that were received.
    pub fn bytes(&self, name: &str) -> Vec<Vec<u8>> {
        self.all(name).into_iter().map(to_bytes).collect()
    }

    /// Returns the names in order, in lower case, including repetitions.
    pub fn names(&self) -> Vec<String> {
        self.iter().map(|(n, _)| n.to_ascii_lowercase()).collect()
    }

    /// Iterates over name and value of every field, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }
}

impl From<&http::HeaderMap> for Headers {
    /// Repeated fields are grouped at the position of the first, because `HeaderMap` keeps no other
    /// order.
    fn from(map: &http::HeaderMap) -> Self {
        Self(
            map.iter()
                .map(|(name, value)| (name.to_string(), from_bytes(value.as_bytes())))
                .collect(),
        )
    }
}

/// Converts bytes to Latin-1 text.
pub fn from_bytes(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Converts Latin-1 text to bytes. A character above U+00FF becomes its UTF-8 bytes.
pub fn to_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match u8::try_from(character) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend(character.to_string().as_bytes()),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_the_way_to_text_and_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(to_bytes(&from_bytes(&bytes)), bytes);
    }

    #[test]
    #[should_panic(expected = "header X-A came 2 times")]
    fn a_repeated_field_is_not_taken_for_a_single_one() {
        Headers(vec![("x-a".into(), "1".into()), ("x-A".into(), "2".into())]).get("X-A");
    }
}
