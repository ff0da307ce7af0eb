//! Replaces the matches of a pattern in a header or in the path, with limited work.
//!
//! Matches are found one after another. If the search for a match reads beyond its end, the next
//! search reads the same bytes again. A client that fills a header with short matches could thereby
//! cause quadratic work. So the bytes that may be read again are counted, assuming the worst case
//! for the pattern. No clock is read, so the same value always gives the same result. For a pattern
//! with many active states, such as `[a-z]{1,500}X`, each byte counts several times, and the first
//! reading counts too.

use crate::reason::Skipped;
use filter_kit::template::{Template, Values};
use filter_kit::values::Pattern;

/// How many bytes may be read again: as many as 17 readings of the longest header that Envoy
/// accepts by default. With a small pattern this takes at most 60 ms (Envoy 1.40, one of 2 cores).
/// The readings of a rewritten path count too.
const MAX_REREAD_BYTES: usize = 1024 * 1024;

/// How many bytes may still be read again.
#[derive(Debug)]
pub struct Budget(usize);

/// Replacing would read too many bytes again. What was to be replaced must not pass through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooCostly;

impl Default for Budget {
    fn default() -> Self {
        Self(MAX_REREAD_BYTES)
    }
}

impl Budget {
    /// Deducts bytes that are read again.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), TooCostly> {
        self.0 = self.0.checked_sub(bytes).ok_or(TooCostly)?;
        Ok(())
    }
}

/// What to replace, and with what.
#[derive(Debug, Clone)]
pub struct Replacement {
    pattern: Pattern,
    /// How far a search may read beyond its match; unlimited if unknown.
    reach: usize,
    with: Template,
}

impl Replacement {
    /// Creates a replacement of every match of `pattern` with `with`.
    #[must_use]
    pub fn new(pattern: Pattern, with: Template) -> Self {
        Self {
            reach: pattern.reach().unwrap_or(usize::MAX),
            pattern,
            with,
        }
    }

    /// Returns what replaces a match.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.with
    }

    /// Whether there is anything to replace.
    pub(super) fn finds(&self, text: &[u8], budget: &mut Budget) -> Result<bool, TooCostly> {
        self.pay_for_search(text, budget)?;
        Ok(self.pattern.is_match(text))
    }

    /// One search with a small pattern is free.
    fn pay_for_search(&self, text: &[u8], budget: &mut Budget) -> Result<(), TooCostly> {
        match self.pattern.work(text.len()) {
            work if work > text.len() => budget.spend(work),
            _ => Ok(()),
        }
    }

    /// Returns `text` with every match replaced. The result must not be longer than `max` bytes.
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
            // Everything except the groups is the same for every match, and a client chooses the
            // number of matches.
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
