//! Origins in a configuration.

mod foreign;

use super::{Origin, Tuple, explicit_port, host_and_port, is_scheme, other};
use filter_kit::values::{Anchoring, Pattern};
use serde::Deserialize;

pub(crate) use foreign::ForeignOrigin;

/// An origin that a policy allows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum OriginPattern {
    /// `*`: every origin.
    Any,
    /// `null`.
    Null,
    /// This origin, in the form of [`Origin::text`].
    Exact(Box<str>),
    /// Every origin of this scheme: `https://*`.
    Scheme(Box<str>),
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
    /// Includes the dot: `.example.org`.
    Below(Box<str>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Port {
    Any,
    /// `None` is the scheme's default.
    Exact(Option<u16>),
}

const RULE: &str = "accepted are scheme://host[:port], with \"*.\" before at least two labels or \":*\" as the port, scheme://*, \"null\" and \"*\"";

const WHOLE_LABELS: &str = "* stands for whole labels at the start of the host";

impl TryFrom<String> for OriginPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse(&text.to_ascii_lowercase())
            .map_err(|reason| format!("\"{text}\" is not an origin: {reason}; {RULE}"))
    }
}

fn parse(text: &str) -> Result<OriginPattern, String> {
    match text {
        "*" => return Ok(OriginPattern::Any),
        "null" => return Ok(OriginPattern::Null),
        _ => {}
    }
    let (scheme, rest) = text.split_once("://").ok_or("the scheme is missing")?;
    if !is_scheme(scheme) {
        return Err("the scheme is invalid".to_owned());
    }
    if rest == "*" {
        return Ok(OriginPattern::Scheme(scheme.into()));
    }
    if rest.contains('@') {
        return Err("user information is not part of an origin".to_owned());
    }
    if rest.contains(['/', '?', '#']) {
        return Err("a path, query or fragment is not part of an origin".to_owned());
    }
    let (below, authority) = match rest.strip_prefix("*.") {
        Some(parent) => (true, parent),
        None => (false, rest),
    };
    let (authority, any_port) = match authority.strip_suffix(":*") {
        Some(host) => (host, true),
        None => (authority, false),
    };
    let Some((host, port)) = host_and_port(authority.as_bytes()) else {
        return match other(text) {
            Some(text) => Ok(OriginPattern::Exact(text)),
            None => Err(fault(text, authority, below)),
        };
    };
    let port = if any_port && port.is_none() {
        Port::Any
    } else if any_port {
        return Err("the port is invalid".to_owned());
    } else {
        Port::Exact(explicit_port(scheme, port))
    };
    let host = match below {
        true if host.starts_with('[') => return Err("the host is missing or invalid".to_owned()),
        true if !host.contains('.') => {
            return Err("the wildcard covers a whole top-level domain".to_owned());
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

/// Explains why `authority` of the origin `text` is not a host and port.
fn fault(text: &str, authority: &str, below: bool) -> String {
    let after_address = authority.find(']').unwrap_or(0);
    let colon = authority
        .get(after_address..)
        .and_then(|rest| rest.find(':'))
        .map_or(authority.len(), |at| after_address.saturating_add(at));
    let host = authority.get(..colon).unwrap_or(authority);
    if host_and_port(host.as_bytes()).is_some() {
        "the port is invalid".to_owned()
    } else if host.contains('*') {
        let labels = host.rsplit('.').take(2);
        // Only if the rest of the host determines its owner.
        let is_owned = labels.clone().count() == 2 && labels.clone().all(|l| !l.contains('*'));
        match is_owned && !below {
            true => format!(
                "{WHOLE_LABELS}; for a part of a label use allow_origin_regexes, as \"{}\"",
                as_regex(text)
            ),
            false => format!("{WHOLE_LABELS}; for other patterns use allow_origin_regexes"),
        }
    } else {
        "the host is missing or invalid".to_owned()
    }
}

/// Returns a regular expression in which each `*` matches a part of a label.
fn as_regex(text: &str) -> String {
    text.replace('.', "\\.").replace('*', "[a-z0-9-]+")
}

impl OriginPattern {
    /// Returns an origin that this pattern matches although anyone can obtain it.
    #[must_use]
    pub fn foreign_origin(&self) -> Option<ForeignOrigin> {
        foreign::of_pattern(self)
    }
}

impl Wildcard {
    /// Whether an origin matches. `*.` matches one or more whole labels, so it never matches the
    /// parent itself.
    #[must_use]
    pub fn matches(&self, origin: &Tuple) -> bool {
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

/// A regular expression for whole origins, as [`Origin::text`] has them.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct OriginRegex {
    text: Box<str>,
    pattern: Pattern,
}

impl TryFrom<String> for OriginRegex {
    type Error = String;

    fn try_from(regex: String) -> Result<Self, String> {
        let pattern = Pattern::new(&regex, Anchoring::Whole)?;
        if let Some(reason) = foreign::why_never(&regex, pattern.is_match(b"null")) {
            return Err(format!("\"{regex}\" can never match: {reason}"));
        }
        Ok(Self {
            text: regex.into(),
            pattern,
        })
    }
}

impl OriginRegex {
    /// Whether an origin matches.
    #[must_use]
    pub fn matches(&self, origin: &Origin) -> bool {
        self.pattern.is_match(origin.text().as_bytes())
    }

    /// Returns an origin that this expression matches although anyone can obtain it.
    #[must_use]
    pub fn foreign_origin(&self) -> Option<ForeignOrigin> {
        foreign::of_regex(&self.text, |origin| self.matches(origin))
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
    "scheme://host[:port], with `*.` before at least two labels or `:*` as the port; `scheme://*`, `null` and `*`"
);
#[cfg(feature = "schema")]
string_schema!(
    OriginRegex,
    "a regular expression that must match the whole origin"
);

#[cfg(test)]
mod tests;
