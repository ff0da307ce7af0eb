//! What a token says (RFC 7519, section 4). The registered claims have their types checked when a [`Claims`] is made.

use crate::base64url;
use crate::reason::Reason;
use filter_kit::values::is_header_value;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The longest value that a claim may give a header, in bytes.
const MAX_HEADER_BYTES: usize = 8 * 1024;

/// The claims of a token.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    all: Map<String, Value>,
    expires: Option<u64>,
    not_before: Option<u64>,
    issued: Option<u64>,
}

/// Where a claim is: its name, or the names on the way to it through objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath(pub Vec<String>);

impl Claims {
    /// Checks the types of the registered claims.
    ///
    /// # Errors
    /// [`Reason::Malformed`] where one is of another type.
    pub fn new(all: Map<String, Value>) -> Result<Self, Reason> {
        for name in ["iss", "sub", "jti"] {
            if all.get(name).is_some_and(|claim| !claim.is_string()) {
                return Err(Reason::Malformed);
            }
        }
        match all.get("aud") {
            None | Some(Value::String(_)) => {}
            Some(Value::Array(list)) if list.iter().all(Value::is_string) => {}
            Some(_) => return Err(Reason::Malformed),
        }
        Ok(Self {
            expires: date(&all, "exp")?,
            not_before: date(&all, "nbf")?,
            issued: date(&all, "iat")?,
            all,
        })
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

    /// About how many bytes they take in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        map_bytes(&self.all)
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
            Some(Value::String(audience)) => listed(audience),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).any(listed),
            _ => false,
        }
    }

    /// Whether a scope is granted: by `scope`, separated by spaces (RFC 8693, section 4.2), or `scp`, a string or a list.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        ["scope", "scp"]
            .iter()
            .any(|name| match self.all.get(*name) {
                Some(Value::String(text)) => text.split(' ').any(|s| s == scope),
                Some(Value::Array(list)) => list.iter().any(|s| s == scope),
                _ => false,
            })
    }

    /// A claim.
    #[must_use]
    pub fn get(&self, path: &ClaimPath) -> Option<&Value> {
        let (first, rest) = path.0.split_first()?;
        let claim = self.all.get(first)?;
        rest.iter().try_fold(claim, |value, name| value.get(name))
    }

    /// The texts of a claim: its own, or those of its elements. Numbers and booleans as JSON writes them.
    pub fn texts<'c>(&'c self, path: &ClaimPath) -> impl Iterator<Item = Cow<'c, str>> {
        let values = match self.get(path) {
            Some(Value::Array(list)) => list.as_slice(),
            Some(value) => std::slice::from_ref(value),
            None => &[],
        };
        values.iter().filter_map(scalar)
    }

    /// A claim as the value of a header: scalars as they are, lists of scalars joined by commas, all else as base64url of compact JSON.
    /// `None` for what is missing or null, is no header value, has white space at an end, is too long, and for a list of which an element holds a comma: it would
    /// read as two.
    #[must_use]
    pub fn header_value(&self, path: &ClaimPath) -> Option<Vec<u8>> {
        let value = match self.get(path)? {
            Value::Null => return None,
            Value::Array(list) => match list.iter().map(scalar).collect::<Option<Vec<_>>>() {
                Some(elements) if elements.iter().any(|e| e.contains(',')) => return None,
                Some(elements) => elements.join(","),
                None => base64url::encode(serde_json::to_vec(list).ok()?),
            },
            Value::Object(object) => base64url::encode(serde_json::to_vec(object).ok()?),
            other => scalar(other)?.into_owned(),
        };
        // White space at an end would be lost on the way (RFC 9110, section 5.5): another value.
        let is_whole = value.trim_ascii().len() == value.len();
        let sound =
            is_whole && value.len() <= MAX_HEADER_BYTES && is_header_value(value.as_bytes());
        sound.then(|| value.into_bytes())
    }
}

fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What a value takes on the heap and in its place: a member of an object lies in a tree with its name.
fn value_bytes(value: &Value) -> usize {
    let own = size_of::<Value>();
    own.saturating_add(match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().map(value_bytes).sum(),
        Value::Object(map) => map_bytes(map),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    })
}

fn map_bytes(map: &Map<String, Value>) -> usize {
    // A node of the tree has room for eleven members, and is half full at least.
    const MEMBER: usize = 2 * size_of::<String>();
    map.iter()
        .map(|(name, value)| {
            value_bytes(value)
                .saturating_mul(2)
                .saturating_add(name.len())
                .saturating_add(MEMBER)
        })
        .sum()
}

/// A `NumericDate` (RFC 7519, section 2): seconds since the epoch, perhaps with a fraction, never negative.
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<u64>, Reason> {
    let Some(claim) = claims.get(name) else {
        return Ok(None);
    };
    if let Some(seconds) = claim.as_u64() {
        return Ok(Some(seconds));
    }
    match claim.as_f64() {
        Some(seconds) if seconds >= 0.0 => {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "not negative; the fraction is to go, and what is too large saturates"
            )]
            let whole = seconds as u64;
            Ok(Some(whole))
        }
        _ => Err(Reason::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(json: &str) -> Result<Claims, Reason> {
        Claims::new(crate::json::object(json.as_bytes()).unwrap())
    }

    fn path(names: &[&str]) -> ClaimPath {
        ClaimPath(names.iter().map(|n| (*n).to_owned()).collect())
    }

    #[test]
    fn a_registered_claim_of_another_type_is_malformed() {
        for (json, good) in [
            (
                r#"{"iss": "a", "sub": "b", "jti": "c", "aud": "d", "exp": 1, "nbf": 1.5, "iat": 0}"#,
                true,
            ),
            (r#"{"aud": ["a", "b"]}"#, true),
            (r#"{"aud": []}"#, true),
            (r#"{"exp": 1e300}"#, true),
            (r#"{"iss": 7}"#, false),
            (r#"{"iss": {}}"#, false),
            (r#"{"iss": ["evil", "good"]}"#, false),
            (r#"{"iss": null}"#, false),
            (r#"{"sub": 7}"#, false),
            (r#"{"jti": 7}"#, false),
            (r#"{"aud": {}}"#, false),
            (r#"{"aud": 1}"#, false),
            (r#"{"aud": [1, "api"]}"#, false),
            (r#"{"aud": null}"#, false),
            (r#"{"exp": "1"}"#, false),
            (r#"{"exp": -1}"#, false),
            (r#"{"exp": null}"#, false),
            (r#"{"nbf": true}"#, false),
            (r#"{"iat": []}"#, false),
        ] {
            assert_eq!(claims(json).is_ok(), good, "{json}");
        }
        assert_eq!(claims(r#"{"exp": 1.9}"#).unwrap().expires(), Some(1));
        assert_eq!(
            claims(r#"{"exp": 1e300}"#).unwrap().expires(),
            Some(u64::MAX)
        );
    }

    #[test]
    fn scopes_are_words_of_scope_or_scp() {
        let granted = |json: &str| claims(json).unwrap().has_scope("admin");
        assert!(granted(r#"{"scope": "read admin"}"#));
        assert!(granted(r#"{"scp": "admin"}"#));
        assert!(granted(r#"{"scp": ["read", "admin"]}"#));
        assert!(!granted(r#"{"scope": "administrator admin:x"}"#));
        assert!(!granted(r#"{"scope": {"admin": true}}"#));
        assert!(!granted("{}"));
    }

    #[test]
    fn a_claim_becomes_a_header_or_is_left_out() {
        let claims = claims(
            r#"{"s": "a,b", "n": 42, "f": 1.5, "t": true, "z": null, "list": ["a", 1, false], "comma": ["a,b"], "none": [],
                "mixed": ["a", {"b": 1}], "org": {"id": 7, "a.b": {"c": "deep"}}, "crlf": "a\r\nb", "nul": ["a\u0000"], "utf8": "é"}"#,
        )
        .unwrap();
        for (names, value) in [
            (&["s"][..], Some("a,b".to_owned())),
            (&["n"], Some("42".to_owned())),
            (&["f"], Some("1.5".to_owned())),
            (&["t"], Some("true".to_owned())),
            (&["z"], None),
            (&["list"], Some("a,1,false".to_owned())),
            (&["comma"], None),
            (&["none"], Some(String::new())),
            (&["mixed"], Some(base64url::encode(r#"["a",{"b":1}]"#))),
            (&["org", "a.b"], Some(base64url::encode(r#"{"c":"deep"}"#))),
            (&["org", "a.b", "c"], Some("deep".to_owned())),
            (&["org", "a"], None),
            (&["s", "x"], None),
            (&["crlf"], None),
            (&["nul"], None),
            (&["utf8"], Some("é".to_owned())),
            (&[], None),
        ] {
            let got = claims.header_value(&path(names));
            assert_eq!(got, value.map(String::into_bytes), "{names:?}");
        }
        let long = format!(r#"{{"a": "{}"}}"#, "x".repeat(MAX_HEADER_BYTES + 1));
        assert_eq!(
            self::claims(&long).unwrap().header_value(&path(&["a"])),
            None
        );
    }
}
