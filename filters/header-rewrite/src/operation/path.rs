//! Operations on the path.
//!
//! They work on the path as it was sent, and what they do not replace stays as it was sent. The
//! result is judged in all its readings, so that neither a value of a template nor what the client
//! sent leads out of the place that the operator wrote.

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
    /// Puts something else in place of the leading segments. Paths without them stay. Every reading
    /// of the new path begins with what was put there.
    Prefix {
        /// The segments.
        prefix: PathPattern,
        /// What takes their place.
        with: Place,
    },
    /// Replaces every occurrence of a pattern. Paths stay of which no reading has one. No reading of
    /// the new path has a dot segment.
    Regex(Replacement),
}

/// The new beginning of a path.
#[derive(Debug, Clone)]
pub enum Place {
    /// The same for every request.
    Fixed(NewPrefix),
    /// A template that looks at the request.
    Template(Template),
}

/// A new beginning of a path.
#[derive(Debug, Clone)]
pub struct NewPrefix {
    /// As it is written into the path, without a slash at the end.
    text: Vec<u8>,
    /// What every reading of the new path must fit.
    pattern: PathPattern,
}

impl NewPrefix {
    /// Of a text that begins with a slash. Bytes that may not stand in a path are encoded.
    ///
    /// # Errors
    /// Where the text is not in plain form.
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
    /// Carries it out.
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

    /// The template of its value.
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

/// What follows the prefix in the path as it was sent; `None` where no reading of the path has the
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
        // The rewrite applies to a reading, and there is no place in the path as it was sent to put
        // the new beginning.
        return Err(Refused::AmbiguousPath);
    }
    Ok(None)
}

/// The path in which there is something to replace: as it was sent, or else with its unreserved
/// characters decoded, which makes no other path of it (RFC 3986, section 6.2.2.2). `None` where no
/// reading of the path has it.
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

/// Whether all readings of the new path are as they must be.
fn judge(
    request: &Request,
    budget: &mut Budget,
    is_good: impl Fn(&[u8]) -> bool,
) -> Result<(), Refused> {
    let readings = request.readings()?;
    let readings = || readings.iter(request.path());
    // A client chooses how long the path is, and a configuration how many operations rewrite it.
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

/// Two slashes at the start would make a server take what follows for a host.
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

/// `pchar`, the slash, and the percent sign of what is encoded already (RFC 3986, section 3.3). The
/// semicolon is among them.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&byte)
}

#[cfg(test)]
mod tests;
