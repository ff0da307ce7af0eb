//! Operations on the path.
//!
//! They work on the path as sent, and what they do not replace stays as sent. The result is checked
//! in all of its readings, so neither the value of a template nor what the client sent can leave
//! the place that the operator configured.

use super::target::{decode_unreserved, encode, join};
use super::{Budget, Replacement};
use crate::reason::{Refused, Skipped};
use filter_kit::config::Invalid;
use filter_kit::matching::{PathPattern, RawPath};
use filter_kit::request::{Request, is_plain};
use filter_kit::template::{MAX_EXPANDED_BYTES, Template, Values};
use std::borrow::Cow;

/// A rewrite of the path.
#[derive(Debug, Clone)]
pub enum PathRewrite {
    /// Replaces the leading segments. Other paths stay unchanged. Every reading of the new path
    /// begins with the replacement.
    Prefix {
        /// The segments.
        prefix: PathPattern,
        /// The replacement.
        with: Place,
    },
    /// Replaces every match of a pattern. A path without a match in any reading stays unchanged. No
    /// reading of the new path has a dot segment.
    Regex(Replacement),
}

/// The new prefix of a path.
#[derive(Debug, Clone)]
pub enum Place {
    /// The same for every request.
    Fixed(NewPrefix),
    /// A template that depends on the request.
    Template(Template),
}

/// The new prefix of a path.
#[derive(Debug, Clone)]
pub struct NewPrefix {
    /// As written into the path, without a final slash.
    text: Vec<u8>,
    /// What every reading of the new path must match.
    pattern: PathPattern,
}

impl NewPrefix {
    /// Creates the prefix from a text that begins with a slash. Bytes that are not allowed in a
    /// path are encoded.
    ///
    /// # Errors
    /// If the text is not in plain form.
    pub fn new(text: &[u8]) -> Result<Self, Invalid> {
        let mut text = one_leading_slash(encode(text, is_path_byte));
        let raw = RawPath {
            prefix: Some(String::from_utf8_lossy(&text).into_owned()),
            ..RawPath::default()
        };
        let pattern = raw.build()?;
        if text.ends_with(b"/") {
            text.pop();
        }
        Ok(Self { text, pattern })
    }
}

impl PathRewrite {
    /// Rewrites the path of a request.
    pub(super) fn apply(
        &self,
        request: &mut Request,
        path_captures: &[Option<Vec<u8>>],
        budget: &mut Budget,
    ) -> Result<(), Refused> {
        let values = Values {
            request: Some(request),
            path_captures,
            ..Values::default()
        };
        match self {
            Self::Prefix { prefix, with } => {
                let Some(rest) = after_prefix(prefix, request)? else {
                    return Ok(());
                };
                let made;
                let new = match with {
                    Place::Fixed(new) => new,
                    Place::Template(template) => {
                        let text = template.expand(&values)?;
                        made = NewPrefix::new(&text).map_err(|_| Refused::UnsafePath)?;
                        &made
                    }
                };
                let path = one_leading_slash([&new.text, rest].concat());
                set_path(&path, request);
                judge(request, budget, |reading| new.pattern.fits(reading))
            }
            Self::Regex(replacement) => {
                let Some(path) = found_in(replacement, request, budget)? else {
                    return Ok(());
                };
                let replaced = replacement
                    .apply(&path, &values, MAX_EXPANDED_BYTES, budget)
                    .map_err(refused)?;
                let path = one_leading_slash(encode(&replaced, is_path_byte));
                set_path(&path, request);
                judge(request, budget, |reading| !has_dot_segment(reading))
            }
        }
    }

    /// Returns the template of its value.
    pub(super) fn template(&self) -> Option<&Template> {
        match self {
            Self::Prefix { with, .. } => match with {
                Place::Fixed(_) => None,
                Place::Template(template) => Some(template),
            },
            Self::Regex(replacement) => Some(replacement.template()),
        }
    }
}

/// Returns what follows the prefix in the path as sent; `None` if no reading of the path has the
/// prefix.
fn after_prefix<'r>(
    prefix: &PathPattern,
    request: &'r Request,
) -> Result<Option<&'r [u8]>, Refused> {
    let path = request.path();
    if let Some(rest) = prefix.after_prefix(path) {
        return Ok(Some(rest));
    }
    let mut readings = request.readings()?.iter(path);
    if readings.any(|reading| prefix.fits(reading)) {
        // A reading has the prefix, but the path as sent has no position at which to replace it.
        return Err(Refused::AmbiguousPath);
    }
    Ok(None)
}

/// Returns the path in which to replace: as sent, or else with its unreserved characters decoded,
/// which does not change its meaning (RFC 3986, section 6.2.2.2). `None` if no reading of the path
/// matches.
fn found_in<'r>(
    replacement: &Replacement,
    request: &'r Request,
    budget: &mut Budget,
) -> Result<Option<Cow<'r, [u8]>>, Refused> {
    let path = request.path();
    if replacement.finds(path, budget)? {
        return Ok(Some(Cow::Borrowed(path)));
    }
    if is_plain(path) {
        return Ok(None);
    }
    let decoded = decode_unreserved(path);
    if replacement.finds(&decoded, budget)? {
        return Ok(Some(Cow::Owned(decoded)));
    }
    for reading in request.readings()?.iter(path) {
        budget.spend(reading.len())?;
        if replacement.finds(reading, budget)? {
            // As for a prefix.
            return Err(Refused::AmbiguousPath);
        }
    }
    Ok(None)
}

fn set_path(path: &[u8], request: &mut Request) {
    let target = join(path, request.query());
    request.edit(|headers| headers.set(":path", &target));
}

/// Checks all readings of the new path.
fn judge(
    request: &Request,
    budget: &mut Budget,
    is_good: impl Fn(&[u8]) -> bool,
) -> Result<(), Refused> {
    let readings = request.readings()?;
    let readings = || readings.iter(request.path());
    // A client chooses the length of the path, and a configuration the number of operations that
    // rewrite it.
    budget.spend(readings().map(<[u8]>::len).sum())?;
    if readings().all(is_good) {
        Ok(())
    } else {
        Err(Refused::UnsafePath)
    }
}

fn has_dot_segment(path: &[u8]) -> bool {
    path.split(|b| *b == b'/')
        .any(|segment| matches!(segment, b"." | b".."))
}

fn refused(reason: Skipped) -> Refused {
    match reason {
        Skipped::Missing => Refused::MissingValue,
        Skipped::TooLong => Refused::TooLong,
        Skipped::Invalid => Refused::UnsafePath,
        Skipped::TooCostly => Refused::TooCostly,
    }
}

/// After two leading slashes, a server might read what follows as a host.
fn one_leading_slash(mut path: Vec<u8>) -> Vec<u8> {
    let slashes = path.iter().take_while(|b| **b == b'/').count();
    match slashes.checked_sub(1) {
        Some(more) => {
            path.drain(..more);
        }
        None => path.insert(0, b'/'),
    }
    path
}

/// Whether a byte is allowed in a path: `pchar` (which includes the semicolon), the slash, and the
/// percent sign of what is already encoded (RFC 3986, section 3.3).
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&byte)
}

#[cfg(test)]
mod tests;
