//! From template and request to bytes.

use super::{Part, Template, Variable};
use crate::headers::Headers;
use crate::request::{Request, decode};
use regex::bytes::Captures;
use std::borrow::Cow;

/// The longest value that a template may give, in bytes.
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
    /// The value is longer than [`MAX_EXPANDED_BYTES`].
    #[error("the value is longer than {MAX_EXPANDED_BYTES} bytes")]
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
            .filter(|text| text.len() <= MAX_EXPANDED_BYTES)
    }

    /// Appends the template's value. On an error `expanded` holds part of a value and is to be thrown away.
    ///
    /// # Errors
    /// As [`Template::expand`]; the cap holds for all of `expanded`.
    pub fn expand_into(
        &self,
        expanded: &mut Vec<u8>,
        values: &Values<'_>,
    ) -> Result<(), Unexpanded> {
        for part in &self.0 {
            part.expand_into(expanded, values)?;
            if expanded.len() > MAX_EXPANDED_BYTES {
                return Err(Unexpanded::TooLong);
            }
        }
        Ok(())
    }
}

impl Template {
    /// The template with all variables replaced by their values but the capture groups of an operation's regular expression: what is
    /// the same for every occurrence is worked out once.
    ///
    /// # Errors
    /// As [`Template::expand`].
    pub fn with_groups_only(&self, values: &Values<'_>) -> Result<Self, Unexpanded> {
        let mut parts = Vec::new();
        let mut text = Vec::new();
        for part in &self.0 {
            if let Part::Variable {
                variable: Variable::Group(_),
                ..
            } = part
            {
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(part.clone());
            } else {
                part.expand_into(&mut text, values)?;
            }
            if text.len() > MAX_EXPANDED_BYTES {
                return Err(Unexpanded::TooLong);
            }
        }
        parts.push(Part::Text(text));
        Ok(Self(parts))
    }
}

impl Part {
    fn expand_into(&self, expanded: &mut Vec<u8>, values: &Values<'_>) -> Result<(), Unexpanded> {
        match self {
            Self::Text(text) => expanded.extend_from_slice(text),
            Self::Variable { variable, default } => match (values.get(variable), default) {
                (Some(value), _) => expanded.extend_from_slice(&value),
                (None, Some(default)) => expanded.extend_from_slice(default),
                (None, None) => return Err(Unexpanded::Missing),
            },
        }
        Ok(())
    }
}

impl Values<'_> {
    fn get<'v>(&'v self, variable: &'v Variable) -> Option<Cow<'v, [u8]>> {
        let known = |bytes: &'v [u8]| (!bytes.is_empty()).then_some(Cow::Borrowed(bytes));
        let request = self.request;
        match variable {
            Variable::RequestMethod => known(request?.method()),
            Variable::RequestScheme => known(request?.scheme()),
            Variable::RequestHost => known(request?.authority()),
            Variable::RequestPath => known(request?.path()),
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
            Variable::Extra(name) => {
                let (_, value) = self.extra.iter().find(|(n, _)| n == name)?;
                Some(Cow::Borrowed(value))
            }
        }
    }
}

fn joined<'h>(headers: &'h Headers, name: &'h str) -> Option<Cow<'h, [u8]>> {
    if let Some(value) = headers.only(name) {
        return Some(Cow::Borrowed(value));
    }
    let separator: &[u8] = if name == "cookie" { b"; " } else { b", " };
    headers.joined(name, separator).map(Cow::Owned)
}
