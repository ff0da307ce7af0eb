//! JSON for tokens and key sets. An object must not contain a duplicate key, because two parsers
//! could read such an object differently (RFC 8725, section 2.4). Numbers keep all their digits,
//! which neither `f64` nor `serde_json::Value` does.

mod configured;
mod read;
mod write;

use filter_kit::headers::is_same_name;
use std::borrow::Cow;

pub use read::value;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Object(Object),
}

/// A number.
#[derive(Debug, Clone, PartialEq)]
pub enum Number {
    /// A non-negative integer.
    Unsigned(u64),
    /// A negative integer.
    Signed(i64),
    /// A number with a fraction or an exponent, or an integer beyond 64 bits, as written.
    Other(Box<str>),
}

/// The members of an object, sorted by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object(Vec<(String, Json)>);

/// Parses an object; `None` for anything else, and for an object with a duplicate key at any depth.
#[must_use]
pub fn object(bytes: &[u8]) -> Option<Object> {
    match value(bytes)? {
        Json::Object(object) => Some(object),
        _ => None,
    }
}

/// Like [`object`], but also returns its heap memory in bytes, as [`Object::heap_bytes`] does.
#[must_use]
pub(crate) fn object_with_bytes(bytes: &[u8]) -> Option<(Object, usize)> {
    match read::value_with_bytes(bytes)? {
        (Json::Object(object), heap_bytes) => Some((object, heap_bytes)),
        _ => None,
    }
}

/// Up to this many members, insertion sort is fastest. Most tokens have no more.
const FEW_MEMBERS: usize = 16;

/// Sorts by insertion.
fn sort_few(members: &mut [(String, Json)]) {
    for end in 2..=members.len() {
        let mut sorted = members.get_mut(..end).unwrap_or_default();
        while let [.., (before, _), (name, _)] = sorted
            && is_before(name, before)
        {
            let last = sorted.len().wrapping_sub(1);
            sorted.swap(last.wrapping_sub(1), last);
            sorted = sorted.get_mut(..last).unwrap_or_default();
        }
    }
}

/// Whether a name comes before another one. In most cases the first letter decides.
fn is_before(name: &str, other: &str) -> bool {
    match (name.as_bytes().first(), other.as_bytes().first()) {
        (Some(a), Some(b)) if a != b => a < b,
        _ => name < other,
    }
}

impl Object {
    /// Returns `None` if two members have the same name.
    fn of(mut members: Vec<(String, Json)>) -> Option<Self> {
        if members.len() <= FEW_MEMBERS {
            sort_few(&mut members);
        } else {
            members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        }
        let is_unique = members
            .iter()
            .zip(members.iter().skip(1))
            .all(|((one, _), (other, _))| one != other);
        is_unique.then_some(Self(members))
    }

    /// Returns a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        let found = if self.0.len() <= FEW_MEMBERS {
            let is_it = |(member, _): &(String, _)| {
                let (member, name) = (member.as_bytes(), name.as_bytes());
                member.len() == name.len()
                    && member.first() == name.first()
                    && is_same_name(member, name)
            };
            self.0.iter().position(is_it)?
        } else {
            let found = self.0.binary_search_by(|(member, _)| (**member).cmp(name));
            found.ok()?
        };
        self.0.get(found).map(|(_, value)| value)
    }

    /// Iterates over all members, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Iterates over the values of all members.
    pub fn values(&self) -> impl Iterator<Item = &Json> {
        self.0.iter().map(|(_, value)| value)
    }

    /// Returns its heap memory in bytes.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let members = self.0.iter().map(|(name, value)| {
            let name = block_bytes(name.capacity());
            name.saturating_add(value.heap_bytes())
        });
        let place = self
            .0
            .capacity()
            .saturating_mul(size_of::<(String, Json)>());
        block_bytes(place).saturating_add(members.sum())
    }
}

/// Returns the memory that a block of this size takes in a module, in bytes; see
/// `filter_kit::host::allocator`.
#[must_use]
pub fn block_bytes(size: usize) -> usize {
    match size {
        0 => 0,
        1..=256 => size.next_multiple_of(16),
        257..=4096 => size.next_power_of_two(),
        _ => size.saturating_add(16),
    }
}

impl Json {
    /// Returns a member of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// Returns the object, if it is one.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Returns the list, if it is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// Returns the string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns a string, a number or a boolean as text. Numbers and booleans are formatted as in
    /// JSON.
    #[must_use]
    pub fn scalar(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(Number::Other(text)) => Cow::Borrowed(text),
            Self::Number(Number::Unsigned(number)) => Cow::Owned(number.to_string()),
            Self::Number(Number::Signed(number)) => Cow::Owned(number.to_string()),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Null | Self::List(_) | Self::Object(_) => return None,
        })
    }

    /// Returns its heap memory in bytes.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) => 0,
            Self::Number(Number::Unsigned(_) | Number::Signed(_)) => 0,
            Self::Number(Number::Other(text)) => block_bytes(text.len()),
            Self::Text(text) => block_bytes(text.capacity()),
            Self::List(list) => {
                let place = list.capacity().saturating_mul(size_of::<Self>());
                let items = list.iter().map(Self::heap_bytes);
                block_bytes(place).saturating_add(items.sum())
            }
            Self::Object(object) => object.heap_bytes(),
        }
    }
}

#[cfg(test)]
impl From<&serde_json::Value> for Json {
    fn from(json: &serde_json::Value) -> Self {
        value(json.to_string().as_bytes()).unwrap()
    }
}

#[cfg(test)]
mod tests;
