//! Regular expressions on bytes, linear in time and bounded in memory.

mod beginning;
mod reach;
mod whole;
mod width;

use regex::bytes::{Captures, Regex, RegexBuilder};
use whole::Whole;

/// Maximum length of a pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 1024;

/// Maximum size of a compiled pattern, in bytes.
const COMPILED_MAX_BYTES: usize = 256 * 1024;

/// Maximum size of the DFA that texts make a pattern build, in bytes; a pattern that has to match a
/// part of a text has two. A text that needs more is searched without it, in more time.
const DFA_MAX_BYTES: usize = 32 * 1024;

/// What a pattern has to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchoring {
    /// The whole text, as for paths, origins and header names.
    Whole,
    /// Any part of the text, as for replacements.
    Part,
}

/// A compiled regular expression of the `regex` crate. It works on bytes: classes such as `\w` are
/// ASCII, and Unicode classes (`\p{…}`) are rejected, because their tables would be larger than a
/// filter.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// The cost of searching one byte; see [`Pattern::work`].
    steps: usize,
    /// The maximum length of a text that can match, in bytes. Longer texts are not searched.
    longest: usize,
}

/// Searching a text of at most this many bytes with a small pattern is free, however often it
/// happens.
pub(crate) const FREE_BYTES: usize = 1024;

/// Patterns with at most this many active states take about the same time per byte.
const FREE_WIDTH: usize = 16;

impl Pattern {
    /// Compiles `pattern`.
    ///
    /// # Errors
    /// One line for a pattern that is empty, too long, too large when compiled, or not a regular
    /// expression.
    pub fn new(pattern: &str, anchoring: Anchoring) -> Result<Self, String> {
        if pattern.is_empty() {
            return Err("an empty regular expression; write what it should match".to_owned());
        }
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(format!(
                "a regular expression of {} bytes; at most {MAX_PATTERN_BYTES} are accepted",
                pattern.len()
            ));
        }
        // Compiled on its own first: "a)|(b" must not become valid when it is wrapped.
        let regex = compile(pattern)?;
        let regex = match anchoring {
            Anchoring::Part => regex,
            Anchoring::Whole => compile(&format!(r"\A(?:{pattern})\z"))?,
        };
        let (width, longest) = match anchoring {
            Anchoring::Part => (width::width(pattern), None),
            Anchoring::Whole => {
                let whole = Whole::of(pattern);
                (whole.width, whole.longest)
            }
        };
        let steps = match width {
            0..=FREE_WIDTH => 1,
            width => width / 4,
        };
        Ok(Self {
            regex,
            steps,
            longest: longest.unwrap_or(usize::MAX),
        })
    }

    /// Whether the pattern matches.
    #[must_use]
    pub fn is_match(&self, text: &[u8]) -> bool {
        text.len() <= self.longest && self.regex.is_match(text)
    }

    /// Whether a text that begins with this byte may match a pattern that has to cover the whole
    /// text.
    #[must_use]
    pub fn may_begin_with(&self, byte: u8) -> bool {
        beginning::may_begin_with(self.regex.as_str(), byte)
    }

    /// Returns the capture groups of the first match.
    #[must_use]
    pub fn captures<'t>(&self, text: &'t [u8]) -> Option<Captures<'t>> {
        if text.len() > self.longest {
            return None;
        }
        self.regex.captures(text)
    }

    /// Iterates over the capture groups of all matches, in order.
    pub fn captures_iter<'t>(&self, text: &'t [u8]) -> impl Iterator<Item = Captures<'t>> {
        self.regex.captures_iter(text)
    }

    /// Returns the highest capture group number; 0 if there are no groups.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.regex.captures_len().saturating_sub(1)
    }

    /// Returns the work of one search in a text of this length, in bytes that a small pattern would
    /// read. A pattern that repeats a part many times has many active states: `[a-z]{1,500}X` takes
    /// 125 times as long as `[a-z]`.
    #[must_use]
    pub fn work(&self, text_bytes: usize) -> usize {
        if text_bytes > self.longest {
            return 0;
        }
        text_bytes.saturating_mul(self.steps)
    }

    /// Returns the work of a search as it counts towards the limit per request. Small searches do
    /// not count, so a configuration may have any number of rules that need them.
    pub(crate) fn counted_work(&self, text_bytes: usize) -> usize {
        let work = self.work(text_bytes);
        if work > FREE_BYTES { work } else { 0 }
    }

    /// Returns how many bytes beyond the end of a match a search may read; `None` if there is no
    /// limit. A search for all matches reads these bytes again for each match.
    #[must_use]
    pub fn reach(&self) -> Option<usize> {
        reach::reach(self.regex.as_str())
    }
}

fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(COMPILED_MAX_BYTES)
        .dfa_size_limit(DFA_MAX_BYTES)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(limit) => {
                format!("\"{pattern}\" takes more than {limit} bytes when compiled; simplify it")
            }
            other => format!(
                "\"{pattern}\" is not a regular expression: {}",
                last_line(&other)
            ),
        })
}

/// The regex crate prints an error on several lines. The last one says what is wrong.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_pattern_covers_the_whole_text_whatever_its_alternatives() {
        let pattern = Pattern::new("a|b", Anchoring::Whole).unwrap();
        for (text, matches) in [
            ("a", true),
            ("b", true),
            ("ab", false),
            ("xb", false),
            ("a\n", false),
        ] {
            assert_eq!(pattern.is_match(text.as_bytes()), matches, "{text:?}");
        }
    }

    #[test]
    fn the_work_of_a_byte_grows_with_the_states_that_may_be_active() {
        for (pattern, work) in [
            ("[a-z]+", 1),
            (".*a.*b", 1),
            (".*[ab]{1,14}X", 1),
            (".*[ab]{1,20}X", 5),
            (".*[a-z]{1,500}X", 125),
            ("[a-z]{1,500}X", 1),
        ] {
            let pattern = Pattern::new(pattern, Anchoring::Whole).unwrap();
            assert_eq!(pattern.work(1), work, "{pattern:?}");
        }
    }

    #[test]
    fn patterns_that_break_a_bound_are_refused_with_the_rule() {
        let long = "a".repeat(MAX_PATTERN_BYTES + 1);
        for (pattern, needle) in [
            ("", "empty"),
            (long.as_str(), "at most 1024"),
            ("(", "unclosed group"),
            ("a)|(b", "unopened group"),
            (r"\p{Greek}", "not a regular expression"),
            ("(a{1000}){1000}", "when compiled"),
        ] {
            let error = Pattern::new(pattern, Anchoring::Whole).unwrap_err();
            assert!(error.contains(needle), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
