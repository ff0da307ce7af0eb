//! The possible ends of an expression, read from its end to its beginning.
//!
//! A tail whose owner is fixed by the expression is safe, and is dropped.

use super::shared::SHARED;
use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// Maximum number of tails at a time. An expression has at most 1,024 bytes, and most tails are
/// dropped early.
const MAX_TAILS: usize = 4096;

/// Maximum number of repetitions that are examined one by one.
const MAX_ROUNDS: u32 = 64;

/// A possible end of an origin.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tail {
    /// The bytes of the tail, last to first.
    reversed: Vec<u8>,
    /// Where the host ends in `reversed`; the port comes before.
    host_from: usize,
    dots: usize,
    /// Whether the expression leaves a choice in the part that determines the owner.
    pub(super) is_chosen: bool,
    /// Whether the part that determines the owner is complete.
    is_told: bool,
}

impl Tail {
    pub(super) fn text(&self) -> Vec<u8> {
        self.reversed.iter().rev().copied().collect()
    }

    /// Returns the tail with one more byte in front.
    fn before(&self, byte: u8) -> Self {
        let mut tail = self.clone();
        tail.reversed.push(byte);
        if tail.is_told {
            return tail;
        }
        match byte {
            b'/' | b']' => tail.is_told = true,
            b':' => {
                tail.host_from = tail.reversed.len();
                tail.dots = 0;
                tail.is_chosen = false;
            }
            b'.' => {
                tail.dots = tail.dots.saturating_add(1);
                let labels = if tail.is_shared() { 3 } else { 2 };
                tail.is_told = tail.dots >= labels;
            }
            _ => {}
        }
        tail
    }

    /// Whether the last two labels are a shared domain.
    fn is_shared(&self) -> bool {
        let host = self.reversed.get(self.host_from..).unwrap_or_default();
        let mut labels = host.split(|b| *b == b'.').map(|label| label.iter().rev());
        let (Some(last), Some(before)) = (labels.next(), labels.next()) else {
            return false;
        };
        let domain: Vec<u8> = before.chain(b".").chain(last).copied().collect();
        SHARED.iter().any(|shared| shared.as_bytes() == domain)
    }

    /// Returns the tail with a word in front that an attacker chooses.
    fn before_word(&self, word: &[u8]) -> Self {
        let is_chosen = !self.is_told;
        let mut tail = word
            .iter()
            .rev()
            .fold(self.clone(), |tail, b| tail.before(*b));
        tail.is_chosen |= is_chosen;
        tail
    }
}

#[derive(Debug, Clone)]
pub(super) struct Tails(Vec<Tail>);

impl Tails {
    pub(super) fn end() -> Self {
        Self(vec![Tail::default()])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Tail> {
        self.0.iter()
    }

    /// Prepends one more part of the expression to these tails; `None` if there are too many.
    pub(super) fn before(&self, hir: &Hir) -> Option<Self> {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Some(self.clone()),
            HirKind::Literal(literal) => self.each(|tail| {
                let literal = literal.0.iter().rev();
                vec![literal.fold(tail.clone(), |tail, byte| tail.before(*byte))]
            }),
            HirKind::Class(class) => self.each(|tail| of_class(tail, class)),
            HirKind::Capture(capture) => self.before(&capture.sub),
            HirKind::Concat(parts) => parts
                .iter()
                .rev()
                .try_fold(self.clone(), |tails, part| tails.before(part)),
            HirKind::Alternation(branches) => {
                let mut all = Vec::new();
                for branch in branches {
                    all.extend(self.before(branch)?.0);
                }
                Self(all).pruned()
            }
            HirKind::Repetition(repetition) => self.before_repetition(repetition),
        }
    }

    fn before_repetition(&self, repetition: &Repetition) -> Option<Self> {
        let mut last = self.clone();
        for _ in 0..repetition.min.min(MAX_ROUNDS) {
            last = last.before(&repetition.sub)?;
        }
        let mut all = last.0.clone();
        let more = repetition
            .max
            .map_or(MAX_ROUNDS, |max| max.saturating_sub(repetition.min));
        // Each further repetition may be the last. Once the owner is determined, one continuation
        // is enough.
        for _ in 0..more.min(3) {
            last.0.retain(|tail| !tail.is_told);
            last = last.before(&repetition.sub)?;
            all.extend(last.0.iter().cloned());
        }
        if more >= 4
            && let Some(class) = class_of(&repetition.sub)
        {
            // If the scheme can be chosen too, so can the whole origin.
            let words = [
                &b".evil.example"[..],
                b"evil.example",
                b"evil",
                b"https://evil",
                b"https://evil.",
            ];
            let fits = |word: &[u8]| word.iter().all(|byte| has(class, *byte));
            for word in words.into_iter().filter(|word| fits(word)) {
                let open = self.0.iter().filter(|tail| !tail.is_told);
                all.extend(open.map(|tail| tail.before_word(word)));
            }
        }
        Self(all).pruned()
    }

    fn each(&self, before: impl Fn(&Tail) -> Vec<Tail>) -> Option<Self> {
        Self(self.0.iter().flat_map(before).collect()).pruned()
    }

    /// Removes duplicates, and tails whose owner is fixed by the expression.
    fn pruned(mut self) -> Option<Self> {
        self.0.retain(|tail| tail.is_chosen || !tail.is_told);
        self.0.sort_unstable();
        self.0.dedup();
        (self.0.len() <= MAX_TAILS).then_some(self)
    }
}

/// Returns what a character class may put in front of a tail: its separators, and one of its other
/// characters on behalf of all. If there are at most three others, each is used, because they may
/// be intended individually.
fn of_class(tail: &Tail, class: &Class) -> Vec<Tail> {
    let all = |bytes: &[u8]| -> Vec<u8> {
        bytes
            .iter()
            .copied()
            .filter(|byte| has(class, *byte))
            .collect()
    };
    let names = all(b"exabcdfghijklmnopqrstuvwyz1234567890-_");
    if tail.is_told {
        let any = names
            .first()
            .copied()
            .or_else(|| all(b".:/").first().copied());
        return any.map(|byte| tail.before(byte)).into_iter().collect();
    }
    let mut tails: Vec<Tail> = all(b".:/").iter().map(|byte| tail.before(*byte)).collect();
    match names.as_slice() {
        few @ ([] | [_] | [_, _] | [_, _, _]) => {
            tails.extend(few.iter().map(|byte| tail.before(*byte)));
        }
        [first, ..] => tails.push(tail.before_word(&[*first])),
    }
    tails
}

fn class_of(hir: &Hir) -> Option<&Class> {
    match hir.kind() {
        HirKind::Class(class) => Some(class),
        HirKind::Capture(capture) => class_of(&capture.sub),
        _ => None,
    }
}

fn has(class: &Class, byte: u8) -> bool {
    match class {
        Class::Bytes(bytes) => bytes
            .iter()
            .any(|range| (range.start()..=range.end()).contains(&byte)),
        Class::Unicode(chars) => chars
            .iter()
            .any(|range| (range.start()..=range.end()).contains(&char::from(byte))),
    }
}

/// Whether a match may contain this byte.
pub(super) fn may_hold(hir: &Hir, byte: u8) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.contains(&byte),
        HirKind::Class(class) => has(class, byte),
        HirKind::Capture(capture) => may_hold(&capture.sub, byte),
        HirKind::Repetition(repetition) => may_hold(&repetition.sub, byte),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().any(|part| may_hold(part, byte))
        }
    }
}
