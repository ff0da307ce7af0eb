//! Looks up variables by name.

use super::Scope;
use crate::template::{TimeFormat, Variable};
use crate::values::HeaderName;

const ACCEPTED: &str = "request.method, request.scheme, request.host, request.hostname, request.path, request.query, request.target, \
    request.id, request.header.NAME, request.query.NAME, request.cookie.NAME, request.time, \
    request.time_unix, request.time_unix_ms, source.address, route.name, property.NAME, response.status, \
    response.header.NAME, match.N, env.NAME";

/// Returns the variable of this name, if it is available here.
pub(super) fn lookup(name: &str, scope: Scope<'_>) -> Result<Variable, String> {
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
        "request.hostname" => Variable::RequestHostname,
        "request.path" => Variable::RequestPath,
        "request.target" => Variable::RequestTarget,
        "request.query" => Variable::RequestQuery,
        "request.id" => Variable::RequestHeader("x-request-id".to_owned()),
        "request.time" => Variable::Time(TimeFormat::Rfc3339),
        "request.time_unix" => Variable::Time(TimeFormat::Seconds),
        "request.time_unix_ms" => Variable::Time(TimeFormat::Milliseconds),
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
                Some(("property", path)) => Ok(Variable::Property(path.replace('.', "\0"))),
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

/// Splits a dotted variable into its family and its argument, which may contain dots itself.
fn split_family(name: &str) -> Option<(&'static str, &str)> {
    [
        "request.header",
        "response.header",
        "request.query",
        "request.cookie",
        "property",
        "match",
    ]
    .into_iter()
    .find_map(|family| {
        let argument = name.strip_prefix(family)?.strip_prefix('.')?;
        (!argument.is_empty()).then_some((family, argument))
    })
}
