//! Origins (Fetch standard, "`Origin` header"; RFC 6454, section 6.2).

mod pattern;

use filter_kit::request::Authority;
use std::borrow::Cow;

pub(crate) use pattern::{ForeignOrigin, OriginPattern, OriginRegex, Wildcard};

/// Maximum length of an `origin` header that is examined, in bytes. A host name has at most 253.
const MAX_BYTES: usize = 512;

/// The value of a request's `origin` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `null`: sent by a sandboxed frame or a local file, or after a cross-origin redirect.
    Null,
    /// `scheme://host[:port]`.
    Tuple(Tuple),
    /// An origin without a host whose scheme is not a web scheme, in lower case: `app://.`,
    /// `file://`.
    Other(Box<str>),
}

/// Scheme, host and port of an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuple {
    /// The origin in lower case, without a default port of the scheme. Two origins are the same if
    /// these texts are equal.
    pub text: Box<str>,
    scheme: usize,
    host: usize,
    port: Option<u16>,
}

impl Origin {
    /// Parses the value of an `origin` header. Returns `None` for anything that is not a serialized
    /// origin; no policy allows it.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        if value == b"null" {
            return Some(Self::Null);
        }
        let text = std::str::from_utf8(value).ok()?;
        if text.len() > MAX_BYTES {
            return None;
        }
        match Tuple::parse(text) {
            Some(tuple) => Some(Self::Tuple(tuple)),
            None => other(text).map(Self::Other),
        }
    }

    /// Returns the origin as text. Two origins are the same if their texts are equal.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Null => "null",
            Self::Tuple(tuple) => &tuple.text,
            Self::Other(text) => text,
        }
    }
}

/// Parses an origin whose meaning is known only to the application that sends it. It is compared as
/// text.
fn other(text: &str) -> Option<Box<str>> {
    let text = text.to_ascii_lowercase();
    let (scheme, rest) = text.split_once("://")?;
    let is_other = is_scheme(scheme)
        && default_port(scheme).is_none()
        && rest
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"/?#@\\,*\"".contains(&b));
    is_other.then(|| text.into())
}

impl Tuple {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once(':')?;
        let authority = authority.strip_prefix("//")?;
        let scheme = scheme.to_ascii_lowercase();
        let (host, port) = host_and_port(authority.as_bytes())?;
        is_scheme(&scheme).then(|| Self::new(&scheme, &host, port))
    }

    fn new(scheme: &str, host: &str, port: Option<u16>) -> Self {
        let port = explicit_port(scheme, port);
        let mut text = [scheme, "://", host].concat();
        if let Some(port) = port {
            text.push(':');
            text.push_str(&port.to_string());
        }
        Self {
            text: text.into(),
            scheme: scheme.len(),
            host: host.len(),
            port,
        }
    }

    /// Returns the scheme, in lower case.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.text.get(..self.scheme).unwrap_or_default()
    }

    /// Returns the host, in lower case. An IPv6 address includes its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.text.get(self.scheme..).unwrap_or_default();
        let rest = rest.strip_prefix("://").unwrap_or_default();
        rest.get(..self.host).unwrap_or_default()
    }

    /// Whether a request to this `:authority` is same-origin, ignoring the scheme: behind a proxy
    /// that terminates TLS, the scheme differs from the one that the browser used.
    #[must_use]
    pub fn is_at(&self, authority: &[u8]) -> bool {
        host_and_port(authority).is_some_and(|(host, port)| {
            *host == *self.host() && explicit_port(self.scheme(), port) == self.port
        })
    }
}

/// Parses host and port of an origin, and normalizes the host. A name that ends in a dot is
/// rejected: a browser treats it as a different origin from the name without the dot.
fn host_and_port(authority: &[u8]) -> Option<(Cow<'_, str>, Option<u16>)> {
    let parsed = Authority::parse(authority).ok()?;
    if parsed.host.is_empty() || parsed.host.has_final_dot() {
        return None;
    }
    let port = match parsed.port {
        None => None,
        Some(_) => Some(parsed.port_number()?),
    };
    let host = match parsed.host.normalized() {
        Cow::Borrowed(host) => Cow::Borrowed(std::str::from_utf8(host).ok()?),
        Cow::Owned(host) => Cow::Owned(String::from_utf8(host).ok()?),
    };
    Some((host, port))
}

/// Whether this is a scheme (RFC 3986, section 3.1), in lower case.
fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b))
}

/// Returns the port unless it is the scheme's default.
fn explicit_port(scheme: &str, port: Option<u16>) -> Option<u16> {
    port.filter(|port| default_port(scheme) != Some(*port))
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
