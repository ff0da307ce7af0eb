//! The claims of a token (RFC 7519, section 4). The types of registered claims are checked when
//! [`Claims`] are created.

use crate::base64url;
use crate::json::{self, Json, Number, Object};
use crate::reason::Reason;
use filter_kit::values::is_header_value;
use serde::Deserialize;
use std::borrow::Cow;

/// Maximum length of a header value made from a claim, in bytes.
const MAX_HEADER_BYTES: usize = 8 * 1024;

/// The claims of a token.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    all: Object,
    heap_bytes: usize,
    expires: Option<u64>,
    not_before: Option<u64>,
    issued: Option<u64>,
}

/// How a claim becomes the value of a header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema, serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Scalars as they are, lists of scalars joined by commas, everything else as base64url of
    /// compact JSON. A list gives no header if an element contains a comma, which would read as two
    /// elements, or begins or ends with white space, which a server would drop.
    #[default]
    Plain,
    /// Compact JSON in ASCII: a string with its quotes.
    Json,
    /// Base64url without padding: of a scalar's text, of a list's or an object's compact JSON.
    Base64url,
}

/// The position of a claim: its name, or the names of the nested objects that lead to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath(pub Vec<String>);

impl Claims {
    /// Parses the decoded second part of a token, and checks the types of the registered claims.
    ///
    /// # Errors
    /// [`Reason::Malformed`] if it is not an object, or if a registered claim has the wrong type.
    pub fn read(json: &[u8]) -> Result<Self, Reason> {
        let (all, heap_bytes) = json::object_with_bytes(json).ok_or(Reason::Malformed)?;
        Self::new(all, heap_bytes)
    }

    /// Checks the types of the registered claims.
    fn new(all: Object, heap_bytes: usize) -> Result<Self, Reason> {
        let is_text = |claim: &Json| claim.as_str().is_some();
        let mut claims = Self {
            all: Object::default(),
            heap_bytes,
            expires: None,
            not_before: None,
            issued: None,
        };
        for (name, claim) in all.iter() {
            // All registered names have three letters.
            let Ok(name) = <&[u8; 3]>::try_from(name.as_bytes()) else {
                continue;
            };
            match name {
                b"iss" | b"sub" | b"jti" if !is_text(claim) => return Err(Reason::Malformed),
                b"aud" => match claim {
                    Json::Text(_) => {}
                    Json::List(list) if list.iter().all(is_text) => {}
                    _ => return Err(Reason::Malformed),
                },
                b"exp" => claims.expires = Some(date(claim)?),
                b"nbf" => claims.not_before = Some(date(claim)?),
                b"iat" => claims.issued = Some(date(claim)?),
                _ => {}
            }
        }
        claims.all = all;
        Ok(claims)
    }

    /// Returns `exp`, in seconds since the Unix epoch; fractions are cut off.
    #[must_use]
    pub fn expires(&self) -> Option<u64> {
        self.expires
    }

    /// Returns `nbf`, in seconds since the Unix epoch.
    #[must_use]
    pub fn not_before(&self) -> Option<u64> {
        self.not_before
    }

    /// Returns `iat`, in seconds since the Unix epoch.
    #[must_use]
    pub fn issued(&self) -> Option<u64> {
        self.issued
    }

    /// Returns the heap memory of the claims, in bytes.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.heap_bytes
    }

    /// Returns a registered claim that is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.all.get(name)?.as_str()
    }

    /// Whether `aud` contains one of these.
    #[must_use]
    pub fn has_audience(&self, audiences: &[String]) -> bool {
        let listed = |audience: &str| audiences.iter().any(|a| a == audience);
        match self.all.get("aud") {
            Some(Json::Text(audience)) => listed(audience),
            Some(Json::List(list)) => list.iter().filter_map(Json::as_str).any(listed),
            _ => false,
        }
    }

    /// Whether a claim grants a scope. The claim is a space-separated string (RFC 8693, section
    /// 4.2) or a list. The default claims are `scope` and `scp`.
    #[must_use]
    pub fn has_scope(&self, scope: &str, claim: Option<&ClaimPath>) -> bool {
        let grants = |claim: Option<&Json>| match claim {
            Some(Json::Text(text)) => text.split(' ').any(|s| s == scope),
            Some(Json::List(list)) => list.iter().any(|s| s.as_str() == Some(scope)),
            _ => false,
        };
        match claim {
            Some(path) => grants(self.get(path)),
            None => ["scope", "scp"]
                .iter()
                .any(|name| grants(self.all.get(name))),
        }
    }

    /// Returns a claim.
    #[must_use]
    pub fn get(&self, path: &ClaimPath) -> Option<&Json> {
        let (first, rest) = path.0.split_first()?;
        let claim = self.all.get(first)?;
        rest.iter().try_fold(claim, |value, name| value.get(name))
    }

    /// Returns the text of a claim, or the texts of its elements if it is a list. Numbers and
    /// booleans are formatted as in JSON.
    pub fn texts<'c>(&'c self, path: &ClaimPath) -> impl Iterator<Item = Cow<'c, str>> {
        let values = match self.get(path) {
            Some(Json::List(list)) => list.as_slice(),
            Some(value) => std::slice::from_ref(value),
            None => &[],
        };
        values.iter().filter_map(Json::scalar)
    }

    /// Returns a claim as the value of a header. `None` if the claim is missing, null, not a valid
    /// header value, or too long, or if it or an element begins or ends with white space.
    #[must_use]
    pub fn header_value(&self, path: &ClaimPath, encoding: Encoding) -> Option<Vec<u8>> {
        let value = match self.get(path)? {
            Json::Null => return None,
            value if encoding == Encoding::Json => value.to_ascii(),
            value if encoding == Encoding::Base64url => match value.scalar() {
                Some(text) => base64url::encode(text.as_bytes()),
                None => base64url::encode(value.to_string()),
            },
            value @ Json::List(list) => {
                match list.iter().map(Json::scalar).collect::<Option<Vec<_>>>() {
                    Some(elements) if elements.iter().any(|e| e.contains(',') || !is_whole(e)) => {
                        return None;
                    }
                    Some(elements) => elements.join(","),
                    None => base64url::encode(value.to_string()),
                }
            }
            value @ Json::Object(_) => base64url::encode(value.to_string()),
            other => other.scalar()?.into_owned(),
        };
        let sound = is_whole(&value)
            && value.len() <= MAX_HEADER_BYTES
            && is_header_value(value.as_bytes());
        sound.then(|| value.into_bytes())
    }
}

/// Whether a text stays the same when white space is trimmed: in transit (RFC 9110, section 5.5),
/// or by a server according to the rules of its language.
fn is_whole(text: &str) -> bool {
    match text.as_bytes() {
        [] => true,
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => true,
        _ => !text.starts_with(is_trimmed) && !text.ends_with(is_trimmed),
    }
}

/// Whether the `trim` function of some language removes this character: Unicode white space,
/// control characters (Java), and characters that are white space in JavaScript or were in older
/// versions of Unicode.
fn is_trimmed(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{180e}' | '\u{200b}' | '\u{feff}')
}

/// Parses a `NumericDate` (RFC 7519, section 2): seconds since the Unix epoch, possibly with a
/// fraction, never negative.
fn date(claim: &Json) -> Result<u64, Reason> {
    match claim {
        Json::Number(Number::Unsigned(seconds)) => Ok(*seconds),
        Json::Number(Number::Other(text)) => match text.parse::<f64>() {
            Ok(seconds) if seconds >= 0.0 => {
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "not negative; the fraction is to go, and what is too large saturates"
                )]
                let whole = seconds as u64;
                Ok(whole)
            }
            _ => Err(Reason::Malformed),
        },
        _ => Err(Reason::Malformed),
    }
}

#[cfg(test)]
mod tests;
