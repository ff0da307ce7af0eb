//! Parses either form of a configuration that Envoy passes into one tree.

use super::read::is_of_secret;
use super::{At, Invalid};
use prost::Message;
use prost_types::{Struct, Value as ProtoValue, value::Kind};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A value of a configuration. Keys are unique and keep the order in which they were written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    /// Any integer that fits, from either form.
    Integer(i64),
    /// An integer above [`i64::MAX`].
    Unsigned(u64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Reads JSON text or a binary `google.protobuf.Struct`.
///
/// The first byte does not tell the two apart: a Struct begins with 0x0A, which is white space in
/// JSON, followed by a length that may be `{`. So valid JSON is read as JSON, and anything else is
/// tried as a Struct.
pub(super) fn parse(bytes: &[u8]) -> Result<Node, Invalid> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Node::Map(Vec::new()));
    }
    let node = match serde_json::from_slice::<Node>(bytes) {
        Ok(node) => node,
        Err(json_error) => match Struct::decode(bytes) {
            // Unknown fields of a Struct are skipped when decoding, so almost any bytes would
            // decode as an empty Struct.
            Ok(decoded) if decoded.encoded_len() == bytes.len() => from_struct(decoded),
            _ if bytes.trim_ascii_start().starts_with(b"{") => {
                return Err(Invalid::new(format!("not valid JSON: {json_error}")));
            }
            _ => {
                return Err(Invalid::new(
                    "neither JSON text, which begins with {, nor a google.protobuf.Struct",
                ));
            }
        },
    };
    if !matches!(node, Node::Map(_)) {
        return Err(Invalid::new("the configuration must be an object of keys"));
    }
    refuse_null(&node)?;
    Ok(node)
}

/// The known keys below a provider's `keys`. Any other key there may be a secret.
const KINDS_OF_KEYS: [&str; 5] = ["jwks", "pem", "secret", "remote", "discovery"];

/// Rejects `null`. It could be read as "absent" in some places and as an error in others, so the
/// user's intent is unclear.
fn refuse_null(node: &Node) -> Result<(), Invalid> {
    match node {
        Node::Null => Err(Invalid::new(
            "null is not a value; omit the key, or write {} for an object without keys",
        )),
        Node::List(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(i, item)| refuse_null(item).at_index("", i)),
        Node::Map(entries) => entries.iter().try_for_each(|(key, item)| {
            let below = refuse_null(item);
            let without_path = |error: Invalid| {
                // Keys may be secrets too.
                let is_hidden = match key.as_str() {
                    "secret" | "jwks" | "pem" => true,
                    "keys" => {
                        let first = error.path().split(['.', '[']).next();
                        !first.is_some_and(|first| KINDS_OF_KEYS.contains(&first))
                    }
                    key => is_of_secret(key, error.path()),
                };
                match is_hidden {
                    true => Invalid::new(error.reason()),
                    false => error,
                }
            };
            below.map_err(without_path).at(key)
        }),
        Node::Bool(_) | Node::Integer(_) | Node::Unsigned(_) | Node::Float(_) | Node::Text(_) => {
            Ok(())
        }
    }
}

fn from_struct(decoded: Struct) -> Node {
    Node::Map(
        decoded
            .fields
            .into_iter()
            .map(|(key, value)| (key, from_proto(value)))
            .collect(),
    )
}

fn from_proto(value: ProtoValue) -> Node {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Node::Null,
        Some(Kind::BoolValue(b)) => Node::Bool(b),
        Some(Kind::NumberValue(n)) => number(n),
        Some(Kind::StringValue(s)) => Node::Text(s),
        Some(Kind::ListValue(list)) => {
            Node::List(list.values.into_iter().map(from_proto).collect())
        }
        Some(Kind::StructValue(inner)) => from_struct(inner),
    }
}

/// Converts a number of a Struct, which has only doubles. A number that was written as an integer
/// becomes an integer again.
fn number(n: f64) -> Node {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53: below it every integer is a double
    if n.fract() == 0.0 && n.abs() <= EXACT {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "integral and at most 2^53, checked above"
        )]
        let integer = n as i64;
        Node::Integer(integer)
    } else {
        Node::Float(n)
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(i64::try_from(value).map_or(Node::Unsigned(value), Node::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        while let Some(key) = access.next_key::<String>()? {
            if entries.iter().any(|(k, _)| *k == key) {
                return Err(A::Error::custom(format_args!("duplicate key \"{key}\"")));
            }
            entries.push((key, access.next_value()?));
        }
        Ok(Node::Map(entries))
    }
}
