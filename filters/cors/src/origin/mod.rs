//! Origins (Fetch standard, "`Origin` header"; RFC 6454, section 6.2).

mod pattern;

use filter_kit::request::Authority;
use std::borrow::Cow;

pub use pattern::{OriginPattern, OriginRegex, Wildcard};

/// The longest `origin` header that is looked at, in bytes. A host name has at most 253.
const MAX_BYTES: usize = 512;

/// What a request's `origin` header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `null`: a sandboxed frame, a local file, a redirect across origins.
    Null,
    /// `scheme://host[:port]`.
    Tuple(Tuple),
}

/// Scheme, host and port of an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuple {
    /// In lower case and without a port that is the scheme's default; two origins are the same if these texts are.
    pub text: Box<str>,
    scheme: usize,
    host: usize,
    port: Option<u16>,
}

impl Origin {
    /// Reads the value of an `origin` header. What is not a serialized origin is `None`, and allowed by no policy.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        if value == b"null" {
            return Some(Self::Null);
        }
        let text = std::str::from_utf8(value).ok()?;
        (text.len() <= MAX_BYTES)
            .then(|| Tuple::parse(text))
            .flatten()
            .map(Self::Tuple)
    }
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

    /// The scheme, in lower case.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.text.get(..self.scheme).unwrap_or_default()
    }

    /// The host, in lower case. An IPv6 address has its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.text.get(self.scheme..).unwrap_or_default();
        let rest = rest.strip_prefix("://").unwrap_or_default();
        rest.get(..self.host).unwrap_or_default()
    }

    /// Whether a request to this `:authority` stays within the origin. The scheme is left out: behind a proxy that ends TLS it is not
    /// the one that the browser used.
    #[must_use]
    pub fn is_at(&self, authority: &[u8]) -> bool {
        host_and_port(authority).is_some_and(|(host, port)| {
            *host == *self.host() && explicit_port(self.scheme(), port) == self.port
        })
    }
}

/// Host and port of an origin, the host in normal form. A name that ends in a dot is no host of an origin: to a browser it is another
/// origin than the one without the dot.
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

/// RFC 3986, section 3.1, in lower case.
fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b))
}

/// The port, where it is not the scheme's default.
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: &[u8]) -> Option<String> {
        match Origin::parse(value)? {
            Origin::Null => Some("null".to_owned()),
            Origin::Tuple(tuple) => Some(tuple.text.into()),
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_else() {
        for (value, expected) in [
            ("https://example.org", Some("https://example.org")),
            ("https://EXAMPLE.org", Some("https://example.org")),
            ("HTTPS://example.org:443", Some("https://example.org")),
            ("http://example.org:80", Some("http://example.org")),
            ("http://example.org:443", Some("http://example.org:443")),
            ("https://example.org:8443", Some("https://example.org:8443")),
            ("http://[::1]:3000", Some("http://[::1]:3000")),
            ("http://127.0.0.1", Some("http://127.0.0.1")),
            ("capacitor://localhost", Some("capacitor://localhost")),
            ("null", Some("null")),
            ("NULL", None),
            ("", None),
            ("example.org", None),
            ("//example.org", None),
            ("https://", None),
            ("https://:443", None),
            ("https://example.org:", None),
            ("https://example.org:65536", None),
            ("https://example.org:+1", None),
            ("https://example.org/", None),
            ("https://example.org?a", None),
            ("https://example.org#.good.com", None),
            ("https://user@example.org", None),
            ("https://example.org.", None),
            ("https://a..example.org", None),
            ("https://exam ple.org", None),
            ("https://ex%61mple.org", None),
            ("https://[::1", None),
            ("https://[::1]x", None),
            ("http://[0:0::1]", Some("http://[::1]")),
            ("http://[::zz]", None),
            ("https://a:80:80", None),
            ("https://a.example, https://b.example", None),
            ("https://a.example https://b.example", None),
            ("1http://a", None),
        ] {
            assert_eq!(text(value.as_bytes()).as_deref(), expected, "{value}");
        }
        assert_eq!(text(b"https://ex\xe9mple.org"), None);
        let long = format!("https://{}", "a".repeat(20_000));
        assert_eq!(text(long.as_bytes()), None);
    }

    #[test]
    fn a_request_to_the_origins_own_host_and_port_stays_within_it() {
        for (origin, authority, same) in [
            ("https://example.org", "example.org", true),
            ("https://example.org", "EXAMPLE.org:443", true),
            ("https://example.org", "example.org:8443", false),
            ("http://localhost:3000", "localhost:3000", true),
            ("http://localhost:3000", "localhost", false),
            ("https://example.org", "api.example.org", false),
            ("https://example.org", "", false),
            ("https://example.org", "example.org.", false),
            ("https://example.org", "example.org:", false),
            ("https://example.org", "x@example.org", false),
            ("http://[::1]:3000", "[0:0::1]:3000", true),
        ] {
            let Some(Origin::Tuple(tuple)) = Origin::parse(origin.as_bytes()) else {
                panic!("{origin}");
            };
            assert_eq!(
                tuple.is_at(authority.as_bytes()),
                same,
                "{origin} {authority}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic_and_the_text_reads_as_itself(value: Vec<u8>) {
            if let Some(Origin::Tuple(tuple)) = Origin::parse(&value) {
                prop_assert_eq!(text(tuple.text.as_bytes()), Some(tuple.text.clone().into_string()));
                let _ = (tuple.host(), tuple.is_at(&value));
            }
        }

        #[test]
        fn what_looks_like_an_origin_is_read_without_panic(value in "[a-z]{0,4}:?/{0,3}\\[?[a-z.:*]{0,8}\\]?:?[0-9*]{0,6}") {
            let _ = Origin::parse(value.as_bytes());
            let _ = OriginPattern::try_from(value);
        }
    }
}
