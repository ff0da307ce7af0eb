//! Replacing what a pattern finds, in a header or in the path, with bounded work.
//!
//! Matches are found one after another. Where the search for a match reads beyond its end, the next
//! search reads the same bytes again, and a client who fills a header with short matches makes that
//! the square of its length. So the bytes that may be read again are counted, in the worst case
//! that the pattern allows: no clock is asked, and the same value always ends the same way. A byte
//! counts more often for a pattern that follows many ways at once, as `[a-z]{1,500}X`; for such a
//! pattern the first reading counts too.

use crate::reason::Skipped;
use filter_kit::template::{Template, Values};
use filter_kit::values::Pattern;

/// How many bytes may be read again: as many as 17 readings of the longest header that Envoy takes
/// by default. With a small pattern that is some 60 ms (Envoy 1.40, one of 2 cores). The readings
/// of a rewritten path count too.
const MAX_REREAD_BYTES: usize = 1024 * 1024;

/// What is left of the bytes that may be read again.
#[derive(Debug)]
pub struct Budget(usize);

/// Replacing would have read too much again. What it was to replace must not pass as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooCostly;

impl Default for Budget {
    fn default() -> Self {
        Self(MAX_REREAD_BYTES)
    }
}

impl Budget {
    /// Takes bytes that are read again from what is left.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), TooCostly> {
        self.0 = self.0.checked_sub(bytes).ok_or(TooCostly)?;
        Ok(())
    }
}

/// What to replace, and with what.
#[derive(Debug, Clone)]
pub struct Replacement {
    pattern: Pattern,
    /// How far a search may read beyond its match; without bound where it is not known.
    reach: usize,
    with: Template,
}

impl Replacement {
    /// Every occurrence of `pattern` gives way to `with`.
    #[must_use]
    pub fn new(pattern: Pattern, with: Template) -> Self {
        Self {
            reach: pattern.reach().unwrap_or(usize::MAX),
            pattern,
            with,
        }
    }

    /// What takes the place of an occurrence.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.with
    }

    /// Whether there is anything to replace.
    pub(super) fn finds(&self, text: &[u8], budget: &mut Budget) -> Result<bool, TooCostly> {
        self.pay_for_search(text, budget)?;
        Ok(self.pattern.is_match(text))
    }

    /// A small pattern reads a text once for nothing.
    fn pay_for_search(&self, text: &[u8], budget: &mut Budget) -> Result<(), TooCostly> {
        match self.pattern.work(text.len()) {
            work if work > text.len() => budget.spend(work),
            _ => Ok(()),
        }
    }

    /// `text` with every occurrence replaced. The whole may not grow beyond `max` bytes.
    pub(super) fn apply(
        &self,
        text: &[u8],
        values: &Values<'_>,
        max: usize,
        budget: &mut Budget,
    ) -> Result<Vec<u8>, Skipped> {
        self.pay_for_search(text, budget)?;
        let mut replaced = Vec::with_capacity(text.len());
        let mut copied = 0;
        let mut template: Option<Template> = None;
        for captures in self.pattern.captures_iter(text) {
            let Some(found) = captures.get(0) else {
                continue;
            };
            let read_again = text.len().saturating_sub(found.end()).min(self.reach);
            budget.spend(self.pattern.work(read_again))?;
            replaced.extend_from_slice(text.get(copied..found.start()).unwrap_or_default());
            // All but the groups is the same for every occurrence, and a client chooses how many
            // there are.
            let with = match &template {
                Some(template) => template,
                None => template.insert(self.with.with_groups_only(values)?),
            };
            let groups = Values {
                captures: Some(&captures),
                ..Values::default()
            };
            replaced.extend(with.expand(&groups)?);
            copied = found.end();
            if replaced.len() > max {
                return Err(Skipped::TooLong);
            }
        }
        replaced.extend_from_slice(text.get(copied..).unwrap_or_default());
        if replaced.len() > max.max(text.len()) {
            return Err(Skipped::TooLong);
        }
        Ok(replaced)
    }
}

#[cfg(test)]
mod tests;
