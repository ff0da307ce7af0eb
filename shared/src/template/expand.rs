//! From template and request to bytes.

use super::{Part, Template, Variable, time};
use crate::headers::Headers;
use crate::host;
use crate::request::{Request, decode, property};
use regex::bytes::Captures;
use std::borrow::Cow;

/// The most that the variables of a template may give together, in bytes. What the configuration
/// says itself has a bound at load.
pub const MAX_EXPANDED_BYTES: usize = 8 * 1024;

/// What the variables of a template stand for. What is not given is missing.
#[derive(Debug, Default)]
pub struct Values<'a> {
    /// The request.
    pub request: Option<&'a Request>,
    /// Headers of the response, `:status` among them.
    pub response: Option<&'a Headers>,
    /// Capture groups of the path pattern that matched, from group 1 on.
    pub path_captures: &'a [Option<Vec<u8>>],
    /// Capture groups of the operation's regular expression.
    pub captures: Option<&'a Captures<'a>>,
    /// The filter's own variables.
    pub extra: &'a [(&'static str, &'a [u8])],
}

/// Why a template gives no value. Nothing is done with half of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unexpanded {
    /// A variable has no value, and no default is given.
    #[error("a variable has no value")]
    Missing,
    /// Its variables give more than [`MAX_EXPANDED_BYTES`].
    #[error("the variables give more than {MAX_EXPANDED_BYTES} bytes")]
    TooLong,
}

impl Template {
    /// The template's value.
    ///
    /// # Errors
    /// [`Unexpanded`] where a variable without default is missing, or the value is too long.
    pub fn expand(&self, values: &Values<'_>) -> Result<Vec<u8>, Unexpanded> {
        let mut expanded = Vec::new();
        self.expand_into(&mut expanded, values)?;
        Ok(expanded)
    }

    /// The template's value; a text without variables as it stands in the template.
    ///
    /// # Errors
    /// As [`Template::expand`].
    pub fn expanded(&self, values: &Values<'_>) -> Result<Cow<'_, [u8]>, Unexpanded> {
        match self.fixed() {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => self.expand(values).map(Cow::Owned),
        }
    }

    /// The value, where it is the same for every request.
    #[must_use]
    pub fn fixed(&self) -> Option<&[u8]> {
        self.as_literal()
    }

    /// Appends the template's value. On an error `expanded` holds part of a value and is to be
    /// thrown away.
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

    /// `room` is what variables may still give.
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
    /// The template with all variables replaced by their values but the capture groups of an
    /// operation's regular expression: what is the same for every occurrence is worked out once.
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
                        // One that cannot be worked out has no value without the request either.
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
    /// Whether this is a capture group that took no part in a match.
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
