//! Path patterns.

mod decoded;
mod raw;

use crate::request::decode_keeping_slashes;
use crate::values::{FREE_BYTES, Pattern};
use decoded::Decoded;

pub use raw::RawPath;

/// A path pattern. It is compared with the readings of the path, without the query.
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
        /// A prefix of every path that matches.
        begins: Box<[u8]>,
        /// Compared with the readings of a path.
        decoded: Pattern,
        /// Compared with the path as sent, if that makes a difference.
        as_sent: Option<Pattern>,
    },
}

/// The cost of each byte of a long reading. A path may have many readings, and all expressions
/// together may search 64 KiB of them.
const LONG_STEPS: usize = 16;

impl PathPattern {
    /// Whether a reading of a path matches.
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

    /// Returns the work of [`fits`](Self::fits), if it is significant; see
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

    /// Returns texts such that every reading that matches equals one of them, or starts with one of
    /// them and a slash, ignoring case. `None` for a regular expression.
    pub(super) fn keys(&self) -> Option<Vec<&[u8]>> {
        let (Kind::Prefix(path) | Kind::Exact(path)) = &self.kind else {
            return None;
        };
        let keeping_slashes = path.keeping_slashes.as_deref();
        Some(keeping_slashes.into_iter().chain([&*path.all]).collect())
    }

    /// Whether the path as sent, decoded once, matches.
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

    /// Returns the path as sent without the prefix: empty, or from the slash after it on. `None`
    /// unless this is a prefix that matches.
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
        // A prefix has as many segments as slashes. More segments of the path cannot match it.
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

    /// Returns the values of the capture groups for the path as sent, from group 1 on.
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

    /// Returns the highest capture group number.
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
