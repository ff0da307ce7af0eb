//! Templates: `prod-${request.host}`, `${request.header.x-tenant | public}`.
//!
//! | Variable | Value |
//! |---|---|
//! | `request.method` `.scheme` `.host` `.path` `.query` | as the client sent them; `host` with its port, `path` without query |
//! | `request.id` | Envoy's `x-request-id` |
//! | `request.header.NAME` | all values, joined by `, ` (`cookie`: by `; `) |
//! | `request.query.NAME`, `request.cookie.NAME` | the first value, percent-decoded once |
//! | `source.address` | the client's address as Envoy trusts it, without the port |
//! | `route.name` | the name of the route that Envoy chose |
//! | `response.status`, `response.header.NAME` | in responses only |
//! | `match.N`, `N` | a capture group of the path pattern that matched; of the regular expression at hand |
//! | `env.NAME` | a variable of `vm_config.environment_variables`, read at load |
//!
//! `${variable | default}` gives a value for what is missing. `$$` is a dollar sign, and a lone `$` stands for itself. A value
//! is expanded once: what a client sends is never a template.

mod expand;
mod parse;

use crate::request::Needs;

pub use expand::{MAX_EXPANDED_BYTES, Unexpanded, Values};
pub use parse::Scope;

/// A text with variables, checked at load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Vec<u8>),
    Variable {
        variable: Variable,
        default: Option<Vec<u8>>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Variable {
    RequestMethod,
    RequestScheme,
    RequestHost,
    RequestPath,
    RequestQuery,
    RequestHeader(String),
    RequestQueryParameter(String),
    RequestCookie(String),
    SourceAddress,
    RouteName,
    ResponseStatus,
    ResponseHeader(String),
    /// Group of the rule's path pattern, from 1.
    PathGroup(usize),
    /// Group of the operation's regular expression, from 0.
    Group(usize),
    /// A variable that the filter itself offers, such as `limit.name`.
    Extra(&'static str),
}

impl Template {
    /// A template that is just this text.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self(vec![Part::Text(text.as_bytes().to_vec())])
    }

    /// The text, where the template has no variables.
    #[must_use]
    pub fn as_literal(&self) -> Option<&[u8]> {
        match self.0.as_slice() {
            [] => Some(b""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// What has to be known of a request to expand it.
    #[must_use]
    pub fn needs(&self) -> Needs {
        Needs::any(self.0.iter().map(|part| match part {
            Part::Text(_) => Needs::default(),
            Part::Variable { variable, .. } => variable.needs(),
        }))
    }
}

impl Variable {
    fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        match self {
            Self::RequestMethod => needs.method = true,
            Self::RequestScheme => needs.scheme = true,
            Self::RequestHost => needs.authority = true,
            Self::RequestPath
            | Self::RequestQuery
            | Self::RequestQueryParameter(_)
            | Self::PathGroup(_) => {
                needs.target = true;
            }
            Self::RequestHeader(_) | Self::RequestCookie(_) => needs.headers = true,
            Self::SourceAddress => needs.source_address = true,
            Self::RouteName => needs.route_name = true,
            Self::ResponseStatus | Self::ResponseHeader(_) => needs.response_headers = true,
            Self::Group(_) | Self::Extra(_) => {}
        }
        needs
    }
}

#[cfg(test)]
mod tests;
