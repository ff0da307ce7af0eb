//! Errors of a configuration.

use crate::values::HeaderNameError;
use std::fmt;

/// What is wrong with one place of a configuration.
// In a box: the code that hands an error on stands in every function of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    path: String,
    reason: String,
    /// What may be said of it where the value may be a secret; `None`: that it is not valid.
    hidden: Option<String>,
    /// The length of a key that is not known, at the end of the path; it may be a secret that is
    /// written in the wrong place.
    unknown: usize,
}

impl Invalid {
    /// An error at the place that is being built. `reason` gives the value, the rule and what is
    /// accepted.
    pub fn new(reason: impl Into<String>) -> Self {
        Self::of(reason.into(), None)
    }

    #[cold]
    #[inline(never)]
    fn of(reason: String, hidden: Option<String>) -> Self {
        Self(Box::new(Inner {
            path: String::new(),
            reason,
            hidden,
            unknown: 0,
        }))
    }

    /// An error, and what to say of it where the value may be a secret.
    pub(super) fn or_hidden(reason: String, hidden: String) -> Self {
        Self::of(reason, Some(hidden))
    }

    /// An error at a key that is not known.
    pub(super) fn unknown_key(key: &str, reason: String, hidden: String) -> Self {
        let mut invalid = Self::of(reason, Some(hidden));
        invalid.0.unknown = key.len();
        key.clone_into(&mut invalid.0.path);
        invalid
    }

    /// Without what was written: below a key that may hold a secret.
    #[cold]
    #[inline(never)]
    pub(super) fn hide(mut self) -> Self {
        let inner = &mut *self.0;
        let known = inner.path.len().saturating_sub(inner.unknown);
        inner.path.truncate(known);
        if inner.path.ends_with('.') {
            inner.path.pop();
        }
        inner.unknown = 0;
        inner.reason = inner
            .hidden
            .take()
            .unwrap_or_else(|| "is not valid".to_owned());
        self
    }

    /// Puts `step` before the path: a key (`rules`), an index (`[2]`) or a longer path
    /// (`rules[2].match`).
    #[must_use]
    pub fn at(self, step: impl fmt::Display) -> Self {
        self.below(step.to_string())
    }

    #[cold]
    #[inline(never)]
    fn below(mut self, step: String) -> Self {
        let joint = match self.0.path.as_bytes().first() {
            None | Some(b'[') => "",
            Some(_) => ".",
        };
        self.0.path = [&step, joint, &self.0.path].concat();
        self
    }

    /// Puts `key[index]` before the path.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn at_index(self, key: &str, index: usize) -> Self {
        self.below(format!("{key}[{index}]"))
    }

    /// The place, as `rules[2].require.provider.name`; empty for the whole configuration.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// What is wrong there.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }
}

impl From<String> for Invalid {
    fn from(reason: String) -> Self {
        Self::new(reason)
    }
}

impl From<&str> for Invalid {
    fn from(reason: &str) -> Self {
        Self::new(reason)
    }
}

impl From<HeaderNameError> for Invalid {
    fn from(error: HeaderNameError) -> Self {
        Self::new(error.to_string())
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path().is_empty() {
            f.write_str(self.reason())
        } else {
            write!(f, "{}: {}", self.path(), self.reason())
        }
    }
}

impl std::error::Error for Invalid {}

/// Why a configuration is refused, in one line: `header-rewrite: rules[0].requst: unknown key; one
/// of: …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    filter: &'static str,
    invalid: Invalid,
}

impl ConfigError {
    pub(super) fn new(filter: &'static str, invalid: Invalid) -> Self {
        Self { filter, invalid }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One log line, whatever the configuration holds.
        let line = self.invalid.to_string();
        write!(f, "{}: ", self.filter)?;
        for c in line.chars() {
            if c.is_control() {
                write!(f, "{}", c.escape_default())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
