//! The readings of a path: all texts that a server behind Envoy may act on.
//!
//! A server may decode every triplet, or only some of them, as Envoy, Apache and Tomcat do where
//! they are told to; drop the `;params` of all segments; take `\` for `/`; merge empty segments;
//! and resolve dot segments (RFC 3986, section 5.2.4). Servers do so in different orders, some of
//! them twice. So the path is taken through these steps in every order, and each text that comes
//! out decoded is a reading. What a filter makes of several readings is its own matter.

mod closure;
mod steps;

use closure::Closure;
use std::borrow::Cow;
use steps::{Step, is_dot_segment};

/// The most readings that a path may have.
pub const MAX_READINGS: usize = 64;

/// The path has more readings than are looked at: more than [`MAX_READINGS`], or too many bytes of
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the path can be read in too many ways")]
pub struct TooManyReadings;

/// The readings of a path. It holds nothing of a plain path, which is its only reading and costs
/// one scan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readings {
    texts: Vec<Vec<u8>>,
    canonical: usize,
}

impl Readings {
    /// The readings of a path without query.
    ///
    /// # Errors
    /// [`TooManyReadings`] where there are more than this looks at.
    pub fn of(path: &[u8]) -> Result<Self, TooManyReadings> {
        if is_plain(path) {
            return Ok(Self::default());
        }
        let (texts, canonical) = Closure::of(path)?.into_readings()?;
        Ok(Self { texts, canonical })
    }

    /// The readings, each once. `path` is the one that they were made of.
    pub fn iter<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let itself = self.texts.is_empty().then_some(path);
        itself
            .into_iter()
            .chain(self.texts.iter().map(Vec::as_slice))
    }

    /// How many readings there are: one at least.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a path has one reading at least"
    )]
    pub fn len(&self) -> usize {
        self.texts.len().max(1)
    }

    /// The reading for what needs one form, such as a key: all decoded, `;params` dropped, slashes
    /// merged, dot segments resolved. `path` is the one that the readings were made of.
    #[must_use]
    pub fn canonical<'a>(&'a self, path: &'a [u8]) -> &'a [u8] {
        self.texts.get(self.canonical).map_or(path, Vec::as_slice)
    }
}

/// Whether a path is in plain form, so that it is its only reading: no `%`, `;`, `\`, `//` and dot
/// segment.
#[must_use]
pub fn is_plain(path: &[u8]) -> bool {
    let mut before = 0;
    let mut dots = path.first() == Some(&b'.');
    for &byte in path {
        match (before, byte) {
            (_, b'%' | b';' | b'\\') | (b'/', b'/') => return false,
            (b'/', b'.') => dots = true,
            _ => {}
        }
        before = byte;
    }
    !(dots && path.split(|b| *b == b'/').any(is_dot_segment))
}

/// Decodes every triplet once. What is not a triplet stays as it is.
#[must_use]
pub fn decode(path: &[u8]) -> Cow<'_, [u8]> {
    decoded(path, Step::Decode)
}

/// Decodes every triplet once, but those of `/` and `\`.
#[must_use]
pub(crate) fn decode_keeping_slashes(path: &[u8]) -> Cow<'_, [u8]> {
    decoded(path, Step::DecodeKeepingSlashes)
}

fn decoded(path: &[u8], step: Step) -> Cow<'_, [u8]> {
    if !path.contains(&b'%') {
        return Cow::Borrowed(path);
    }
    let mut out = Vec::new();
    step.apply(path, &mut out);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;
