//! Where tokens are in a request, and how they are extracted (RFC 6750, section 2).

mod prefix;
mod remove;

use crate::reason::Reason;
use filter_kit::request::{Request, decode, form_decode};
use filter_kit::values::HeaderName;
use prefix::{after_prefix, holds, holds_any, parts};
use std::borrow::Cow;

pub(crate) use remove::remove;

/// The header that lists the subprotocols a WebSocket client offers (RFC 6455, section 11.3.4).
static WEBSOCKET_PROTOCOL: HeaderName = HeaderName::from_static("sec-websocket-protocol");

/// The header that carries cookies (RFC 6265, section 5.4).
static COOKIE: HeaderName = HeaderName::from_static("cookie");

/// A source of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// A header whose value begins with `prefix`. The prefix is compared without regard to case,
    /// like authentication schemes (RFC 9110, section 11.1).
    Header {
        /// The header.
        name: HeaderName,
        /// The text before the token; may be empty.
        prefix: String,
    },
    /// A query parameter.
    Query(String),
    /// A cookie. Its value is decoded once.
    Cookie {
        /// The cookie.
        name: String,
        /// The text before the token; may be empty.
        prefix: String,
    },
    /// An element of the list of WebSocket subprotocols.
    WebSocketProtocol(Element),
}

/// Which element of a list is the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// The one that begins with this prefix; the rest of it is the token.
    Prefix(String),
    /// The one that follows this element.
    After(String),
}

impl TokenSource {
    /// Returns the header that carries the token, if it is one that may be set.
    #[must_use]
    pub fn header(&self) -> Option<&HeaderName> {
        match self {
            Self::Header { name, .. } => Some(name),
            Self::WebSocketProtocol(_) => Some(&WEBSOCKET_PROTOCOL),
            Self::Cookie { .. } => Some(&COOKIE),
            Self::Query(_) => None,
        }
    }

    /// Whether another source reads the same value, whatever its prefix.
    fn is_at_place_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Header { name, .. }, Self::Header { name: other, .. }) => name == other,
            (Self::Cookie { name, .. }, Self::Cookie { name: other, .. }) => name == other,
            _ => self == other,
        }
    }

    /// Returns the token of this source. `all` are the provider's sources, including this one.
    fn token<'r>(
        &'r self,
        all: &[Self],
        request: &'r Request,
    ) -> Result<Option<Cow<'r, [u8]>>, Reason> {
        match self {
            Self::Header { name, prefix } => {
                let token = header_token(name, prefix, request)?;
                // Few providers have two sources on one header.
                let value = || request.headers().first(name.as_str());
                let is_of_other = all.len() > 1
                    && token.is_some()
                    && value().is_some_and(|value| is_of_longer_prefix(all, name, prefix, value));
                Ok(token.filter(|_| !is_of_other).map(Cow::Borrowed))
            }
            Self::Query(name) => match has_parameter_behind_semicolon(name, request) {
                true => Err(Reason::Repeated),
                false => Ok(only(request.query_values(name))?.map(Cow::Borrowed)),
            },
            Self::Cookie { name, prefix } => {
                let value = only(request.cookie_values(name))?;
                Ok(value.and_then(|value| match decode(value) {
                    Cow::Borrowed(value) => after_prefix(value, prefix).map(Cow::Borrowed),
                    Cow::Owned(value) => {
                        after_prefix(&value, prefix).map(|token| Cow::Owned(token.to_vec()))
                    }
                }))
            }
            Self::WebSocketProtocol(element) => {
                let mut tokens = protocols(request).filter_map(element.reader());
                let token = tokens.next();
                match tokens.next() {
                    None => Ok(token.map(Cow::Borrowed)),
                    Some(_) => Err(Reason::Repeated),
                }
            }
        }
    }
}

impl Element {
    /// Returns a function that takes the elements of a list in order, and returns the token in
    /// each.
    fn reader<'r>(&self) -> impl FnMut(&'r [u8]) -> Option<&'r [u8]> {
        let mut is_next = false;
        move |element| match self {
            Self::Prefix(prefix) => element
                .strip_prefix(prefix.as_bytes())
                .filter(|token| !token.is_empty()),
            Self::After(marker) => {
                let is_token = is_next;
                is_next = !is_token && element == marker.as_bytes();
                is_token.then_some(element)
            }
        }
    }
}

/// Returns the WebSocket subprotocols that a client offers, in order. They are not quoted, and a
/// server may split the list at every comma, so a quote must not hide a token.
fn protocols(request: &Request) -> impl Iterator<Item = &[u8]> {
    let values = request.headers().all(WEBSOCKET_PROTOCOL.as_str());
    let elements = values.flat_map(parts).map(<[u8]>::trim_ascii);
    elements.filter(|element| !element.is_empty())
}

fn header_token<'r>(
    name: &'r HeaderName,
    prefix: &str,
    request: &'r Request,
) -> Result<Option<&'r [u8]>, Reason> {
    let mut values = request.headers().all(name.as_str());
    let Some(first) = values.next() else {
        return Ok(None);
    };
    // It is unknown which of several values the upstream would read, and Envoy joins some with
    // commas. `is_joined` checks what follows a token, because a token that verifies contains no
    // comma.
    match (values.next(), after_prefix(first, prefix)) {
        (None, Some(token)) => Ok(Some(token)),
        (None, None) if holds_any(first, prefix) => Err(match first.contains(&b',') {
            true => Reason::Repeated,
            false => Reason::Malformed,
        }),
        (None, None) => Ok(None),
        (Some(second), _) => {
            let mut all = [first, second].into_iter().chain(values);
            if all.any(|value| holds_any(value, prefix)) {
                Err(Reason::Repeated)
            } else {
                Ok(None)
            }
        }
    }
}

/// Whether a parameter with this name follows a semicolon, which some servers treat as `&`.
fn has_parameter_behind_semicolon(name: &str, request: &Request) -> bool {
    request.query().is_some_and(|query| {
        query.contains(&b';')
            && query
                .split(|b| *b == b'&')
                .flat_map(|pair| pair.split(|b| *b == b';').skip(1))
                .any(|part| is_parameter(part, name))
    })
}

/// Whether a part of a query is a parameter with this name.
fn is_parameter(part: &[u8], name: &str) -> bool {
    let part = part.trim_ascii_start();
    let written = part.split(|b| *b == b'=').next().unwrap_or_default();
    *form_decode(written) == *name.as_bytes()
}

/// Whether the value of a header belongs to another source with a longer prefix.
fn is_of_longer_prefix(all: &[TokenSource], header: &HeaderName, than: &str, value: &[u8]) -> bool {
    all.iter().any(|other| match other {
        TokenSource::Header { name, prefix } => {
            prefix.len() > than.len() && name == header && after_prefix(value, prefix).is_some()
        }
        _ => false,
    })
}

/// Whether a source is one of these, or reads the same value as one of these: two sources on one
/// header do.
pub(crate) fn is_of(sources: &[TokenSource], place: &TokenSource, request: &Request) -> bool {
    sources.contains(place)
        || sources.iter().any(|source| {
            source.is_at_place_of(place) && matches!(source.token(sources, request), Ok(Some(_)))
        })
}

/// Returns the only value. An empty one counts as missing.
fn only<'v>(mut values: impl Iterator<Item = &'v [u8]>) -> Result<Option<&'v [u8]>, Reason> {
    let first = values.next();
    match values.next() {
        None => Ok(first.filter(|token| !token.is_empty())),
        Some(_) => Err(Reason::Repeated),
    }
}

/// Whether a supposed token of one of these sources consists of several values joined by commas.
#[must_use]
pub(crate) fn is_joined(sources: &[TokenSource], token: &[u8]) -> bool {
    sources.iter().any(|source| match source {
        TokenSource::Header { prefix, .. } => parts(token).skip(1).any(holds(prefix)),
        TokenSource::Query(_) | TokenSource::Cookie { .. } => false,
        // Its elements have already been split.
        TokenSource::WebSocketProtocol(_) => false,
    })
}

/// Returns the tokens of a request in these sources, in order: the first one, and others. The same
/// token in two sources counts once.
///
/// # Errors
/// [`Reason::Repeated`] if one source contains more than one value.
pub(crate) fn find<'r>(sources: &'r [TokenSource], request: &'r Request) -> Found<'r> {
    let mut first: Option<Cow<'_, [u8]>> = None;
    let mut others: Vec<Cow<'_, [u8]>> = Vec::new();
    for source in sources {
        let Some(token) = source.token(sources, request)? else {
            continue;
        };
        match &first {
            None => first = Some(token),
            Some(first) if *first == token || others.contains(&token) => {}
            Some(_) => others.push(token),
        }
    }
    Ok(first.map(|first| (first, others)))
}

/// The first token and the others; `None` if there is no token.
pub(crate) type Found<'r> = Result<Option<(Cow<'r, [u8]>, Vec<Cow<'r, [u8]>>)>, Reason>;

#[cfg(test)]
mod tests;
