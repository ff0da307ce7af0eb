//! The origins that a policy allows.

use crate::origin::{Origin, OriginPattern, OriginRegex, Wildcard};
use filter_kit::headers::is_same;

/// A set of allowed origins.
#[derive(Debug, Default)]
pub struct Origins {
    /// Every origin is allowed. The answer is the same for all of them, and for a request without
    /// one.
    pub any: bool,
    null: bool,
    /// With their hashes and sorted by them, for a binary search.
    exact: Vec<(u32, Box<str>)>,
    schemes: Vec<Box<str>>,
    wildcards: Vec<Wildcard>,
    regexes: Vec<OriginRegex>,
}

/// The value of `access-control-allow-origin` for an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// `*`
    Any,
    /// The origin as sent.
    Same,
}

impl Origins {
    /// Groups the patterns by how they are compared.
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
                OriginPattern::Scheme(scheme) => origins.schemes.push(scheme),
                OriginPattern::Wildcard(wildcard) => origins.wildcards.push(wildcard),
            }
        }
        origins.exact.sort_unstable();
        origins
    }

    /// Returns whether an origin is allowed, and how the answer says so. Most origins are written
    /// exactly as in the configuration.
    #[must_use]
    pub fn allow_sent(&self, sent: &[u8]) -> Option<AllowedOrigin> {
        if self.any {
            return Some(AllowedOrigin::Any);
        }
        (self.has_exact(sent) || self.allow_other(sent)).then_some(AllowedOrigin::Same)
    }

    #[inline(never)]
    fn allow_other(&self, sent: &[u8]) -> bool {
        Origin::parse(sent).is_some_and(|origin| self.allow(&origin))
    }

    fn has_exact(&self, text: &[u8]) -> bool {
        let hash = hash(text);
        let first = self.exact.partition_point(|(other, _)| *other < hash);
        let same = self.exact.iter().skip(first);
        same.take_while(|(other, _)| *other == hash)
            .any(|(_, exact)| is_same(exact.as_bytes(), text))
    }

    fn allow(&self, origin: &Origin) -> bool {
        let text = origin.text();
        let is_wild = match origin {
            Origin::Null => return self.null,
            Origin::Tuple(tuple) => self.wildcards.iter().any(|wild| wild.matches(tuple)),
            Origin::Other(_) => false,
        };
        is_wild
            || self.has_exact(text.as_bytes())
            || self.schemes.iter().any(|scheme| has_scheme(text, scheme))
            || self.regexes.iter().any(|regex| regex.matches(origin))
    }
}

fn has_scheme(origin: &str, scheme: &str) -> bool {
    let rest = origin.strip_prefix(scheme);
    rest.is_some_and(|rest| rest.starts_with("://"))
}

/// Hashes eight bytes at a time. A client that finds a collision only causes one more comparison.
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
