//! Which bytes a match of a pattern may begin with.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Whether a text that begins with this byte may match the whole pattern. Returns true in case of
/// doubt.
pub(super) fn may_begin_with(pattern: &str, byte: u8) -> bool {
    let parsed = ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern);
    parsed.map_or(true, |hir| begins(&hir, byte) == Begins::WithIt)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Begins {
    /// It may begin with the byte.
    WithIt,
    /// It may be empty, so it depends on what follows.
    Empty,
    /// It begins with other bytes only.
    Otherwise,
}

fn begins(hir: &Hir, byte: u8) -> Begins {
    let if_so = |is_it: bool| match is_it {
        true => Begins::WithIt,
        false => Begins::Otherwise,
    };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Begins::Empty,
        HirKind::Literal(literal) => if_so(literal.0.first() == Some(&byte)),
        HirKind::Class(Class::Bytes(class)) => if_so(
            class
                .iter()
                .any(|range| (range.start()..=range.end()).contains(&byte)),
        ),
        HirKind::Class(Class::Unicode(class)) => {
            let byte = char::from(byte);
            if_so(
                class
                    .iter()
                    .any(|range| (range.start()..=range.end()).contains(&byte)),
            )
        }
        HirKind::Capture(capture) => begins(&capture.sub, byte),
        HirKind::Repetition(repetition) => match begins(&repetition.sub, byte) {
            Begins::Otherwise if repetition.min == 0 => Begins::Empty,
            other => other,
        },
        HirKind::Alternation(branches) => {
            let mut all = branches.iter().map(|branch| begins(branch, byte));
            let mut result = Begins::Otherwise;
            for one in &mut all {
                match one {
                    Begins::WithIt => return Begins::WithIt,
                    Begins::Empty => result = Begins::Empty,
                    Begins::Otherwise => {}
                }
            }
            result
        }
        HirKind::Concat(parts) => {
            let mut parts = parts.iter().map(|part| begins(part, byte));
            parts
                .find(|part| *part != Begins::Empty)
                .unwrap_or(Begins::Empty)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_cannot_begin_with_a_slash_is_found() {
        for (pattern, may) in [
            ("/admin", true),
            ("^/admin", true),
            ("admin", false),
            ("(?s)admin/.*", false),
            (".*admin", true),
            ("(a|/b)", true),
            ("(a|b)", false),
            ("a?/b", true),
            ("(?:a*)(?:b*)/", true),
            ("a*b", false),
            ("a+/", false),
            ("a{2}/b", false),
            ("[^/].*", false),
            (r"\x2f", true),
            ("(?i)/A", true),
            ("a*", false),
        ] {
            assert_eq!(may_begin_with(pattern, b'/'), may, "{pattern}");
        }
    }
}
