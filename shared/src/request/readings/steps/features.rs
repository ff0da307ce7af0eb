//! Finds out which steps change a text.

use super::{
    Step, has_params_after_dots, is_dot_segment, is_unreserved, leading_dot_segment, triplet,
};

/// Which steps change a text. Determined in one scan, so that steps without effect are skipped.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a set of independent features, not a state"
)]
pub(in super::super) struct Features {
    /// Encoded `/`.
    slash_triplets: bool,
    /// Encoded `\`.
    backslash_triplets: bool,
    /// Encoded unreserved characters.
    unreserved_triplets: bool,
    /// All other percent-encoded bytes.
    other_triplets: bool,
    /// A `%` that is not followed by two hexadecimal digits.
    lone_percents: bool,
    /// `;params` of dot segments.
    params_of_dots: bool,
    /// `;params` of other segments.
    params: bool,
    backslashes: bool,
    empty_segments: bool,
    pub(in super::super) dots: bool,
    final_dots: bool,
}

impl Features {
    /// Scans a text.
    pub(in super::super) fn of(text: &[u8]) -> Self {
        let mut found = Self {
            dots: leading_dot_segment(text) > 0,
            ..Self::default()
        };
        let mut after_dots = has_params_after_dots(text);
        let mut rest = text.iter();
        while let Some(byte) = rest.next() {
            match byte {
                b'%' => match triplet(rest.as_slice()) {
                    Some(b'/') => found.slash_triplets = true,
                    Some(b'\\') => found.backslash_triplets = true,
                    Some(value) if is_unreserved(value) => found.unreserved_triplets = true,
                    Some(_) => found.other_triplets = true,
                    None => found.lone_percents = true,
                },
                b'/' => {
                    after_dots = false;
                    match rest.as_slice() {
                        [b'/', ..] => found.empty_segments = true,
                        [b'.', ..] => {
                            found.dots |= leading_dot_segment(rest.as_slice()) > 0;
                            after_dots = has_params_after_dots(rest.as_slice());
                        }
                        _ => {}
                    }
                }
                b';' if after_dots => found.params_of_dots = true,
                b';' => found.params = true,
                b'\\' => found.backslashes = true,
                _ => {}
            }
        }
        let last = text.rsplit(|b| *b == b'/').next();
        found.final_dots = found.dots && last.is_some_and(is_dot_segment);
        found
    }

    /// Whether a step has to run: it changes the text, and no step before it in [`Step::ALL`] gives
    /// the same result.
    pub(in super::super) fn changed_by(self, step: Step) -> bool {
        let slashes = self.slash_triplets || self.backslash_triplets;
        match step {
            Step::Decode => slashes || !self.is_decoded(),
            Step::DecodeKeepingSlashes | Step::DecodeSlashes => slashes && !self.is_decoded(),
            Step::DecodeKeepingSlash => self.slash_triplets && self.backslash_triplets,
            Step::DecodeUnreserved => self.unreserved_triplets && (slashes || self.other_triplets),
            Step::DecodeUnreservedOnce => self.unreserved_triplets && self.lone_percents,
            Step::DropParams => self.params || self.params_of_dots,
            Step::DropParamsOfDots => self.params && self.params_of_dots,
            Step::TurnBackslashes => self.backslashes,
            Step::MergeSlashes => self.empty_segments,
            Step::ResolveDots => self.dots,
            Step::ResolveDotsWithoutFinalSlash => self.final_dots,
        }
    }

    /// Whether there is nothing to decode, except perhaps slashes.
    pub(in super::super) fn is_decoded(self) -> bool {
        !(self.unreserved_triplets || self.other_triplets)
    }
}
