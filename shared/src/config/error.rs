//! Configuration errors.

use crate::values::HeaderNameError;
use std::fmt;

/// An error at one position of a configuration.
// Boxed because every configuration function contains the code that passes an error on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    path: String,
    reason: String,
    /// Replaces `reason` if the value may be a secret; `None` means "is not valid".
    hidden: Option<String>,
    /// The length of an unknown key at the end of the path. Such a key may be a secret that was
    /// written in the wrong place.
    unknown: usize,
}

impl Invalid {
    /// Creates an error at the position that is being built. `reason` gives the value, the rule and
    /// what is accepted.
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

    /// Creates an error with a second reason, which is shown instead if the value may be a secret.
    pub(super) fn or_hidden(reason: String, hidden: String) -> Self {
        Self::of(reason, Some(hidden))
    }

    /// Creates an error at an unknown key.
    pub(super) fn unknown_key(key: &str, reason: String, hidden: String) -> Self {
        let mut invalid = Self::of(reason, Some(hidden));
        invalid.0.unknown = key.len();
        key.clone_into(&mut invalid.0.path);
        invalid
    }

    /// Removes everything that the user wrote. For errors below a key that may hold a secret.
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

    /// Prepends `step` to the path: a key (`rules`), an index (`[2]`) or a longer path
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

    /// Prepends `key[index]` to the path.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn at_index(self, key: &str, index: usize) -> Self {
        self.below(format!("{key}[{index}]"))
    }

    /// Returns the path, such as `rules[2].require.provider.name`. It is empty for the whole
    /// configuration.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Returns what is wrong there.
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

/// Why a configuration was rejected, in one line:
/// `header-rewrite: rules[0].requst: unknown key; one of: …`.
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
        // Always one log line, whatever the configuration contains.
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
