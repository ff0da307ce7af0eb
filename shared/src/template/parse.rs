//! From text to template, with every variable checked.

use super::{Part, Template, Variable};
use crate::config::Env;
use crate::values::{HeaderName, is_header_value};

/// Which variables a template may use.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'a> {
    /// Whether there is a response: allows `response.*`.
    pub response: bool,
    /// The highest capture group of the rule's path patterns: allows `match.1` and up.
    pub path_groups: usize,
    /// The highest capture group of the operation's own regular expression: allows `0` and up.
    pub groups: Option<usize>,
    /// Variables of the filter itself, such as `limit.name`.
    pub extra: &'a [&'static str],
}

const ACCEPTED: &str = "request.method, request.scheme, request.host, request.path, request.query, request.id, \
    request.header.NAME, request.query.NAME, request.cookie.NAME, source.address, route.name, response.status, \
    response.header.NAME, match.N, env.NAME";

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// One line for an unknown variable, one that has no meaning in this place, a capture group that does not exist, an environment
    /// variable that is not set and has no default, and a byte that no header value may hold.
    pub fn parse(text: &str, scope: Scope<'_>, env: &Env) -> Result<Self, String> {
        if !is_header_value(text.as_bytes()) {
            return Err(format!(
                "{text:?} holds a control character, which no value may hold"
            ));
        }
        Self::parse_multiline(text, scope, env)
    }

    /// Reads a template of a body, which may hold line breaks.
    ///
    /// # Errors
    /// As [`Template::parse`], but for control characters.
    pub fn parse_multiline(text: &str, scope: Scope<'_>, env: &Env) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            literal.push_str(before);
            if let Some(tail) = after.strip_prefix('$') {
                literal.push('$');
                rest = tail;
            } else if let Some(tail) = after.strip_prefix('{') {
                let (expression, tail) = tail.split_once('}').ok_or_else(|| {
                    format!("\"{text}\" has a ${{ without its }}; write $$ for a dollar sign")
                })?;
                match variable(expression, scope, env)? {
                    Resolved::Text(value) => literal.push_str(&value),
                    Resolved::Part(part) => {
                        push_text(&mut parts, &mut literal);
                        parts.push(part);
                    }
                }
                rest = tail;
            } else {
                literal.push('$');
                rest = after;
            }
        }
        literal.push_str(rest);
        push_text(&mut parts, &mut literal);
        Ok(Self(parts))
    }
}

fn push_text(parts: &mut Vec<Part>, literal: &mut String) {
    if !literal.is_empty() {
        parts.push(Part::Text(std::mem::take(literal).into_bytes()));
    }
}

enum Resolved {
    Text(String),
    Part(Part),
}

fn variable(expression: &str, scope: Scope<'_>, env: &Env) -> Result<Resolved, String> {
    let (name, default) = match expression.split_once('|') {
        Some((name, default)) => (name.trim(), Some(default.trim())),
        None => (expression.trim(), None),
    };
    if let Some(key) = name.strip_prefix("env.") {
        return match (env.get(key), default) {
            (Some(value), _) if is_header_value(value.as_bytes()) => {
                Ok(Resolved::Text(value.clone()))
            }
            (Some(_), _) => Err(format!(
                "${{{name}}}: the environment variable holds a control character"
            )),
            (None, Some(default)) => Ok(Resolved::Text(default.to_owned())),
            (None, None) => Err(format!(
                "${{{name}}}: the environment variable is not set; add it to vm_config.environment_variables, or a default: ${{{name} | …}}"
            )),
        };
    }
    let variable = lookup(name, scope)?;
    Ok(Resolved::Part(Part::Variable {
        variable,
        default: default.map(|d| d.as_bytes().to_vec()),
    }))
}

fn lookup(name: &str, scope: Scope<'_>) -> Result<Variable, String> {
    if let Some(extra) = scope.extra.iter().find(|extra| **extra == name) {
        return Ok(Variable::Extra(extra));
    }
    let header = |header: &str| {
        HeaderName::new(header)
            .map(|h| h.as_str().to_owned())
            .map_err(|e| format!("${{{name}}}: {e}"))
    };
    let in_response = |variable| {
        if scope.response {
            Ok(variable)
        } else {
            Err(format!("${{{name}}}: there is no response yet"))
        }
    };
    let variable = match name {
        "request.method" => Variable::RequestMethod,
        "request.scheme" => Variable::RequestScheme,
        "request.host" => Variable::RequestHost,
        "request.path" => Variable::RequestPath,
        "request.query" => Variable::RequestQuery,
        "request.id" => Variable::RequestHeader("x-request-id".to_owned()),
        "source.address" => Variable::SourceAddress,
        "route.name" => Variable::RouteName,
        "response.status" => return in_response(Variable::ResponseStatus),
        _ => {
            return match split_family(name) {
                Some(("request.header", h)) => header(h).map(Variable::RequestHeader),
                Some(("response.header", h)) => header(h)
                    .map(Variable::ResponseHeader)
                    .and_then(in_response),
                Some(("request.query", n)) => Ok(Variable::RequestQueryParameter(n.to_owned())),
                Some(("request.cookie", n)) => Ok(Variable::RequestCookie(n.to_owned())),
                Some(("match", n)) => path_group(name, n, scope),
                _ => group(name, scope),
            };
        }
    };
    Ok(variable)
}

fn path_group(name: &str, number: &str, scope: Scope<'_>) -> Result<Variable, String> {
    match number.parse::<usize>() {
        Ok(n) if (1..=scope.path_groups).contains(&n) => Ok(Variable::PathGroup(n)),
        _ => Err(format!(
            "${{{name}}}: no path pattern of this rule has such a capture group; there are {}",
            scope.path_groups
        )),
    }
}

fn group(name: &str, scope: Scope<'_>) -> Result<Variable, String> {
    match (name.parse::<usize>(), scope.groups) {
        (Ok(n), Some(groups)) if n <= groups => Ok(Variable::Group(n)),
        (Ok(_), groups) => Err(format!(
            "${{{name}}}: the regular expression has no such capture group; there are {}",
            groups.unwrap_or(0)
        )),
        (Err(_), _) => {
            let extra: String = scope.extra.iter().map(|e| format!(", {e}")).collect();
            Err(format!(
                "${{{name}}} is not a variable; one of: {ACCEPTED}{extra}"
            ))
        }
    }
}

/// Splits a dotted variable into its family and its argument, which may hold dots itself.
fn split_family(name: &str) -> Option<(&'static str, &str)> {
    [
        "request.header",
        "response.header",
        "request.query",
        "request.cookie",
        "match",
    ]
    .into_iter()
    .find_map(|family| {
        let argument = name.strip_prefix(family)?.strip_prefix('.')?;
        (!argument.is_empty()).then_some((family, argument))
    })
}
