//! JSON as tokens and key sets have it. No key appears twice in an object: two readers of such an
//! object may see two different ones (RFC 8725, section 2.4). Numbers keep all their digits, which
//! neither `f64` nor `serde_json::Value` does.

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt::{self, Write as _};

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
    /// A whole number that is not negative.
    Unsigned(u64),
    /// A negative whole number.
    Signed(i64),
    /// A number with a fraction or an exponent, or a whole one beyond 64 bits: as it was written.
    Other(Box<str>),
}

/// The members of an object, sorted by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object(Vec<(String, Json)>);

/// Reads an object; `None` for anything else, and for an object that holds a key twice, at any
/// depth.
#[must_use]
pub fn object(bytes: &[u8]) -> Option<Object> {
    match value(bytes)? {
        Json::Object(object) => Some(object),
        _ => None,
    }
}

/// Reads any value; `None` for what is not JSON, and for an object that holds a key twice.
#[must_use]
pub fn value(bytes: &[u8]) -> Option<Json> {
    let first = Reader::default();
    let value = first.read(bytes)?;
    if !first.has_other.get() {
        return Some(value);
    }
    // Rare: a number that is not a whole one of at most 64 bits. Its digits are taken from the
    // text.
    let second = Reader::default();
    second.literals.replace(number_literals(bytes)?);
    second.read(bytes)
}

/// The numbers of a text that is JSON, in order, as they are written.
fn number_literals(json: &[u8]) -> Option<std::vec::IntoIter<Box<str>>> {
    let mut found = Vec::new();
    let mut rest = json;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => {
                // To the quote at its end, over what is escaped.
                while let Some((byte, after)) = rest.split_first() {
                    rest = match byte {
                        b'\\' => after.get(1..).unwrap_or_default(),
                        _ => after,
                    };
                    if *byte == b'"' {
                        break;
                    }
                }
            }
            b'-' | b'0'..=b'9' => {
                let is_digit = |b: &u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                let end = rest.iter().position(|b| !is_digit(b)).unwrap_or(rest.len());
                let (digits, after) = rest.split_at_checked(end)?;
                let literal = [&[*byte], digits].concat();
                found.push(String::from_utf8(literal).ok()?.into_boxed_str());
                rest = after;
            }
            _ => {}
        }
    }
    Some(found.into_iter())
}

/// Reads a text. What it finds out is kept beside the value.
#[derive(Default)]
struct Reader {
    /// Whether there was a number that only its text holds.
    has_other: Cell<bool>,
    /// The text of each number that is still to come, where it is known.
    literals: RefCell<std::vec::IntoIter<Box<str>>>,
}

impl Reader {
    fn read(&self, bytes: &[u8]) -> Option<Json> {
        // The text is checked once: of bytes, serde_json checks each string by itself.
        let text = std::str::from_utf8(bytes).ok()?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let value = self.deserialize(&mut deserializer).ok()?;
        deserializer.end().ok()?;
        Some(value)
    }

    /// The next number's text, where it is known.
    fn literal(&self) -> Option<Box<str>> {
        self.literals.borrow_mut().next()
    }
}

impl<'de> DeserializeSeed<'de> for &Reader {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reader::default().deserialize(deserializer)
    }
}

impl<'de> Visitor<'de> for &Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        match u64::try_from(value) {
            Ok(value) => self.visit_u64(value),
            Err(_) => {
                self.literal();
                Ok(Json::Number(Number::Signed(value)))
            }
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        self.literal();
        Ok(Json::Number(Number::Unsigned(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        self.has_other.set(true);
        let text = self
            .literal()
            .unwrap_or_else(|| value.to_string().into_boxed_str());
        Ok(Json::Number(Number::Other(text)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = access.next_key::<String>()? {
            members.push((name, access.next_value_seed(self)?));
        }
        Object::of(members)
            .map(Json::Object)
            .ok_or_else(|| A::Error::custom("duplicate key"))
    }
}

/// How many members are sorted one by one: the least work for as many as most tokens have.
const FEW_MEMBERS: usize = 16;

/// Sorts by insertion.
fn sort_few(members: &mut [(String, Json)]) {
    for end in 2..=members.len() {
        let mut sorted = members.get_mut(..end).unwrap_or_default();
        while let [.., (before, _), (name, _)] = sorted
            && name < before
        {
            let last = sorted.len().wrapping_sub(1);
            sorted.swap(last.wrapping_sub(1), last);
            sorted = sorted.get_mut(..last).unwrap_or_default();
        }
    }
}

impl Object {
    /// `None` where two members have the same name.
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

    /// A member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        let found = self.0.binary_search_by(|(member, _)| (**member).cmp(name));
        self.0.get(found.ok()?).map(|(_, value)| value)
    }

    /// The values of all members.
    pub fn values(&self) -> impl Iterator<Item = &Json> {
        self.0.iter().map(|(_, value)| value)
    }

    /// The bytes of memory that it takes, beside its own place.
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

/// What a block of this size takes in the memory of a module: see `filter_kit::host::allocator`.
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
    /// A member of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// An object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// A list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// A string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a string, a number or a boolean; numbers and booleans as JSON writes them.
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

    /// Compact JSON in ASCII.
    #[must_use]
    pub fn to_ascii(&self) -> String {
        let mut json = String::new();
        self.write(&mut json, true);
        json
    }

    fn write(&self, json: &mut String, is_ascii: bool) {
        match self {
            Self::Null => json.push_str("null"),
            Self::Text(text) => write_text(json, text, is_ascii),
            Self::List(list) => {
                json.push('[');
                for (n, item) in list.iter().enumerate() {
                    if n > 0 {
                        json.push(',');
                    }
                    item.write(json, is_ascii);
                }
                json.push(']');
            }
            Self::Object(object) => {
                json.push('{');
                for (n, (name, value)) in object.0.iter().enumerate() {
                    if n > 0 {
                        json.push(',');
                    }
                    write_text(json, name, is_ascii);
                    json.push(':');
                    value.write(json, is_ascii);
                }
                json.push('}');
            }
            Self::Bool(_) | Self::Number(_) => {
                json.push_str(&self.scalar().unwrap_or_default());
            }
        }
    }

    /// The bytes of memory that it takes, beside its own place.
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

/// Compact JSON.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut json = String::new();
        self.write(&mut json, false);
        f.write_str(&json)
    }
}

/// A string of JSON (RFC 8259, section 7).
fn write_text(json: &mut String, text: &str, is_ascii: bool) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            c if c < ' ' || (is_ascii && (c == '\u{7f}' || !c.is_ascii())) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    // Writing to a string cannot fail.
                    let _ = write!(json, "\\u{unit:04x}");
                }
            }
            c => json.push(c),
        }
    }
    json.push('"');
}

#[cfg(test)]
impl From<&serde_json::Value> for Json {
    fn from(json: &serde_json::Value) -> Self {
        value(json.to_string().as_bytes()).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_duplicate_key_is_refused_at_any_depth() {
        for (text, good) in [
            (r#"{"a": 1, "b": [{"a": 2}]}"#, true),
            (r#"{"a": 1, "a": 1}"#, false),
            (r#"{"a": 1, "b": 2, "\u0061": 2}"#, false),
            (r#"{"b": [{"a": 1, "a": 2}]}"#, false),
            (r#"[]"#, false),
            (r#"{} {}"#, false),
            ("{\"a\": \"\u{0}\"}", false),
            ("", false),
        ] {
            assert_eq!(object(text.as_bytes()).is_some(), good, "{text}");
        }
    }

    #[test]
    fn few_and_many_members_are_found_and_a_second_one_is_refused() {
        for count in [0, 1, 2, FEW_MEMBERS, FEW_MEMBERS + 1, 100] {
            let names: Vec<String> = (0..count).map(|n| format!("m{}", n * 7 % 101)).collect();
            let text = |names: &[String]| {
                let members: Vec<String> = names.iter().map(|n| format!("\"{n}\":1")).collect();
                format!("{{{}}}", members.join(","))
            };
            let read = object(text(&names).as_bytes()).unwrap();
            for name in &names {
                assert!(read.get(name).is_some(), "{count}: {name}");
            }
            assert_eq!(read.get("none"), None);
            let twice: Vec<String> = names.iter().chain(names.last()).cloned().collect();
            assert_eq!(
                object(text(&twice).as_bytes()).is_none(),
                count > 0,
                "{count}"
            );
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(object(deep.as_bytes()), None);
    }

    #[test]
    fn numbers_keep_all_their_digits() {
        for number in [
            "0",
            "-1",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775808",
            "-9223372036854775809",
            "12345678901234567890123",
            "1.50",
            "1e3",
            "-0.1E-7",
        ] {
            let json = format!(r#"{{"z":[7,"-1\"",2.5,{number}],"a":-3,"b 1":{{"c":{number}}}}}"#);
            let read = object(json.as_bytes()).unwrap();
            let list = read.get("z").and_then(Json::as_list).unwrap();
            assert_eq!(list[3].scalar().unwrap(), number);
            assert_eq!(list[2].scalar().unwrap(), "2.5");
            assert_eq!(list[1].scalar().unwrap(), "-1\"");
            assert_eq!(read.get("a").unwrap().scalar().unwrap(), "-3");
            let nested = read.get("b 1").unwrap().get("c").unwrap();
            assert_eq!(nested.scalar().unwrap(), number);
        }
    }

    #[test]
    fn json_is_written_compact_and_in_ascii_where_asked() {
        let json = "{\"a\":[null,true,1.50,\"é\\\"\\\\\\n\\u0001\u{1f600}\"],\"b\":{}}";
        let read = value(json.as_bytes()).unwrap();
        assert_eq!(read.to_string(), json);
        let ascii = r#"{"a":[null,true,1.50,"\u00e9\"\\\n\u0001\ud83d\ude00"],"b":{}}"#;
        assert_eq!(read.to_ascii(), ascii);
        assert_eq!(value(ascii.as_bytes()), Some(read));
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_serde_json_reads(text in r#"[\[\]{}:,"\\a-b0-9.eE+\- ]{0,40}"#) {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            if let Some(ours) = value(text.as_bytes()) {
                let again: serde_json::Value = serde_json::from_str(&ours.to_string()).unwrap();
                prop_assert_eq!(again, theirs.unwrap());
            }
        }
    }
}
