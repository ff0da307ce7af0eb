//! Operations on path, query and host.

use super::{Budget, Replacement, Skipped};
use filter_kit::matching::PathPattern;
use filter_kit::request::{Needs, RequestHead, form_decode, query_pairs};
use filter_kit::spelling::is_plain;
use filter_kit::template::{MAX_EXPANDED_BYTES, Template, Values};

/// An operation on path, query or host.
#[derive(Debug, Clone)]
pub enum TargetOperation {
    /// Rewrites the path; the query stays.
    Path(PathRewrite),
    /// Edits the query; the path stays.
    Query(QueryEdit),
    /// Sets the host.
    Host(Template),
}

/// A rewrite of the path.
#[derive(Debug, Clone)]
pub enum PathRewrite {
    /// Puts something else in place of the leading segments. Paths without them stay.
    Prefix {
        /// The segments.
        prefix: PathPattern,
        /// What takes their place.
        with: Template,
    },
    /// Replaces every occurrence of a pattern. Paths without one stay.
    Regex(Replacement),
}

/// An edit of the query.
#[derive(Debug, Clone)]
pub enum QueryEdit {
    /// Replaces all values of a parameter by one.
    Set(String, Template),
    /// Removes all values of a parameter.
    Remove(String),
}

/// What an operation makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewTarget {
    /// A new path and query.
    Target(Vec<u8>),
    /// A new host.
    Authority(Vec<u8>),
}

impl TargetOperation {
    /// What it makes of a request; `None` where there is nothing to do, as for CONNECT, which has no path.
    ///
    /// # Errors
    /// [`Skipped`]
    pub fn value(
        &self,
        head: &RequestHead,
        values: &Values<'_>,
        budget: &mut Budget,
    ) -> Result<Option<NewTarget>, Skipped> {
        match self {
            Self::Path(rewrite) if head.path().starts_with(b"/") => {
                let Some(path) = rewrite.rewrite(head.path(), values, budget)? else {
                    return Ok(None);
                };
                Ok(Some(NewTarget::Target(join(
                    path,
                    head.query().map(<[u8]>::to_vec),
                ))))
            }
            Self::Query(edit) if head.path().starts_with(b"/") => {
                let query = edit.edit(head.query(), values)?;
                Ok(Some(NewTarget::Target(join(head.path().to_vec(), query))))
            }
            Self::Path(_) | Self::Query(_) => Ok(None),
            Self::Host(template) => {
                let host = template.expand(values)?;
                if is_authority(&host) {
                    Ok(Some(NewTarget::Authority(host)))
                } else {
                    Err(Skipped::Invalid)
                }
            }
        }
    }

    /// What it has to know of a request.
    #[must_use]
    pub fn needs(&self) -> Needs {
        match self {
            Self::Path(PathRewrite::Prefix { with, .. }) | Self::Query(QueryEdit::Set(_, with)) => {
                Needs {
                    target: true,
                    ..with.needs()
                }
            }
            Self::Path(PathRewrite::Regex(replacement)) => Needs {
                target: true,
                ..replacement.needs()
            },
            Self::Query(QueryEdit::Remove(_)) => Needs {
                target: true,
                ..Needs::default()
            },
            Self::Host(template) => Needs {
                authority: true,
                ..template.needs()
            },
        }
    }
}

fn join(mut path: Vec<u8>, query: Option<Vec<u8>>) -> Vec<u8> {
    if let Some(query) = query {
        path.push(b'?');
        path.extend(query);
    }
    path
}

impl PathRewrite {
    /// The new path; `None` where the path stays.
    fn rewrite(
        &self,
        path: &[u8],
        values: &Values<'_>,
        budget: &mut Budget,
    ) -> Result<Option<Vec<u8>>, Skipped> {
        let rewritten = match self {
            Self::Prefix { prefix, with } => {
                let Some(rest) = prefix.after_prefix(path) else {
                    return Ok(None);
                };
                let mut new = with.expand(values)?;
                if new.ends_with(b"/") {
                    new.pop();
                }
                new.extend_from_slice(rest);
                new
            }
            Self::Regex(replacement) => {
                if !replacement.finds(path) {
                    return Ok(None);
                }
                replacement.apply(path, values, MAX_EXPANDED_BYTES, budget)?
            }
        };
        let rewritten = one_leading_slash(&encode(&rewritten, is_path_byte));
        if !is_plain(&rewritten) {
            // What a template brings must not climb out of the path that the operator wrote.
            return Err(Skipped::UnsafePath);
        }
        Ok(Some(rewritten))
    }
}

/// Two slashes at the start would make a server take what follows for a host.
fn one_leading_slash(path: &[u8]) -> Vec<u8> {
    let start = path.iter().position(|b| *b != b'/').unwrap_or(path.len());
    let mut fixed = vec![b'/'];
    fixed.extend_from_slice(path.get(start..).unwrap_or_default());
    fixed
}

impl QueryEdit {
    fn edit(&self, query: Option<&[u8]>, values: &Values<'_>) -> Result<Option<Vec<u8>>, Skipped> {
        let (name, new) = match self {
            Self::Set(name, template) => (name, Some(template.expand(values)?)),
            Self::Remove(name) => (name, None),
        };
        let pair = new.map(|value| {
            let mut pair = encode(name.as_bytes(), is_query_value_byte);
            pair.push(b'=');
            pair.extend(encode(&value, is_query_value_byte));
            pair
        });
        let mut pairs: Vec<&[u8]> = Vec::new();
        let mut placed = false;
        for old in query
            .unwrap_or_default()
            .split(|b| *b == b'&')
            .filter(|p| !p.is_empty())
        {
            let named = query_pairs(old).any(|(n, _)| form_decode(n) == name.as_bytes());
            match &pair {
                _ if !named => pairs.push(old),
                Some(pair) if !placed => {
                    pairs.push(pair);
                    placed = true;
                }
                _ => {}
            }
        }
        if let Some(pair) = pair.as_deref().filter(|_| !placed) {
            pairs.push(pair);
        }
        Ok((!pairs.is_empty()).then(|| pairs.join(&b'&')))
    }
}

/// Percent-encodes the bytes that may not stand in this place.
fn encode(text: &[u8], stays: fn(u8) -> bool) -> Vec<u8> {
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

/// `pchar`, the slash, and the percent sign of what is encoded already (RFC 3986, section 3.3). The semicolon is among them.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&byte)
}

/// Unreserved bytes (RFC 3986, section 2.3): the safest form of a value in a query.
fn is_query_value_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Whether this is a host with an optional port, and nothing else (RFC 3986, section 3.2, without user information).
#[must_use]
pub fn is_authority(text: &[u8]) -> bool {
    let (host, port) = match text.iter().rposition(|b| *b == b':') {
        Some(colon) if !text.ends_with(b"]") => {
            let (host, port) = text.split_at_checked(colon).unwrap_or((text, b""));
            (host, port.get(1..))
        }
        _ => (text, None),
    };
    let is_port = |port: &[u8]| {
        std::str::from_utf8(port)
            .is_ok_and(|p| p.bytes().all(|b| b.is_ascii_digit()) && p.parse::<u16>().is_ok())
    };
    let is_name = !host.is_empty()
        && host
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(b));
    let is_ipv6 = host
        .strip_prefix(b"[")
        .and_then(|h| h.strip_suffix(b"]"))
        .and_then(|h| std::str::from_utf8(h).ok())
        .is_some_and(|h| h.parse::<std::net::Ipv6Addr>().is_ok());
    (is_name || is_ipv6) && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests;
