//! Limits the number of states that a search may have active at the same time.
//!
//! The time that `regex` takes is linear in the text, times the number of active states at a byte:
//! `[a-z]{1,500}X` on letters has five hundred, one for each letter at which a match may have
//! begun.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

/// Returns the maximum number of states that may be active at a byte. Never too small; 1 for an
/// invalid pattern.
pub(super) fn width(pattern: &str) -> usize {
    let mut parser = ParserBuilder::new();
    let parser = parser.unicode(false).utf8(false);
    parser
        .build()
        .parse(pattern)
        .map_or(1, |hir| of(&hir).max(1))
}

/// Returns the maximum number of active states of an expression that may be entered anywhere.
pub(super) fn of(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => overlaps(&literal.0),
        HirKind::Class(_) => 1,
        HirKind::Capture(capture) => of(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(of).fold(0, usize::saturating_add)
        }
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1);
            of(&repetition.sub).saturating_mul(usize::try_from(times).unwrap_or(usize::MAX))
        }
    }
}

/// Returns how many prefixes of a word may end at the same byte: two for `aab` (after `aa`), one
/// for most words (Knuth, Morris and Pratt).
fn overlaps(word: &[u8]) -> usize {
    // For each prefix, the longest shorter one that it ends with, and how many there are in total.
    let mut ends: Vec<(usize, usize)> = vec![(0, 0)];
    let mut most = 0;
    for (at, byte) in word.iter().enumerate() {
        let mut end = ends.get(at).map_or(0, |end| end.0);
        while end > 0 && word.get(end) != Some(byte) {
            end = ends.get(end).map_or(0, |end| end.0);
        }
        if at > 0 && word.get(end) == Some(byte) {
            end = end.saturating_add(1);
        }
        let count = ends.get(end).map_or(0, |end| end.1).saturating_add(1);
        ends.push((end, count));
        most = most.max(count);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_is_the_most_ways_that_are_open_at_a_byte() {
        for (pattern, expected) in [
            ("a", 1),
            ("session", 2),
            ("aaa", 3),
            ("abab", 2),
            ("session=[^;]+", 3),
            ("(token|key)=([^&]*)", 4),
            ("[a-z]{1,500}X", 501),
            ("[0-9a-f]{8}-[0-9a-f]{4}", 13),
            ("(?:a{1,30}){1,30}", 900),
            ("(?:ab){0,3}", 3),
            (".*", 1),
            ("x?", 1),
            ("a{5,}", 5),
            ("", 1),
            ("(", 1),
        ] {
            assert_eq!(width(pattern), expected, "{pattern}");
        }
    }
}
