//! Origins of a configuration.

use super::{Tuple, explicit_port, host_and_port, is_scheme};
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
        return Err("its scheme is invalid");
    }
    if rest.contains('@') {
        return Err("it has user information");
    }
    if rest.contains(['/', '?', '#']) {
        return Err("it has a path, a query or a fragment");
    }
    let (below, rest) = match rest.strip_prefix("*.") {
        Some(parent) => (true, parent),
        None => (false, rest),
    };
    let (rest, any_port) = match rest.strip_suffix(":*") {
        Some(host) => (host, true),
        None => (rest, false),
    };
    let Some((host, port)) = host_and_port(rest.as_bytes()) else {
        return Err(fault(rest, below));
    };
    let port = if any_port && port.is_none() {
        Port::Any
    } else if any_port {
        return Err("its port is invalid");
    } else {
        Port::Exact(explicit_port(scheme, port))
    };
    let host = match below {
        true if host.starts_with('[') => return Err("its host is invalid"),
        true if !host.contains('.') => {
            return Err("its wildcard would cover a whole top-level domain");
        }
        true => Host::Below(format!(".{host}").into()),
        false => Host::Exact(host.into()),
    };
    Ok(match (host, port) {
        (Host::Exact(host), Port::Exact(port)) => {
            OriginPattern::Exact(Tuple::new(scheme, &host, port).text)
        }
        (host, port) => OriginPattern::Wildcard(Wildcard {
            scheme: scheme.into(),
            host,
            port,
        }),
    })
}

/// Why a text is not the host and port of an origin.
fn fault(text: &str, below: bool) -> &'static str {
    let after_address = text.find(']').unwrap_or(0);
    let colon = text
        .get(after_address..)
        .and_then(|rest| rest.find(':'))
        .map_or(text.len(), |at| after_address.saturating_add(at));
    let host = text.get(..colon).unwrap_or(text);
    if host_and_port(host.as_bytes()).is_some() {
        "its port is invalid"
    } else if host.contains('*') && !below {
        "a wildcard stands for whole labels at the beginning of the host"
    } else {
        "its host is invalid"
    }
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

    /// Whether it fits any origin, so that a page of an attacker fits too.
    #[must_use]
    pub fn fits_anything(&self) -> bool {
        // No host is below `.invalid` (RFC 2606, section 2).
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
mod tests;
