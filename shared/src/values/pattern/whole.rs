//! Limits the number of states that a search may have active at the same time, for a pattern that
//! has to cover the whole text.
//!
//! Such a pattern is entered only at the beginning. So `[a-z]{1,500}X` has one active state, but
//! `.*[a-z]{1,500}X` has five hundred: the letters may begin anywhere in the text.

use super::width;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, HirKind};

/// Limits of a search that has to cover the whole text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whole {
    /// The maximum number of states that may be active at a byte. Never too small.
    pub(super) width: usize,
    /// The maximum length of a text that can match, in bytes; `None` if it is unlimited.
    pub(super) longest: Option<usize>,
}

impl Whole {
    pub(super) fn of(pattern: &str) -> Self {
        let mut parser = ParserBuilder::new();
        let parser = parser.unicode(false).utf8(false);
        match parser.build().parse(pattern) {
            Ok(hir) => Self {
                width: entered_once(&hir).open.max(1),
                longest: hir.properties().maximum_len(),
            },
            Err(_) => Self {
                width: 1,
                longest: None,
            },
        }
    }
}

/// A part of a pattern that is entered at one position of the text.
struct Part {
    /// The maximum number of active states in the part.
    open: usize,
    /// Where the part may be left.
    left: Left,
}

enum Left {
    /// At one position.
    Once,
    /// At several positions, while states in the part stay active. A byte outside of this set ends
    /// them.
    Often(ClassBytes),
}

fn entered_once(hir: &Hir) -> Part {
    let open = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(_) | HirKind::Class(_) => 1,
        HirKind::Capture(capture) => return entered_once(&capture.sub),
        HirKind::Concat(parts) => return in_order(parts),
        HirKind::Alternation(branches) => branches
            .iter()
            .map(|branch| entered_once(branch).open)
            .fold(0, usize::saturating_add),
        // One repetition after another: each is entered at one position, too.
        HirKind::Repetition(repetition) if has_one_length(&repetition.sub) => {
            entered_once(&repetition.sub).open
        }
        HirKind::Repetition(_) => width::of(hir),
    };
    let left = if has_one_length(hir) {
        Left::Once
    } else {
        Left::Often(bytes(hir))
    };
    Part { open, left }
}

/// Parts in sequence. A byte that none of the previous parts contains ends all states in them, so
/// what follows it is again entered at one position.
fn in_order(parts: &[Hir]) -> Part {
    let (mut most, mut open) = (0, 0_usize);
    let mut left = Left::Once;
    for part in parts {
        left = match left {
            Left::Often(before) if !begins_apart(part, &before) => {
                open = open.saturating_add(width::of(part));
                let mut all = before;
                all.union(&bytes(part));
                Left::Often(all)
            }
            _ => {
                let part = entered_once(part);
                open = part.open;
                part.left
            }
        };
        most = most.max(open);
    }
    Part { open: most, left }
}

/// Whether a part must begin with a byte outside of this set.
fn begins_apart(part: &Hir, bytes: &ClassBytes) -> bool {
    let mut first = match part.kind() {
        HirKind::Literal(literal) => class(literal.0.first()),
        HirKind::Class(_) => self::bytes(part),
        HirKind::Capture(capture) => return begins_apart(&capture.sub, bytes),
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            return begins_apart(&repetition.sub, bytes);
        }
        HirKind::Concat(parts) => {
            return parts.first().is_some_and(|part| begins_apart(part, bytes));
        }
        _ => return false,
    };
    first.intersect(bytes);
    first.ranges().is_empty()
}

fn has_one_length(hir: &Hir) -> bool {
    let properties = hir.properties();
    properties.maximum_len().is_some() && properties.minimum_len() == properties.maximum_len()
}

/// Returns all bytes that may occur in a match.
fn bytes(hir: &Hir) -> ClassBytes {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => ClassBytes::empty(),
        HirKind::Literal(literal) => class(&*literal.0),
        HirKind::Class(Class::Bytes(class)) => class.clone(),
        HirKind::Class(Class::Unicode(_)) => ClassBytes::new([ClassBytesRange::new(0, u8::MAX)]),
        HirKind::Capture(capture) => bytes(&capture.sub),
        HirKind::Repetition(repetition) => bytes(&repetition.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().fold(ClassBytes::empty(), |mut all, part| {
                all.union(&bytes(part));
                all
            })
        }
    }
}

fn class<'b>(bytes: impl IntoIterator<Item = &'b u8>) -> ClassBytes {
    ClassBytes::new(
        bytes
            .into_iter()
            .map(|byte| ClassBytesRange::new(*byte, *byte)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_is_entered_at_one_place_has_the_ways_of_its_widest_part() {
        for (pattern, width) in [
            ("a", 1),
            ("aaa", 1),
            ("[a-z]{1,500}X", 1),
            (".*[a-z]{1,500}X", 502),
            ("(?s:.)*[a-z]{1,500}", 501),
            ("[a-z]*[a-z]{1,500}X", 501),
            ("[a-z]+[0-9a-z]{20}", 21),
            ("[a-z]+-[0-9a-z]{20}", 1),
            ("[a-z]+[0-9]{20}", 1),
            ("[a-z]+[0-9]?[a-z]{20}", 22),
            ("[a-z]{1,30}[a-z]{1,30}[a-z]{1,30}/[a-z]{1,30}", 61),
            ("(?:.{0,100}){5}X", 501),
            ("(a|aa)+X", 3),
            ("/tenants/[a-z0-9-]{1,63}/.*", 1),
            ("/[^/]{1,63}/[^/]{1,63}(/.*)?", 3),
            ("/.*/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}", 20),
            ("ApiKey ([0-9a-f]{64})", 1),
            ("(?:ab){0,300}c", 1),
            ("(?:https?|ftp)://.*", 2),
            ("", 1),
            ("(", 1),
        ] {
            assert_eq!(Whole::of(pattern).width, width, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_without_open_end_has_a_longest_text() {
        for (pattern, longest) in [
            ("[a-z]{1,500}X", Some(501)),
            ("(?:.{0,100}){5}X", Some(501)),
            ("a|bcd", Some(3)),
            ("a*", None),
            ("a{3,}", None),
        ] {
            assert_eq!(Whole::of(pattern).longest, longest, "{pattern}");
        }
    }
}
