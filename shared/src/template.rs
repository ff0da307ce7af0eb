//! Templates: `prod-${request.host}`, `${request.header.x-tenant | public}`.
//!
//! | Variable | Value |
//! |---|---|
//! | `request.method` `.scheme` `.host` `.path` `.query` | as the client sent them; `host` with its port, `path` without query |
//! | `request.hostname` | the host without port, in lower case |
//! | `request.target` | path and query, as the client sent them |
//! | `request.id` | Envoy's `x-request-id` |
//! | `request.header.NAME` | all values, joined by `, ` (`cookie`: by `; `) |
//! | `request.query.NAME`, `request.cookie.NAME` | the first value, percent-decoded once |
//! | `source.address` | the client's address as trusted by Envoy, without the port |
//! | `route.name` | the name of the route that Envoy selected |
//! | `request.time` `.time_unix` `.time_unix_ms` | the time of the request: RFC 3339 in UTC; seconds, milliseconds since 1970 |
//! | `property.NAME…` | an attribute of Envoy, such as `property.connection.requested_server_name`; a number in decimal |
//! | `response.status`, `response.header.NAME` | in responses only |
//! | `match.N`, `N` | a capture group of the path pattern that matched; of the operation's own regular expression |
//! | `env.NAME` | a variable of `vm_config.environment_variables`, read at load |
//!
//! `url(…)`, `base64(…)`, `base64url(…)`, `lower(…)`, `upper(…)` and `sha256(…)` around a variable
//! change its value, but not a default. `${variable | default}` gives a default for a missing
//! value; the default may itself be a template. A capture group that took no part in a match is
//! empty. `$$` is a dollar sign, and so is a single `$` on its own. A value is expanded once: what
//! a client sends is never treated as a template.

mod expand;
mod function;
mod parse;
mod time;

use crate::request::Request;
use function::Function;

pub use expand::{MAX_EXPANDED_BYTES, Unexpanded, Values};
pub use parse::{MAX_LITERAL_BYTES, Scope};

/// A text with variables, checked when the configuration is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Vec<u8>),
    Variable {
        variable: Variable,
        default: Option<Template>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Variable {
    RequestMethod,
    RequestScheme,
    RequestHost,
    RequestHostname,
    RequestPath,
    RequestTarget,
    RequestQuery,
    RequestHeader(String),
    RequestQueryParameter(String),
    RequestCookie(String),
    SourceAddress,
    RouteName,
    ResponseStatus,
    ResponseHeader(String),
    /// A group of the rule's path pattern, from 1.
    PathGroup(usize),
    /// A group of the operation's regular expression, from 0.
    Group(usize),
    /// A variable defined by the filter itself, such as `limit.name`.
    Extra(&'static str),
    /// The time at which the request first read the clock.
    Time(TimeFormat),
    /// An attribute of Envoy, with its path joined by NUL.
    Property(String),
    /// A function applied to another variable.
    Applied(Function, Box<Variable>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimeFormat {
    /// RFC 3339, in UTC, whole seconds.
    Rfc3339,
    Seconds,
    Milliseconds,
}

impl Template {
    /// Creates a template that consists of just this text.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self(vec![Part::Text(text.as_bytes().to_vec())])
    }

    /// Returns the text, if the template has no variables.
    #[must_use]
    pub fn as_literal(&self) -> Option<&[u8]> {
        match self.0.as_slice() {
            [] => Some(b""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether the value depends on the host. If so, a request with a malformed host has to be
    /// refused.
    #[must_use]
    pub fn looks_at_host(&self) -> bool {
        self.variables().iter().any(|variable| match variable {
            Variable::RequestHost | Variable::RequestHostname => true,
            Variable::RequestHeader(name) => name == "host",
            _ => false,
        })
    }

    /// Whether the value depends on the request.
    #[must_use]
    pub fn looks_at_request(&self) -> bool {
        self.variables().iter().any(|variable| match variable {
            Variable::RequestMethod
            | Variable::RequestScheme
            | Variable::RequestHost
            | Variable::RequestHostname
            | Variable::RequestPath
            | Variable::RequestTarget
            | Variable::RequestQuery
            | Variable::RequestHeader(_)
            | Variable::RequestQueryParameter(_)
            | Variable::RequestCookie(_)
            | Variable::SourceAddress
            | Variable::RouteName
            | Variable::Time(_)
            | Variable::Property(_) => true,
            Variable::ResponseStatus
            | Variable::ResponseHeader(_)
            | Variable::PathGroup(_)
            | Variable::Group(_)
            | Variable::Extra(_)
            | Variable::Applied(..) => false,
        })
    }

    /// Whether the value depends on the response.
    #[must_use]
    pub fn looks_at_response(&self) -> bool {
        self.variables().iter().any(|variable| {
            matches!(
                variable,
                Variable::ResponseStatus | Variable::ResponseHeader(_)
            )
        })
    }

    /// Returns the request headers that the template uses.
    pub fn request_headers(&self) -> impl Iterator<Item = &str> {
        let variables = self.variables().into_iter();
        variables.filter_map(|variable| match variable {
            Variable::RequestHeader(name) => Some(name.as_str()),
            Variable::RequestCookie(_) => Some("cookie"),
            _ => None,
        })
    }

    /// Reads everything that the template needs from a request, while the request can be read.
    pub fn read(&self, request: &Request) {
        for variable in self.variables() {
            match variable {
                Variable::SourceAddress => {
                    let _ = request.source_address();
                }
                Variable::RouteName => {
                    let _ = request.route_name();
                }
                Variable::Time(_) => {
                    let _ = request.now();
                }
                _ => {
                    let _ = request.headers();
                }
            }
        }
    }

    /// Returns the variables, including those in defaults.
    fn variables(&self) -> Vec<&Variable> {
        let mut variables = Vec::new();
        for part in &self.0 {
            if let Part::Variable { variable, default } = part {
                variables.push(match variable {
                    Variable::Applied(_, inner) => inner,
                    other => other,
                });
                variables.extend(default.iter().flat_map(Self::variables));
            }
        }
        variables
    }
}

#[cfg(test)]
mod tests;
