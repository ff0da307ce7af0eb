//! How far a search reads beyond the end of the match that it finds.
//!
//! `regex` returns the leftmost match, and among several of those the one that the pattern prefers.
//! A search continues as long as something preferred to the current match may still match:
//! `<[^>]*>|<` on `<<<` reads to the end for each `<`, so finding all matches takes quadratic time.
//! A preferred alternative either ends somewhere and becomes the match, or is abandoned. So a
//! search reads no further than the longest distance from one position where the pattern may end to
//! the next: its stride.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind, Repetition};

/// Returns the reach of a pattern; `None` if it is unlimited or unknown.
pub(super) fn reach(pattern: &str) -> Option<usize> {
    let parsed = ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern)
        .ok()?;
    // The last byte of a stride belongs to a match.
    Some(stride(&parsed)?.saturating_sub(1))
}

/// Returns the maximum number of bytes from the start, or from a position where the expression may
/// end, to the next such position; `None` if there is no limit. The result is never too small. It
/// is too large if two parts of a pattern exclude each other: `None` for `<[^>]*>`.
fn stride(hir: &Hir) -> Option<usize> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) | HirKind::Class(_) => longest(hir),
        HirKind::Capture(capture) => stride(&capture.sub),
        HirKind::Alternation(branches) => largest(branches),
        HirKind::Concat(parts) => concat(parts),
        HirKind::Repetition(repetition) => repeated(repetition),
    }
}

/// After the last required part, the whole may end between any two parts.
fn concat(parts: &[Hir]) -> Option<usize> {
    let required = parts
        .iter()
        .rposition(|part| !may_be_empty(part))
        .map_or(0, |last| last.saturating_add(1));
    let (required, optional) = parts.split_at_checked(required)?;
    let (last, before) = match required.split_last() {
        Some((last, before)) => (stride(last)?, before),
        None => (0, required),
    };
    let to_first_end = before
        .iter()
        .try_fold(last, |sum, part| sum.checked_add(longest(part)?))?;
    Some(to_first_end.max(largest(optional)?))
}

/// After the required repetitions, the whole may end after each further one.
fn repeated(repetition: &Repetition) -> Option<usize> {
    let one = stride(&repetition.sub)?;
    match usize::try_from(repetition.min).ok()?.saturating_sub(1) {
        0 => Some(one),
        before_last => longest(&repetition.sub)?
            .checked_mul(before_last)?
            .checked_add(one),
    }
}

fn largest(all: &[Hir]) -> Option<usize> {
    all.iter()
        .try_fold(0, |max: usize, one| Some(max.max(stride(one)?)))
}

fn longest(hir: &Hir) -> Option<usize> {
    hir.properties().maximum_len()
}

/// Whether the expression matches the empty text at any position. `$` does so only at the end.
fn may_be_empty(hir: &Hir) -> bool {
    hir.properties().minimum_len() == Some(0) && hir.properties().look_set().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{Anchoring, Pattern};
    use proptest::prelude::*;

    #[test]
    fn the_reach_is_the_longest_way_between_two_ends_of_a_match() {
        for (pattern, expected) in [
            ("a", Some(0)),
            ("session", Some(6)),
            ("session=[^;]+", Some(8)),
            ("session=[^;]*", Some(7)),
            ("(token|key)=([^&]*)", Some(5)),
            ("[0-9]{13,19}", Some(12)),
            ("; *Path=/[^;]*", None),
            ("(?:ab)+", Some(1)),
            ("(?:ab*c)+", None),
            ("(?:a{2,3}b?){2}", Some(5)),
            ("a(?:bcd)*", Some(2)),
            ("<[^>]*>?", Some(0)),
            ("<[^>]*>", None),
            ("<[^>]*>|<", None),
            ("<[^>]{0,1000}>|<", Some(1001)),
            ("<|<[^>]*>", None),
            (".*", Some(0)),
            (".*$", None),
            ("a*?b", None),
            (r"\bx*", Some(0)),
            (r"x*\b", None),
            ("", Some(0)),
            ("(", None),
        ] {
            assert_eq!(reach(pattern), expected, "{pattern}");
        }
    }

    /// Small patterns over a letter and a space, with every kind of syntax.
    fn pattern() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec!["a", " ", "[a ]", "a a", "aa", "", r"\b", "$"]);
        leaf.prop_map(str::to_owned)
            .prop_recursive(4, 12, 3, |inner| {
                let times = vec!["*", "+", "?", "*?", "{2}", "{1,3}", "{2,}"];
                prop_oneof![
                    prop::collection::vec(inner.clone(), 2..4).prop_map(|all| all.concat()),
                    prop::collection::vec(inner.clone(), 2..4)
                        .prop_map(|all| format!("(?:{})", all.join("|"))),
                    (inner, prop::sample::select(times))
                        .prop_map(|(one, times)| format!("(?:{one}){times}")),
                ]
            })
    }

    /// Every text of up to eight letters and spaces.
    fn texts() -> Vec<Vec<u8>> {
        (0..9)
            .flat_map(|length| (0..1_u32 << length).map(move |bits| (length, bits)))
            .map(|(length, bits)| {
                (0..length)
                    .map(|i| if bits >> i & 1 == 0 { b'a' } else { b' ' })
                    .collect()
            })
            .collect()
    }

    proptest! {
        /// A search stops one byte beyond the reach, and a `\b` or `$` looks at one more. What
        /// follows does not change a match.
        #[test]
        fn what_is_beyond_the_reach_changes_no_match(pattern in pattern()) {
            prop_assume!(!pattern.is_empty());
            let pattern = Pattern::new(&pattern, Anchoring::Part).unwrap();
            let Some(reach) = pattern.reach() else { return Ok(()) };
            let looks = usize::from(pattern.regex.as_str().contains(['\\', '$']));
            let find = |text: &[u8]| Some(pattern.captures(text)?.get(0)?.range());
            for text in texts() {
                let found = find(&text);
                for end in 0..text.len() {
                    let begins = find(&text[..end]);
                    if begins.as_ref().is_some_and(|begins| end > begins.end + reach + looks) {
                        prop_assert_eq!(&begins, &found, "{:?} on {:?} and its first {}", pattern, String::from_utf8_lossy(&text), end);
                    }
                }
            }
        }
    }
}
