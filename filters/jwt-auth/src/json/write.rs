//! A JSON writer.

use super::Json;
use std::fmt::{self, Write as _};

impl Json {
    /// Returns compact JSON in ASCII.
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
}

/// Formats as compact JSON.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut json = String::new();
        self.write(&mut json, false);
        f.write_str(&json)
    }
}

/// Writes a JSON string (RFC 8259, section 7).
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
