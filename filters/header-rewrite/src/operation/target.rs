//! Operations on path, query and host.

use super::{Budget, PathRewrite, QueryEdit, host};
use crate::reason::{Refused, Skipped};
use filter_kit::request::Request;
use filter_kit::template::Template;

/// An operation on path, query or host.
#[derive(Debug, Clone)]
pub enum TargetOperation {
    /// Rewrites the path and keeps the query.
    Path(Box<PathRewrite>),
    /// Edits the query and keeps the path.
    Query(QueryEdit),
    /// Sets the host.
    Host(Template),
}

impl TargetOperation {
    /// Applies the operation. Returns why it was skipped. A request without a path, such as
    /// CONNECT, keeps its path and query.
    ///
    /// # Errors
    /// [`Refused`] if the operation cannot give the path or the host its new value.
    pub fn apply(
        &self,
        request: &mut Request,
        path_captures: &[Option<Vec<u8>>],
        budget: &mut Budget,
    ) -> Result<Option<Skipped>, Refused> {
        match self {
            Self::Host(template) => host::set(template, request, path_captures).map(|()| None),
            _ if !request.path().starts_with(b"/") => Ok(None),
            Self::Path(rewrite) => rewrite.apply(request, path_captures, budget).map(|()| None),
            Self::Query(edit) => Ok(edit.apply(request, path_captures)),
        }
    }

    /// Returns the template of its value.
    #[must_use]
    pub fn template(&self) -> Option<&Template> {
        match self {
            Self::Path(rewrite) => rewrite.template(),
            Self::Query(edit) => edit.template(),
            Self::Host(template) => Some(template),
        }
    }
}

/// Joins a path and a query to a `:path`.
pub(super) fn join(path: &[u8], query: Option<&[u8]>) -> Vec<u8> {
    match query {
        None => path.to_vec(),
        Some(query) => [path, query].join(&b'?'),
    }
}

/// Percent-encodes the bytes for which `stays` returns false.
pub(super) fn encode(text: &[u8], stays: fn(u8) -> bool) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
    let mut encoded = Vec::with_capacity(text.len());
    for &byte in text {
        if stays(byte) {
            encoded.push(byte);
        } else {
            encoded.extend([b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

/// Returns the text with percent-encoded unreserved characters decoded (RFC 3986, section 2.3).
pub(super) fn decode_unreserved(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let triplet = after.split_at_checked(2).filter(|_| byte == b'%');
        let unreserved = triplet.and_then(|(digits, after)| {
            let digits = std::str::from_utf8(digits).ok()?;
            let byte = u8::from_str_radix(digits, 16).ok()?;
            let is_unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            is_unreserved.then_some((byte, after))
        });
        match unreserved {
            Some((byte, after)) => {
                decoded.push(byte);
                rest = after;
            }
            None => decoded.push(byte),
        }
    }
    decoded
}

#[cfg(test)]
mod tests;
