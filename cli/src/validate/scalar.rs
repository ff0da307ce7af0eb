//! How scalars of a configuration are converted on their way to the filter.
//!
//! Different readers read the same file differently, and the filter gets the reader's result: for
//! Envoy `1.5` is a string, for Kubernetes a number.

use serde_json::{Map, Number, Value};

use super::yaml::{Node, Style};

/// The reader of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// Envoy's YAML loader, measured on 1.40: YAML 1.1 booleans, octal and hexadecimal integers; a
    /// number that is not a 32-bit integer becomes a string; `<<` is an ordinary key.
    Envoy,
    /// The API server's loader (`sigs.k8s.io/yaml`): YAML 1.1 booleans, all numbers, merge keys.
    Kubernetes,
    /// JSON.
    Json,
}

impl Reader {
    /// Returns the reader of this document.
    pub(super) fn of(document: &Node, is_json: bool) -> Self {
        if is_json {
            Self::Json
        } else if document.get("kind").is_some() && document.get("apiVersion").is_some() {
            Self::Kubernetes
        } else {
            Self::Envoy
        }
    }

    /// Returns the value that this reader sees.
    pub(super) fn value(self, node: &Node) -> Value {
        match node {
            Node::Scalar {
                text,
                style: Style::Plain,
            } => self.plain(text),
            Node::Scalar { text, .. } => Value::String(text.clone()),
            Node::List(items) => items.iter().map(|item| self.value(item)).collect(),
            Node::Map(entries) => {
                let mut map = Map::new();
                for entry in entries {
                    if entry.key == "<<" && self == Reader::Kubernetes {
                        let merged = match &entry.value {
                            Node::List(items) => {
                                items.iter().map(|item| self.value(item)).collect()
                            }
                            one => vec![self.value(one)],
                        };
                        for (key, value) in merged.iter().filter_map(Value::as_object).flatten() {
                            map.entry(key).or_insert_with(|| value.clone());
                        }
                    } else {
                        map.insert(entry.key.clone(), self.value(&entry.value));
                    }
                }
                Value::Object(map)
            }
        }
    }

    fn plain(self, text: &str) -> Value {
        if self == Reader::Json {
            return serde_json::from_str(text).unwrap_or_else(|_| text.into());
        }
        if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
            return Value::Null;
        }
        if let Some(boolean) = boolean(text) {
            return Value::Bool(boolean);
        }
        match (self, integer(text)) {
            (Reader::Envoy, Some(integer)) if i32::try_from(integer).is_err() => {
                integer.to_string().into()
            }
            (_, Some(integer)) => integer.into(),
            (Reader::Envoy, None) => text.into(),
            (_, None) => decimal(text).map_or_else(|| text.into(), Value::Number),
        }
    }
}

fn boolean(text: &str) -> Option<bool> {
    let lower = text.to_ascii_lowercase();
    let capitalised = text.get(1..).is_some_and(|rest| lower.ends_with(rest));
    if text != lower && text != text.to_ascii_uppercase() && !capitalised {
        return None;
    }
    match lower.as_str() {
        "y" | "yes" | "true" | "on" => Some(true),
        "n" | "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        Some(hex) => (16, hex),
        None if digits.len() > 1 && digits.starts_with('0') => (8, digits),
        None => (10, digits),
    };
    if !digits.starts_with(|digit: char| digit.is_ascii_hexdigit()) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
}

fn decimal(text: &str) -> Option<Number> {
    text.chars().any(|c| c.is_ascii_digit()).then_some(())?;
    text.chars()
        .all(|c| matches!(c, '0'..='9' | '.' | 'e' | 'E' | '+' | '-'))
        .then_some(())?;
    Number::from_f64(text.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::validate::yaml;

    /// The column for Envoy is what its config_dump shows for a Struct in a bootstrap, version
    /// 1.40.
    #[test]
    fn a_plain_scalar_becomes_what_its_reader_makes_of_it() {
        let cases = [
            ("yes", json!(true), json!(true)),
            ("On", json!(true), json!(true)),
            ("n", json!(false), json!(false)),
            ("tRue", json!("tRue"), json!("tRue")),
            ("~", json!(null), json!(null)),
            ("Null", json!(null), json!(null)),
            ("2147483647", json!(2147483647), json!(2147483647)),
            ("2147483648", json!("2147483648"), json!(2147483648_i64)),
            ("-2147483649", json!("-2147483649"), json!(-2147483649_i64)),
            ("0x80000000", json!("2147483648"), json!(2147483648_i64)),
            ("0x10", json!(16), json!(16)),
            ("010", json!(8), json!(8)),
            ("-010", json!(-8), json!(-8)),
            ("08", json!("08"), json!(8.0)),
            ("+5", json!(5), json!(5)),
            ("1.5", json!("1.5"), json!(1.5)),
            ("1e3", json!("1e3"), json!(1000.0)),
            ("1_000", json!("1_000"), json!("1_000")),
            ("2020-01-01", json!("2020-01-01"), json!("2020-01-01")),
            ("10s", json!("10s"), json!("10s")),
            ("-", json!("-"), json!("-")),
        ];
        for (text, envoy, kubernetes) in cases {
            assert_eq!(Reader::Envoy.plain(text), envoy, "{text} in Envoy");
            assert_eq!(
                Reader::Kubernetes.plain(text),
                kubernetes,
                "{text} in Kubernetes"
            );
        }
    }

    #[test]
    fn quotes_make_a_string_for_everybody() {
        let node = &yaml::parse("['on', \"1\"]").unwrap()[0];
        for reader in [Reader::Envoy, Reader::Kubernetes, Reader::Json] {
            assert_eq!(reader.value(node), json!(["on", "1"]), "{reader:?}");
        }
    }

    #[test]
    fn only_kubernetes_merges() {
        let node = &yaml::parse("{base: &b {x: 1}, more: {<<: *b, y: 2}}").unwrap()[0];
        assert_eq!(
            Reader::Kubernetes.value(node)["more"],
            json!({"x": 1, "y": 2})
        );
        assert_eq!(
            Reader::Envoy.value(node)["more"],
            json!({"<<": {"x": 1}, "y": 2})
        );
    }

    #[test]
    fn json_keeps_its_types() {
        let node =
            &yaml::parse_json(r#"{"a": 5000000000, "b": 1.5, "c": "1", "d": null}"#).unwrap()[0];
        let expected = json!({"a": 5_000_000_000_u64, "b": 1.5, "c": "1", "d": null});
        assert_eq!(Reader::Json.value(node), expected);
    }
}
