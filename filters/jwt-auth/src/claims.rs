//! What a token says (RFC 7519, section 4). The registered claims have their types checked when a
//! [`Claims`] is made.

use crate::base64url;
use crate::json::{self, Json, Number, Object};
use crate::reason::Reason;
use filter_kit::values::is_header_value;
use serde::Deserialize;
use std::borrow::Cow;

/// The longest value that a claim may give a header, in bytes.
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

/// Where a claim is: its name, or the names on the way to it through objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath(pub Vec<String>);

impl Claims {
    /// Reads the second part of a token, decoded, and checks the types of the registered claims.
    ///
    /// # Errors
    /// [`Reason::Malformed`] for what is no object, and where a claim is of another type.
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
            // All names are of three letters.
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

    /// `exp`, in seconds since the epoch; fractions are cut off.
    #[must_use]
    pub fn expires(&self) -> Option<u64> {
        self.expires
    }

    /// `nbf`, in seconds since the epoch.
    #[must_use]
    pub fn not_before(&self) -> Option<u64> {
        self.not_before
    }

    /// `iat`, in seconds since the epoch.
    #[must_use]
    pub fn issued(&self) -> Option<u64> {
        self.issued
    }

    /// The bytes of memory that they take, beside their own place.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.heap_bytes
    }

    /// A registered claim that is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.all.get(name)?.as_str()
    }

    /// Whether `aud` holds one of these.
    #[must_use]
    pub fn has_audience(&self, audiences: &[String]) -> bool {
        let listed = |audience: &str| audiences.iter().any(|a| a == audience);
        match self.all.get("aud") {
            Some(Json::Text(audience)) => listed(audience),
            Some(Json::List(list)) => list.iter().filter_map(Json::as_str).any(listed),
            _ => false,
        }
    }

    /// Whether a scope is granted by a claim: a string of words (RFC 8693, section 4.2), or a list.
    /// Without a claim by `scope` or `scp`.
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

    /// A claim.
    #[must_use]
    pub fn get(&self, path: &ClaimPath) -> Option<&Json> {
        let (first, rest) = path.0.split_first()?;
        let claim = self.all.get(first)?;
        rest.iter().try_fold(claim, |value, name| value.get(name))
    }

    /// The texts of a claim: its own, or those of its elements. Numbers and booleans as JSON writes
    /// them.
    pub fn texts<'c>(&'c self, path: &ClaimPath) -> impl Iterator<Item = Cow<'c, str>> {
        let values = match self.get(path) {
            Some(Json::List(list)) => list.as_slice(),
            Some(value) => std::slice::from_ref(value),
            None => &[],
        };
        values.iter().filter_map(Json::scalar)
    }

    /// A claim as the value of a header. `None` for what is missing or null, is no header value,
    /// has white space at an end, its own or an element's, or is too long.
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

/// Whether a text is still the same when white space at its ends is lost: on the way (RFC 9110,
/// section 5.5), or at a server, which takes for it what its language does.
fn is_whole(text: &str) -> bool {
    match text.as_bytes() {
        [] => true,
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => true,
        _ => !text.starts_with(is_trimmed) && !text.ends_with(is_trimmed),
    }
}

/// Whether a character at an end is dropped by the `trim` of some language: white space in Unicode,
/// control characters (Java), and those that were white space in older versions of Unicode or are in
/// JavaScript.
fn is_trimmed(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{180e}' | '\u{200b}' | '\u{feff}')
}

/// A `NumericDate` (RFC 7519, section 2): seconds since the epoch, perhaps with a fraction, never
/// negative.
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
