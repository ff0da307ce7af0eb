//! Strict parsing of the host and port of a request, an origin or a URI: `host[:port]` (RFC 3986,
//! sections 3.2.2 and 3.2.3).
//!
//! Anything else is malformed, so a server cannot find a host in a text in which a filter finds
//! none.

use std::borrow::Cow;
use std::net::Ipv6Addr;

/// A host with an optional port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authority<'a> {
    /// The host; empty if the text has none.
    pub host: Host<'a>,
    /// The digits after the colon: empty for `host:`, `None` without a colon.
    pub port: Option<&'a [u8]>,
}

/// The text is not `host[:port]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host is malformed")]
pub struct MalformedHost;

impl<'a> Authority<'a> {
    /// Parses `host[:port]`. The host is a name of letters, digits, `-`, `_` and `.`, an IPv4
    /// address, or an IPv6 address in brackets. A name may end in one dot. The host and the digits
    /// of the port may be missing.
    ///
    /// # Errors
    /// [`MalformedHost`] for anything else: userinfo, another colon, an empty label, a port with
    /// other bytes.
    pub fn parse(text: &'a [u8]) -> Result<Self, MalformedHost> {
        let after_address = text.iter().position(|b| *b == b']').unwrap_or(0);
        let colon = text
            .iter()
            .skip(after_address)
            .position(|b| *b == b':')
            .and_then(|at| text.split_at_checked(after_address.saturating_add(at)));
        let (host, port) = match colon {
            None => (text, None),
            Some((host, port)) => (host, port.get(1..)),
        };
        if !port.unwrap_or_default().iter().all(u8::is_ascii_digit) {
            return Err(MalformedHost);
        }
        Ok(Self {
            host: Host::parse(host)?,
            port,
        })
    }

    /// Returns the port as a number; `None` if it is missing, empty or above 65535.
    #[must_use]
    pub fn port_number(&self) -> Option<u16> {
        std::str::from_utf8(self.port?).ok()?.parse().ok()
    }
}

/// A well-formed host, which may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host<'a> {
    text: &'a [u8],
    ipv6: Option<Ipv6Addr>,
}

impl<'a> Host<'a> {
    fn parse(text: &'a [u8]) -> Result<Self, MalformedHost> {
        let bracketed = text.strip_prefix(b"[").and_then(|t| t.strip_suffix(b"]"));
        if let Some(address) = bracketed {
            let address = std::str::from_utf8(address)
                .ok()
                .and_then(|a| a.parse().ok());
            return address.map_or(Err(MalformedHost), |address| {
                Ok(Self {
                    text,
                    ipv6: Some(address),
                })
            });
        }
        let host = Self { text, ipv6: None };
        let is_name = host.name().split(|b| *b == b'.').all(|label| {
            !label.is_empty()
                && label
                    .iter()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        });
        (is_name || text.is_empty())
            .then_some(host)
            .ok_or(MalformedHost)
    }

    /// Whether the host is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether the name ends in a dot. A server treats it as the same host, a browser as another
    /// origin.
    #[must_use]
    pub fn has_final_dot(&self) -> bool {
        self.text.ends_with(b".")
    }

    /// Returns the host as written, without a final dot.
    #[must_use]
    pub fn name(&self) -> &'a [u8] {
        self.text.strip_suffix(b".").unwrap_or(self.text)
    }

    /// Returns the address if the host is an IPv6 address.
    #[must_use]
    pub fn ipv6(&self) -> Option<Ipv6Addr> {
        self.ipv6
    }

    /// Returns the canonical form of the host: in lower case, without a final dot, an IPv6 address
    /// as in RFC 5952, in brackets.
    #[must_use]
    pub fn normalized(&self) -> Cow<'a, [u8]> {
        let name = self.name();
        if let Some(address) = self.ipv6 {
            let canonical = format!("[{address}]");
            return if canonical.as_bytes() == name {
                Cow::Borrowed(name)
            } else {
                Cow::Owned(canonical.into_bytes())
            };
        }
        if name.iter().any(u8::is_ascii_uppercase) {
            Cow::Owned(name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(name)
        }
    }
}

#[cfg(test)]
mod tests;
