//! Conditions on the values of a header or a query parameter.

use crate::config::{At, Invalid};
use crate::request::{Request, TooManyReadings};
use crate::values::{Anchoring, Pattern};

/// A condition as written: one of the matchers.
#[derive(Debug, Clone, Default)]
pub struct RawTextMatch {
    /// The value is exactly this.
    pub exact: Option<String>,
    /// The value begins with this.
    pub prefix: Option<String>,
    /// The value ends with this.
    pub suffix: Option<String>,
    /// The value contains this.
    pub contains: Option<String>,
    /// The whole value matches this regular expression.
    pub regex: Option<String>,
    /// `true`: a value is present; `false`: it is missing.
    pub present: Option<bool>,
    /// Compare ASCII letters without regard to case.
    pub ignore_case: bool,
}

/// A condition on byte values.
#[derive(Debug, Clone)]
pub struct TextMatch {
    kind: Kind,
    ignore_case: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    Exact(Vec<u8>),
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    Contains(Vec<u8>),
    Regex(Pattern),
    Present(bool),
}

impl RawTextMatch {
    /// Checks the condition.
    ///
    /// # Errors
    /// [`Invalid`] for none or several matchers, an empty prefix, suffix or substring, and an
    /// invalid regular expression.
    pub fn build(self) -> Result<TextMatch, Invalid> {
        let ignore_case = self.ignore_case;
        let text = |text: String| {
            if ignore_case {
                text.to_ascii_lowercase()
            } else {
                text
            }
            .into_bytes()
        };
        let part = |key: &'static str, value: String| {
            if value.is_empty() {
                return Err(Invalid::new("must not be empty; use present: true").at(key));
            }
            Ok(text(value))
        };
        let mut kinds = Vec::new();
        kinds.extend(self.exact.map(|v| Ok(Kind::Exact(text(v)))));
        kinds.extend(self.prefix.map(|v| part("prefix", v).map(Kind::Prefix)));
        kinds.extend(self.suffix.map(|v| part("suffix", v).map(Kind::Suffix)));
        kinds.extend(
            self.contains
                .map(|v| part("contains", v).map(Kind::Contains)),
        );
        kinds.extend(self.regex.map(|v| {
            let flags = if ignore_case { "(?i)" } else { "" };
            Pattern::new(&format!("{flags}{v}"), Anchoring::Whole)
                .map(Kind::Regex)
                .at("regex")
        }));
        kinds.extend(self.present.map(|v| Ok(Kind::Present(v))));
        let (Some(kind), None) = (kinds.pop(), kinds.pop()) else {
            return Err(Invalid::new(
                "write exactly one of: exact, prefix, suffix, contains, regex, present",
            ));
        };
        Ok(TextMatch {
            kind: kind?,
            ignore_case,
        })
    }
}

impl TextMatch {
    /// Returns the value of `present`; `None` for the other matchers.
    #[must_use]
    pub fn presence(&self) -> Option<bool> {
        match self.kind {
            Kind::Present(present) => Some(present),
            _ => None,
        }
    }

    /// Whether one of the values matches. The values belong to this request; see
    /// [`Request::pay_for`].
    ///
    /// # Errors
    /// [`TooManyReadings`] if matching takes too much work.
    pub(super) fn fits_in<V: AsRef<[u8]>>(
        &self,
        request: &Request,
        values: impl IntoIterator<Item = V>,
    ) -> Result<bool, TooManyReadings> {
        let Kind::Regex(pattern) = &self.kind else {
            return Ok(self.fits(values));
        };
        for value in values {
            request.pay_for(pattern, value.as_ref())?;
            if pattern.is_match(value.as_ref()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether one of the values matches; for `present: false`, whether the list is empty.
    pub fn fits<V: AsRef<[u8]>>(&self, values: impl IntoIterator<Item = V>) -> bool {
        let mut values = values.into_iter();
        match &self.kind {
            Kind::Present(present) => values.next().is_some() == *present,
            Kind::Regex(pattern) => values.any(|v| pattern.is_match(v.as_ref())),
            kind => values.any(|v| {
                if self.ignore_case {
                    kind.fits(&v.as_ref().to_ascii_lowercase())
                } else {
                    kind.fits(v.as_ref())
                }
            }),
        }
    }
}

impl Kind {
    fn fits(&self, value: &[u8]) -> bool {
        match self {
            Self::Exact(text) => value == text.as_slice(),
            Self::Prefix(text) => value.starts_with(text),
            Self::Suffix(text) => value.ends_with(text),
            Self::Contains(text) => value
                .windows(text.len())
                .any(|window| window == text.as_slice()),
            Self::Regex(pattern) => pattern.is_match(value),
            Self::Present(present) => *present,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(matcher: &str, text: &str) -> RawTextMatch {
        let text = Some(text.to_owned());
        let mut raw = RawTextMatch::default();
        match matcher {
            "exact" => raw.exact = text,
            "prefix" => raw.prefix = text,
            "suffix" => raw.suffix = text,
            "contains" => raw.contains = text,
            _ => raw.regex = text,
        }
        raw
    }

    #[test]
    fn one_value_that_fits_is_enough() {
        for (matcher, text, values, fits) in [
            ("exact", "gold", &["gold"][..], true),
            ("exact", "gold", &["x", "gold"], true),
            ("exact", "gold", &["Gold"], false),
            ("exact", "gold", &[], false),
            ("exact", "", &[""], true),
            ("prefix", "go", &["gold"], true),
            ("suffix", "ld", &["gold"], true),
            ("contains", "ol", &["gold"], true),
            ("contains", "ol", &["o"], false),
            ("regex", "g.*d", &["gold"], true),
            ("regex", "o", &["gold"], false),
        ] {
            let built = raw(matcher, text).build().unwrap();
            assert_eq!(built.fits(values), fits, "{matcher} {text} {values:?}");
        }
    }

    #[test]
    fn case_is_ignored_where_asked() {
        for matcher in ["exact", "prefix", "suffix", "contains", "regex"] {
            let built = RawTextMatch {
                ignore_case: true,
                ..raw(matcher, "gOLD")
            }
            .build()
            .unwrap();
            assert!(built.fits(["Gold"]), "{matcher}");
        }
    }

    #[test]
    fn presence_and_absence() {
        let present = |p| {
            RawTextMatch {
                present: Some(p),
                ..RawTextMatch::default()
            }
            .build()
            .unwrap()
        };
        assert!(present(true).fits([""]));
        assert!(!present(true).fits(Vec::<&str>::new()));
        assert!(present(false).fits(Vec::<&str>::new()));
        assert!(!present(false).fits(["x"]));
        assert_eq!(present(true).presence(), Some(true));
        assert_eq!(present(false).presence(), Some(false));
    }

    #[test]
    fn a_condition_has_exactly_one_matcher() {
        let both = RawTextMatch {
            present: Some(true),
            ..raw("exact", "a")
        };
        for raw in [RawTextMatch::default(), both] {
            assert!(
                raw.build()
                    .unwrap_err()
                    .to_string()
                    .starts_with("write exactly one of")
            );
        }
        assert_eq!(
            raw("prefix", "").build().unwrap_err().to_string(),
            "prefix: must not be empty; use present: true"
        );
    }
}
