//! The origins that a policy allows.

use crate::origin::{Origin, OriginPattern, OriginRegex};
use filter_kit::headers::is_same;

/// Origins that are allowed.
#[derive(Debug, Default)]
pub struct Origins {
    /// Every origin but `null`.
    pub any: bool,
    /// `null`.
    pub null: bool,
    /// With their hashes and in order of these, for a binary search.
    exact: Vec<(u32, Box<str>)>,
    wildcards: Vec<crate::origin::Wildcard>,
    /// Regular expressions.
    pub regexes: Vec<OriginRegex>,
}

/// How `access-control-allow-origin` answers an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// `*`
    Any,
    /// The origin as it was sent.
    Same,
}

impl Origins {
    /// Sorts the patterns by what they need for a comparison.
    #[must_use]
    pub fn new(patterns: Vec<OriginPattern>, regexes: Vec<OriginRegex>) -> Self {
        let mut origins = Self {
            regexes,
            ..Self::default()
        };
        for pattern in patterns {
            match pattern {
                OriginPattern::Any => origins.any = true,
                OriginPattern::Null => origins.null = true,
                OriginPattern::Exact(text) => origins.exact.push((hash(text.as_bytes()), text)),
                OriginPattern::Wildcard(wildcard) => origins.wildcards.push(wildcard),
            }
        }
        origins.exact.sort_unstable();
        origins
    }

    /// Whether an answer depends on the origin, so that a cache has to tell origins apart.
    #[must_use]
    pub fn vary(&self) -> bool {
        !self.any
    }

    /// Whether an origin is allowed, and how the answer says so. Mostly it is written as the configuration has it.
    #[must_use]
    pub fn allow_sent(&self, sent: &[u8]) -> Option<AllowedOrigin> {
        if !self.any && self.has_exact(sent) {
            return Some(AllowedOrigin::Same);
        }
        self.allow_any(sent)
    }

    #[inline(never)]
    fn allow_any(&self, sent: &[u8]) -> Option<AllowedOrigin> {
        self.allow(&Origin::parse(sent)?)
    }

    fn has_exact(&self, text: &[u8]) -> bool {
        let hash = hash(text);
        let first = self.exact.partition_point(|(other, _)| *other < hash);
        let same = self.exact.iter().skip(first);
        same.take_while(|(other, _)| *other == hash)
            .any(|(_, exact)| is_same(exact.as_bytes(), text))
    }

    fn allow(&self, origin: &Origin) -> Option<AllowedOrigin> {
        let same = |allowed: bool| allowed.then_some(AllowedOrigin::Same);
        match origin {
            Origin::Null => same(self.null),
            Origin::Tuple(_) if self.any => Some(AllowedOrigin::Any),
            Origin::Tuple(tuple) => same(
                self.has_exact(tuple.text.as_bytes())
                    || self.wildcards.iter().any(|wildcard| wildcard.fits(tuple))
                    || self.regexes.iter().any(|regex| regex.fits(tuple)),
            ),
        }
    }
}

/// Of eight bytes at a time. Whoever finds another text with the same hash gains one comparison.
fn hash(text: &[u8]) -> u32 {
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut rest = text;
    let mut hash = mix(0, u64::try_from(text.len()).unwrap_or(0));
    while let Some((word, more)) = rest.split_first_chunk::<8>() {
        hash = mix(hash.rotate_left(31), u64::from_le_bytes(*word));
        rest = more;
    }
    for byte in rest {
        hash = mix(hash, u64::from(*byte));
    }
    u32::try_from(hash >> 32).unwrap_or(0)
}
