//! How many ways through a pattern a search may have to follow at a time.
//!
//! `regex` takes time linear in the text, times the ways that are open at a byte: `[a-z]{1,500}X`
//! on letters has five hundred, one for each letter that a match may have begun with.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

/// The most ways that may be open at a byte; never too small. 1 of what is not a pattern.
pub(super) fn width(pattern: &str) -> usize {
    let mut parser = ParserBuilder::new();
    let parser = parser.unicode(false).utf8(false);
    parser
        .build()
        .parse(pattern)
        .map_or(1, |hir| of(&hir).max(1))
}

/// The most ways that may be open in an expression that may be entered anywhere.
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

/// How many beginnings of a word may end at one byte: those of `aab` after `aa` are two, of most
/// words it is one (Knuth, Morris and Pratt).
fn overlaps(word: &[u8]) -> usize {
    // For each beginning, the longest shorter one that it ends with, and how many there are in all.
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
