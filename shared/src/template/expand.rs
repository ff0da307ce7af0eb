//! Expands templates.

use super::{Part, Template, Variable, time};
use crate::headers::Headers;
use crate::host;
use crate::request::{Request, decode, property};
use regex::bytes::Captures;
use std::borrow::Cow;

/// Maximum size of all variables of a template together, in bytes. The template's own text is
/// limited when the configuration is loaded.
pub const MAX_EXPANDED_BYTES: usize = 8 * 1024;

/// The values of a template's variables. What is not given is missing.
#[derive(Debug, Default)]
pub struct Values<'a> {
    /// The request.
    pub request: Option<&'a Request>,
    /// Response headers, including `:status`.
    pub response: Option<&'a Headers>,
    /// The capture groups of the path pattern that matched, from group 1 on.
    pub path_captures: &'a [Option<Vec<u8>>],
    /// The capture groups of the operation's regular expression.
    pub captures: Option<&'a Captures<'a>>,
    /// The filter's own variables.
    pub extra: &'a [(&'static str, &'a [u8])],
}

/// Why a template has no value. A partial value is never used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unexpanded {
    /// A variable has no value and no default.
    #[error("a variable has no value")]
    Missing,
    /// The variables are longer than [`MAX_EXPANDED_BYTES`] together.
    #[error("the variables give more than {MAX_EXPANDED_BYTES} bytes")]
    TooLong,
}

impl Template {
    /// Returns the template's value.
    ///
    /// # Errors
    /// [`Unexpanded`] if a variable without a default is missing, or if the value is too long.
    pub fn expand(&self, values: &Values<'_>) -> Result<Vec<u8>, Unexpanded> {
        let mut expanded = Vec::new();
        self.expand_into(&mut expanded, values)?;
        Ok(expanded)
    }

    /// Returns the template's value; borrowed if the template has no variables.
    ///
    /// # Errors
    /// As [`Template::expand`].
    pub fn expanded(&self, values: &Values<'_>) -> Result<Cow<'_, [u8]>, Unexpanded> {
        match self.fixed() {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => self.expand(values).map(Cow::Owned),
        }
    }

    /// Returns the value if it is the same for every request.
    #[must_use]
    pub fn fixed(&self) -> Option<&[u8]> {
        self.as_literal()
    }

    /// Appends the template's value. After an error, `expanded` contains a partial value and must
    /// be discarded.
    ///
    /// # Errors
    /// As [`Template::expand`].
    pub(crate) fn expand_into(
        &self,
        expanded: &mut Vec<u8>,
        values: &Values<'_>,
    ) -> Result<(), Unexpanded> {
        let mut room = MAX_EXPANDED_BYTES;
        self.parts_into(expanded, values, &mut room)
    }

    /// `room` is the number of bytes left for variables.
    fn parts_into(
        &self,
        expanded: &mut Vec<u8>,
        values: &Values<'_>,
        room: &mut usize,
    ) -> Result<(), Unexpanded> {
        self.0
            .iter()
            .try_for_each(|part| part.expand_into(expanded, values, room))
    }
}

impl Template {
    /// Returns the template with all variables replaced by their values, except for the capture
    /// groups of an operation's regular expression. So anything that is the same for every match is
    /// expanded only once.
    ///
    /// # Errors
    /// As [`Template::expand`].
    pub fn with_groups_only(&self, values: &Values<'_>) -> Result<Self, Unexpanded> {
        let (mut parts, mut room) = (Vec::new(), MAX_EXPANDED_BYTES);
        self.worked_out(&mut parts, values, &mut room)?;
        Ok(Self(parts))
    }

    fn worked_out(
        &self,
        parts: &mut Vec<Part>,
        values: &Values<'_>,
        room: &mut usize,
    ) -> Result<(), Unexpanded> {
        for part in &self.0 {
            match part {
                Part::Variable { variable, default } if is_group(variable) => {
                    parts.push(Part::Variable {
                        variable: variable.clone(),
                        // A default that has no value here has none without the request either.
                        default: default.as_ref().map(|default| {
                            let worked_out = default.with_groups_only(values);
                            worked_out.unwrap_or_else(|_| default.clone())
                        }),
                    })
                }
                Part::Variable {
                    variable,
                    default: Some(default),
                } if values.get(variable).is_none() => default.worked_out(parts, values, room)?,
                part => {
                    let mut text = Vec::new();
                    part.expand_into(&mut text, values, room)?;
                    parts.push(Part::Text(text));
                }
            }
        }
        Ok(())
    }
}

impl Part {
    fn expand_into(
        &self,
        expanded: &mut Vec<u8>,
        values: &Values<'_>,
        room: &mut usize,
    ) -> Result<(), Unexpanded> {
        match self {
            Self::Text(text) => expanded.extend_from_slice(text),
            Self::Variable { variable, default } => match (values.get(variable), default) {
                (Some(value), _) => {
                    *room = room.checked_sub(value.len()).ok_or(Unexpanded::TooLong)?;
                    expanded.extend_from_slice(&value);
                }
                (None, Some(default)) => default.parts_into(expanded, values, room)?,
                (None, None) if values.is_unused_group(variable) => {}
                (None, None) => return Err(Unexpanded::Missing),
            },
        }
        Ok(())
    }
}

impl Values<'_> {
    /// Whether the variable is a capture group that took no part in a match.
    fn is_unused_group(&self, variable: &Variable) -> bool {
        match variable {
            Variable::PathGroup(n) => n
                .checked_sub(1)
                .is_some_and(|at| matches!(self.path_captures.get(at), Some(None))),
            Variable::Group(_) => self.captures.is_some(),
            Variable::Applied(_, inner) => self.is_unused_group(inner),
            _ => false,
        }
    }

    fn get<'v>(&'v self, variable: &'v Variable) -> Option<Cow<'v, [u8]>> {
        let known = |bytes: &'v [u8]| (!bytes.is_empty()).then_some(Cow::Borrowed(bytes));
        let request = self.request;
        match variable {
            Variable::RequestMethod => known(request?.method()),
            Variable::RequestScheme => known(request?.scheme()),
            Variable::RequestHost => known(request?.authority()),
            Variable::RequestHostname => known(request?.host().ok()?),
            Variable::RequestPath => known(request?.path()),
            Variable::RequestTarget => known(request?.target()?),
            Variable::RequestQuery => request?.query().map(Cow::Borrowed),
            Variable::RequestHeader(name) if name == "host" => known(request?.host().ok()?),
            Variable::RequestHeader(name) => joined(request?.headers(), name),
            Variable::RequestQueryParameter(name) => {
                request?.query_values(name).next().map(Cow::Borrowed)
            }
            Variable::RequestCookie(name) => request?.cookie_values(name).next().map(decode),
            Variable::SourceAddress => request?.source_address().map(Cow::Borrowed),
            Variable::RouteName => known(request?.route_name()?),
            Variable::ResponseStatus => self.response?.first(":status").map(Cow::Borrowed),
            Variable::ResponseHeader(name) => joined(self.response?, name),
            Variable::PathGroup(n) => {
                let group = self.path_captures.get(n.checked_sub(1)?)?;
                group.as_deref().map(Cow::Borrowed)
            }
            Variable::Group(n) => self.captures?.get(*n).map(|g| Cow::Borrowed(g.as_bytes())),
            Variable::Time(format) => Some(Cow::Owned(time::written(request?.now(), *format))),
            Variable::Property(path) => {
                let value = host::property(path.as_bytes())?;
                property::attribute(value).map(Cow::Owned)
            }
            Variable::Applied(function, inner) => {
                let value = self.get(inner);
                let value = value.or_else(|| {
                    self.is_unused_group(inner)
                        .then_some(Cow::Borrowed(&b""[..]))
                });
                value.map(|value| Cow::Owned(function.apply(&value)))
            }
            Variable::Extra(name) => {
                let (_, value) = self.extra.iter().find(|(n, _)| n == name)?;
                Some(Cow::Borrowed(value))
            }
        }
    }
}

fn is_group(variable: &Variable) -> bool {
    match variable {
        Variable::Group(_) => true,
        Variable::Applied(_, inner) => is_group(inner),
        _ => false,
    }
}

fn joined<'h>(headers: &'h Headers, name: &'h str) -> Option<Cow<'h, [u8]>> {
    if let Some(value) = headers.only(name) {
        return Some(Cow::Borrowed(value));
    }
    let separator: &[u8] = if name == "cookie" { b"; " } else { b", " };
    headers.joined(name, separator).map(Cow::Owned)
}
