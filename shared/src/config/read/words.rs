//! Translates serde's errors into the terms of configuration authors.

use crate::config::{Invalid, names};
use serde::de::{Error, Expected, Unexpected};
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
        let reason = format!("\"{variant}\" is not accepted; {instead}{one_of}");
        let hidden = match instead.is_empty() {
            true => format!("a value that is not accepted; {one_of}"),
            // It is close to a known word, so it is not a secret.
            false => reason.clone(),
        };
        Self::or_hidden(reason, hidden)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let one_of = one_of(expected);
        let reason = format!("unknown key; {}{one_of}", instead(field, expected));
        Self::unknown_key(field, reason, format!("unknown key; {one_of}"))
    }

    fn missing_field(field: &'static str) -> Self {
        let reason = format!("missing key \"{field}\"");
        Self::or_hidden(reason.clone(), reason)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new("duplicate key").at(field)
    }
}

/// Returns a hint at the name that was probably meant.
fn instead(name: &str, accepted: &[&str]) -> String {
    if let Some(nearest) = names::nearest(name, accepted) {
        return format!("did you mean \"{nearest}\"? ");
    }
    match names::ours(name, accepted) {
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

/// Describes what serde's derived code expects, without the names of Rust types.
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
        Unexpected::Str(_) => "a string",
        Unexpected::Seq => "a list",
        Unexpected::Map => "an object",
        Unexpected::Other(kind) => kind,
        _ => "another kind of value",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_or_only_its_kind() {
        for (got, shown, kind_of) in [
            (Unexpected::Bool(true), "true", "true or false"),
            (Unexpected::Unsigned(5), "5", "a number"),
            (Unexpected::Signed(-5), "-5", "a number"),
            (Unexpected::Float(1.5), "1.5", "a number"),
            (Unexpected::Str("s3cret"), "\"s3cret\"", "a string"),
            (Unexpected::Seq, "a list", "a list"),
            (Unexpected::Map, "an object", "an object"),
            (Unexpected::Other("null"), "null", "null"),
        ] {
            assert_eq!((describe(&got).as_str(), kind(&got)), (shown, kind_of));
        }
    }
}
