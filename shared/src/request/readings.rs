//! The readings of a path: all texts that a server behind Envoy may act on.
//!
//! A server may decode every percent-encoded byte, or only some of them (as Envoy, Apache and
//! Tomcat do if configured so); drop the `;params` of all segments; treat `\` as `/`; merge empty
//! segments; and resolve dot segments (RFC 3986, section 5.2.4). Servers do so in different orders,
//! and some do it twice. So these steps are applied to the path in every order, and every decoded
//! text that results is a reading. What to do about several readings is up to the filter.

mod closure;
mod steps;

use closure::Closure;
use std::borrow::Cow;
use steps::{Step, is_dot_segment};

/// Maximum number of readings that a path may have.
pub const MAX_READINGS: usize = 64;

/// The path has too many readings: more than [`MAX_READINGS`], or too many bytes in total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the path can be read in too many ways")]
pub struct TooManyReadings;

/// The readings of a path. Empty for a plain path, which is its own only reading and takes one
/// scan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readings {
    texts: Vec<Vec<u8>>,
    canonical: usize,
}

impl Readings {
    /// Computes the readings of a path without query.
    ///
    /// # Errors
    /// [`TooManyReadings`] if the limits are exceeded.
    pub fn of(path: &[u8]) -> Result<Self, TooManyReadings> {
        if is_plain(path) {
            return Ok(Self::default());
        }
        let (texts, canonical) = Closure::of(path)?.into_readings()?;
        Ok(Self { texts, canonical })
    }

    /// Iterates over the readings, without duplicates. `path` must be the path that they were
    /// computed from.
    pub fn iter<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let itself = self.texts.is_empty().then_some(path);
        itself
            .into_iter()
            .chain(self.texts.iter().map(Vec::as_slice))
    }

    /// Returns the number of readings, at least one.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "a path has one reading at least"
    )]
    pub fn len(&self) -> usize {
        self.texts.len().max(1)
    }

    /// Returns the canonical reading, for uses that need one form, such as a key: fully decoded,
    /// `;params` dropped, slashes merged, dot segments resolved. `path` must be the path that the
    /// readings were computed from.
    #[must_use]
    pub fn canonical<'a>(&'a self, path: &'a [u8]) -> &'a [u8] {
        self.texts.get(self.canonical).map_or(path, Vec::as_slice)
    }
}

/// Whether a path is in plain form, and so is its own only reading: it has no `%`, `;`, `\`, `//`
/// or dot segment.
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

/// Decodes every percent-encoded byte once. A `%` without two hexadecimal digits stays unchanged.
#[must_use]
pub fn decode(path: &[u8]) -> Cow<'_, [u8]> {
    decoded(path, Step::Decode)
}

/// Decodes every percent-encoded byte once, except `/` and `\`.
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
