//! Origins of a configuration.

use super::{Tuple, default_port, is_host, is_scheme, parse_port, split_port};
use filter_kit::values::{Anchoring, Pattern};
use serde::Deserialize;

/// An origin that a policy allows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum OriginPattern {
    /// `*`: every origin but `null`.
    Any,
    /// `null`.
    Null,
    /// This origin, in the form of [`Tuple::text`].
    Exact(Box<str>),
    /// Origins with this scheme, host and port.
    Wildcard(Wildcard),
}

/// An origin with a wildcard in its host, its port, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wildcard {
    scheme: Box<str>,
    host: Host,
    port: Port,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Exact(Box<str>),
    /// From the dot on: `.example.org`.
    Below(Box<str>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Port {
    Any,
    /// `None` is the scheme's default.
    Exact(Option<u16>),
}

const RULE: &str = "scheme://host[:port] is accepted, with \"*.\" before at least two labels or \":*\" as the port; also \"null\" and \"*\"";

impl TryFrom<String> for OriginPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse(&text.to_ascii_lowercase())
            .map_err(|reason| format!("\"{text}\" is not an origin: {reason}; {RULE}"))
    }
}

fn parse(text: &str) -> Result<OriginPattern, &'static str> {
    match text {
        "*" => return Ok(OriginPattern::Any),
        "null" => return Ok(OriginPattern::Null),
        _ => {}
    }
    let (scheme, rest) = text.split_once("://").ok_or("it has no scheme")?;
    if !is_scheme(scheme) {
        return Err("its scheme is none");
    }
    if rest.contains('@') {
        return Err("it has user information");
    }
    if rest.contains(['/', '?', '#']) {
        return Err("it has a path, a query or a fragment");
    }
    let (host, port) = split_port(rest).ok_or("its host is none")?;
    let port = match port {
        Some("*") => Port::Any,
        Some(port) => Port::Exact(Some(parse_port(port).ok_or("its port is none")?)),
        None => Port::Exact(None),
    };
    let host = match host.strip_prefix("*.") {
        Some(parent) if !is_host(parent) || parent.starts_with('[') => {
            return Err("its host is none");
        }
        Some(parent) if !parent.contains('.') => {
            return Err("its wildcard would cover a whole top-level domain");
        }
        Some(parent) => Host::Below(format!(".{parent}").into()),
        None if host.contains('*') => {
            return Err("a wildcard stands for whole labels at the beginning of the host");
        }
        None if !is_host(host) => return Err("its host is none"),
        None => Host::Exact(host.into()),
    };
    Ok(match (host, port) {
        (Host::Exact(host), Port::Exact(port)) => {
            OriginPattern::Exact(Tuple::new(scheme, &host, port).text)
        }
        (host, port) => OriginPattern::Wildcard(Wildcard {
            scheme: scheme.into(),
            host,
            port: match port {
                Port::Exact(Some(port)) if default_port(scheme) == Some(port) => Port::Exact(None),
                other => other,
            },
        }),
    })
}

impl Wildcard {
    /// Whether an origin fits. `*.` stands for one or more whole labels, so never for the parent itself.
    #[must_use]
    pub fn fits(&self, origin: &Tuple) -> bool {
        let host = match &self.host {
            Host::Exact(host) => **host == *origin.host(),
            Host::Below(parent) => origin
                .host()
                .strip_suffix(&**parent)
                .is_some_and(|labels| !labels.is_empty()),
        };
        let port = match self.port {
            Port::Any => true,
            Port::Exact(port) => port == origin.port,
        };
        host && port && *self.scheme == *origin.scheme()
    }
}

/// A regular expression for whole origins, as [`Tuple::text`] has them.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct OriginRegex(Pattern);

impl TryFrom<String> for OriginRegex {
    type Error = String;

    fn try_from(regex: String) -> Result<Self, String> {
        Pattern::new(&regex, Anchoring::Whole).map(Self)
    }
}

impl OriginRegex {
    /// Whether an origin fits.
    #[must_use]
    pub fn fits(&self, origin: &Tuple) -> bool {
        self.0.is_match(origin.text.as_bytes())
    }

    /// Whether it fits origins that nobody can have meant.
    #[must_use]
    pub fn fits_anything(&self) -> bool {
        // `.invalid` is nobody's (RFC 2606, section 2).
        ["https://a.invalid", "https://b-1.invalid"]
            .iter()
            .all(|origin| self.0.is_match(origin.as_bytes()))
    }
}

#[cfg(feature = "schema")]
macro_rules! string_schema {
    ($type:ty, $description:literal) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string", "description": $description})
            }
        }
    };
}
#[cfg(feature = "schema")]
string_schema!(
    OriginPattern,
    "scheme://host[:port], with `*.` before at least two labels or `:*` as the port; also `null` and `*`"
);
#[cfg(feature = "schema")]
string_schema!(
    OriginRegex,
    "a regular expression that must match the whole origin"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Origin;

    fn fits(pattern: &str, origin: &str) -> bool {
        let Some(Origin::Tuple(origin)) = Origin::parse(origin.as_bytes()) else {
            return false;
        };
        match OriginPattern::try_from(pattern.to_owned()).unwrap() {
            OriginPattern::Exact(text) => text == origin.text,
            OriginPattern::Wildcard(wildcard) => wildcard.fits(&origin),
            OriginPattern::Any | OriginPattern::Null => panic!("{pattern}"),
        }
    }

    #[test]
    fn patterns_fit_by_scheme_whole_labels_and_port() {
        for (pattern, origin, expected) in [
            ("https://app.example.com", "https://app.example.com", true),
            (
                "https://app.example.com",
                "https://APP.example.com:443",
                true,
            ),
            (
                "https://app.example.com:443",
                "https://app.example.com",
                true,
            ),
            ("https://App.Example.com", "https://app.example.com", true),
            ("https://app.example.com", "http://app.example.com", false),
            (
                "https://app.example.com",
                "https://app.example.com:8443",
                false,
            ),
            ("https://app.example.com", "https://app.example.com.", false),
            ("https://*.example.org", "https://a.example.org", true),
            ("https://*.example.org", "https://a.b.example.org", true),
            ("https://*.example.org", "https://A.example.org:443", true),
            ("https://*.example.org", "https://example.org", false),
            ("https://*.example.org", "https://xexample.org", false),
            (
                "https://*.example.org",
                "https://a.example.org.evil.com",
                false,
            ),
            ("https://*.example.org", "https://a.example.org:8443", false),
            (
                "https://*.example.org",
                "https://evil.com#.example.org",
                false,
            ),
            (
                "https://*.example.org:8443",
                "https://a.example.org:8443",
                true,
            ),
            ("https://*.example.org:443", "https://a.example.org", true),
            ("https://*.example.org:*", "https://a.example.org:1", true),
            ("http://localhost:*", "http://localhost", true),
            ("http://localhost:*", "http://localhost:5173", true),
            ("http://localhost:*", "https://localhost:5173", false),
            ("http://localhost:*", "http://localhost.evil.com:80", false),
            ("http://[::1]:*", "http://[::1]:8080", true),
        ] {
            assert_eq!(fits(pattern, origin), expected, "{pattern} {origin}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused_with_the_reason() {
        for (pattern, reason) in [
            ("", "no scheme"),
            ("example.org", "no scheme"),
            ("*.example.org", "no scheme"),
            ("://example.org", "scheme is none"),
            ("https://", "host is none"),
            ("https://example.org/", "a path"),
            ("https://example.org/app", "a path"),
            ("https://example.org?a=b", "a query"),
            ("https://example.org#a", "a fragment"),
            ("https://user:pass@example.org", "user information"),
            ("https://example.org:x", "port is none"),
            ("https://example.org:", "port is none"),
            ("https://example.org.", "host is none"),
            ("https://bücher.example", "host is none"),
            ("https://*", "whole labels"),
            ("https://*example.org", "whole labels"),
            ("https://a*.example.org", "whole labels"),
            ("https://a.*.example.org", "whole labels"),
            ("https://example.*", "whole labels"),
            ("https://*.", "host is none"),
            ("https://*.org", "top-level domain"),
            ("https://*.*.example.org", "host is none"),
            ("https://example.org:80*", "port is none"),
            ("*://example.org", "scheme is none"),
            ("**", "no scheme"),
        ] {
            let error = OriginPattern::try_from(pattern.to_owned()).unwrap_err();
            assert!(error.contains(reason), "{pattern}: {error}");
        }
    }

    #[test]
    fn a_regex_that_fits_anything_is_told_from_one_that_does_not() {
        for (regex, anything) in [
            (".*", true),
            ("https://.*", true),
            ("https?://[a-z0-9.-]+", true),
            (r"https://pr-[0-9]+\.preview\.example\.dev", false),
            (r"https://.*\.example\.dev", false),
        ] {
            let parsed = OriginRegex::try_from(regex.to_owned()).unwrap();
            assert_eq!(parsed.fits_anything(), anything, "{regex}");
        }
    }
}
