//! Patterns of paths.

mod decoded;
mod raw;

use crate::request::decode_keeping_slashes;
use crate::values::{FREE_BYTES, Pattern};
use decoded::Decoded;

pub use raw::RawPath;

/// A path pattern, compared with the readings of the path without query.
#[derive(Debug, Clone)]
pub struct PathPattern {
    kind: Kind,
    ignore_case: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    /// Without a final slash; empty for `/`.
    Prefix(Decoded),
    Exact(Decoded),
    Regex {
        /// What every path that matches begins with.
        begins: Box<[u8]>,
        /// For the readings of a path.
        decoded: Pattern,
        /// For the path as it was sent, where that makes a difference.
        as_sent: Option<Pattern>,
    },
}

/// What a byte of a long reading counts for: a path has many readings, and all expressions look
/// through 64 KiB of them.
const LONG_STEPS: usize = 16;

impl PathPattern {
    /// Whether a reading of a path fits.
    #[must_use]
    pub fn fits(&self, reading: &[u8]) -> bool {
        match &self.kind {
            Kind::Prefix(prefix) => prefix.any(self.ignore_case, |prefix, same| {
                reading
                    .split_at_checked(prefix.len())
                    .is_some_and(|(head, rest)| {
                        rest.first().map_or(!prefix.is_empty(), |b| *b == b'/')
                            && same(head, prefix)
                    })
            }),
            Kind::Exact(exact) => exact.any(self.ignore_case, |exact, same| same(reading, exact)),
            Kind::Regex {
                begins, decoded, ..
            } => reading.starts_with(begins) && decoded.is_match(reading),
        }
    }

    /// The work of [`fits`](Self::fits), where it is more than a little; see
    /// [`Request::search`](crate::request::Request::search).
    #[must_use]
    pub(super) fn work(&self, reading: &[u8]) -> usize {
        match &self.kind {
            Kind::Regex {
                begins, decoded, ..
            } if reading.starts_with(begins) => match decoded.counted_work(reading.len()) {
                0 => 0,
                work if reading.len() > FREE_BYTES => {
                    work.max(reading.len().saturating_mul(LONG_STEPS))
                }
                work => work,
            },
            _ => 0,
        }
    }

    /// The texts of which a reading that fits is one, or with one of which and a slash it begins,
    /// but for the case of letters. `None` of a regular expression.
    pub(super) fn keys(&self) -> Option<Vec<&[u8]>> {
        let (Kind::Prefix(path) | Kind::Exact(path)) = &self.kind else {
            return None;
        };
        let keeping_slashes = path.keeping_slashes.as_deref();
        Some(keeping_slashes.into_iter().chain([&*path.all]).collect())
    }

    /// Whether a path fits as it was sent, decoded once.
    #[must_use]
    pub(crate) fn fits_as_sent(&self, path: &[u8]) -> bool {
        match &self.kind {
            Kind::Regex {
                decoded, as_sent, ..
            } => as_sent.as_ref().unwrap_or(decoded).is_match(path),
            Kind::Prefix(_) => self.after_prefix(path).is_some(),
            Kind::Exact(exact) => {
                path.len() <= exact.longest_as_sent() && self.fits(&decode_keeping_slashes(path))
            }
        }
    }

    /// The path as it was sent without the prefix: empty, or from the slash after it on. `None`
    /// where this is not a prefix that fits.
    #[must_use]
    pub fn after_prefix<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        let Kind::Prefix(prefix) = &self.kind else {
            return None;
        };
        if prefix.all.is_empty() {
            return path.starts_with(b"/").then_some(path);
        }
        let longest = prefix.longest_as_sent();
        let slashes = path
            .iter()
            .enumerate()
            .take(longest.saturating_add(1))
            .filter(|(at, byte)| **byte == b'/' && *at > 0)
            .map(|(at, _)| at);
        // A prefix has as many segments as slashes, so no longer beginning of the path can be it.
        let most = prefix.all.iter().filter(|b| **b == b'/').count();
        let whole = (path.len() <= longest).then_some(path.len());
        slashes
            .chain(whole)
            .take(most)
            .find(|end| {
                let head = decode_keeping_slashes(path.get(..*end).unwrap_or_default());
                prefix.any(self.ignore_case, |prefix, same| same(&head, prefix))
            })
            .and_then(|end| path.get(end..))
    }

    /// The values of the capture groups in the path as it was sent, from group 1 on.
    #[must_use]
    pub fn captures(&self, path: &[u8]) -> Vec<Option<Vec<u8>>> {
        match &self.kind {
            Kind::Regex {
                decoded, as_sent, ..
            } => as_sent
                .as_ref()
                .unwrap_or(decoded)
                .captures(path)
                .map(|c| {
                    c.iter()
                        .skip(1)
                        .map(|g| g.map(|m| m.as_bytes().to_vec()))
                        .collect()
                })
                .unwrap_or_default(),
            Kind::Prefix(_) | Kind::Exact(_) => Vec::new(),
        }
    }

    /// The number of the highest capture group.
    #[must_use]
    pub fn groups(&self) -> usize {
        match &self.kind {
            Kind::Regex { decoded, .. } => decoded.groups(),
            Kind::Prefix(_) | Kind::Exact(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests;
