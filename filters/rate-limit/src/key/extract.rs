//! Extracts a key from a value with a regular expression.

use filter_kit::request::{Request, TooManyReadings};
use filter_kit::values::{Anchoring, Pattern};

/// Maximum length of a value that is searched for a key, in bytes. A longer value does not match.
pub(super) const MAX_SEARCHED_BYTES: usize = 8 * 1024;

/// A regular expression that must match a whole value. Its first group is the key; without groups,
/// the whole value is.
#[derive(Debug, Clone)]
pub struct Extract {
    text: String,
    pattern: Pattern,
}

impl Extract {
    /// Compiles the expression.
    ///
    /// # Errors
    /// As [`Pattern::new`].
    pub fn new(text: String) -> Result<Self, String> {
        let pattern = Pattern::new(&text, Anchoring::Whole)?;
        Ok(Self { text, pattern })
    }

    /// Whether it may match a value that begins with this byte.
    #[must_use]
    pub fn may_begin_with(&self, byte: u8) -> bool {
        self.pattern.may_begin_with(byte)
    }

    /// Returns the expression as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Deducts the work of searching a value from the request's budget.
    ///
    /// # Errors
    /// [`TooManyReadings`] if the budget is exceeded.
    pub(super) fn pay(&self, request: &Request, value: &[u8]) -> Result<(), TooManyReadings> {
        if value.len() > MAX_SEARCHED_BYTES {
            return Ok(());
        }
        request.pay_for(&self.pattern, value)
    }

    /// Returns the key in a value; empty if the value does not match.
    #[must_use]
    pub fn of<'v>(&self, value: &'v [u8]) -> &'v [u8] {
        if value.len() > MAX_SEARCHED_BYTES {
            return b"";
        }
        let captures = self.pattern.captures(value);
        let group = usize::from(self.pattern.groups() > 0);
        captures
            .and_then(|captures| captures.get(group))
            .map_or(b"", |found| found.as_bytes())
    }
}

/// Compares the text.
impl PartialEq for Extract {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Extract {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_group_is_the_key_where_the_whole_value_matches() {
        let long = format!("ApiKey {}", "k".repeat(MAX_SEARCHED_BYTES));
        for (regex, value, key) in [
            ("ApiKey (.+)", "ApiKey k1", "k1"),
            ("(?i:apikey) +(.+)", "APIKEY   k1", "k1"),
            ("ApiKey (.+)", "Bearer k1", ""),
            ("ApiKey (.+)", "xApiKey k1", ""),
            ("ApiKey (.*)", "ApiKey ", ""),
            ("a(b)?", "a", ""),
            ("a|b", "a", "a"),
            ("(a)(b)", "ab", "a"),
            ("ApiKey (.+)", &long, ""),
        ] {
            let extract = Extract::new(regex.to_owned()).unwrap();
            assert_eq!(
                extract.of(value.as_bytes()),
                key.as_bytes(),
                "{regex} {value}"
            );
        }
        assert!(Extract::new("(".to_owned()).is_err());
    }
}
