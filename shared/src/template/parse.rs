//! Parses templates and checks every variable.

mod variable;

use super::function::Function;
use super::{Part, Template, Variable};
use crate::config::Env;
use crate::values::is_header_value;
use variable::lookup;

/// Maximum length of the text of a template without its variables, in bytes: Envoy's default limit
/// for all headers of a message.
pub const MAX_LITERAL_BYTES: usize = 60 * 1024;

/// Maximum nesting depth of defaults.
const MAX_DEPTH: usize = 8;

/// Which variables a template may use.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'a> {
    /// Whether there is a response, which allows `response.*`.
    pub response: bool,
    /// The highest capture group of the rule's path patterns, which allows `match.1` and up.
    pub path_groups: usize,
    /// The highest capture group of the operation's own regular expression, which allows `0` and
    /// up.
    pub groups: Option<usize>,
    /// Variables defined by the filter itself, such as `limit.name`.
    pub extra: &'a [&'static str],
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// One line for an unknown variable, a variable that is not available here, a capture group
    /// that does not exist, an environment variable that is not set and has no default, a byte that
    /// is not allowed in a header value, and more than [`MAX_LITERAL_BYTES`] of text.
    pub fn parse(text: &str, scope: Scope<'_>, env: &Env) -> Result<Self, String> {
        if !is_header_value(text.as_bytes()) {
            return Err(format!(
                "{text:?} holds a control character, which no value may hold"
            ));
        }
        Self::parse_multiline(text, scope, env)
    }

    /// Parses a template for a body, which may contain line breaks.
    ///
    /// # Errors
    /// As [`Template::parse`], except that control characters are allowed.
    pub fn parse_multiline(text: &str, scope: Scope<'_>, env: &Env) -> Result<Self, String> {
        let template = parts(text, scope, env, 0)?;
        match template.literal_bytes() {
            0..=MAX_LITERAL_BYTES => Ok(template),
            more => Err(format!(
                "{more} bytes exceed the maximum of {MAX_LITERAL_BYTES}"
            )),
        }
    }

    /// Returns the length of the text, including that of defaults.
    fn literal_bytes(&self) -> usize {
        let bytes = |part: &Part| match part {
            Part::Text(text) => text.len(),
            Part::Variable { default, .. } => default.as_ref().map_or(0, Self::literal_bytes),
        };
        self.0.iter().map(bytes).fold(0, usize::saturating_add)
    }
}

fn parts(text: &str, scope: Scope<'_>, env: &Env, depth: usize) -> Result<Template, String> {
    if depth > MAX_DEPTH {
        return Err(format!(
            "defaults in defaults exceed the maximum of {MAX_DEPTH}"
        ));
    }
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        literal.push_str(before);
        if let Some(tail) = after.strip_prefix('$') {
            literal.push('$');
            rest = tail;
        } else if let Some(tail) = after.strip_prefix('{') {
            let (expression, tail) = split_expression(tail).ok_or_else(|| {
                format!("\"{text}\" has a ${{ without its }}; write $$ for a dollar sign")
            })?;
            match variable(expression, scope, env, depth)? {
                Resolved::Text(value) => literal.push_str(&value),
                Resolved::Part(part) => {
                    push_text(&mut parts, &mut literal);
                    parts.push(part);
                }
                Resolved::Default(default) => {
                    push_text(&mut parts, &mut literal);
                    parts.extend(default.0);
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
    Ok(Template(joined(parts)))
}

/// Splits a text at the brace that closes the expression. A default may contain expressions itself.
fn split_expression(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    let mut before = '\0';
    for (at, c) in text.char_indices() {
        match c {
            '{' if before == '$' => depth = depth.saturating_add(1),
            '}' if depth == 0 => return Some((text.get(..at)?, text.get(at..)?.get(1..)?)),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = c;
    }
    None
}

/// Merges adjacent texts.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(text)) => before.extend(text),
            (_, part) => joined.push(part),
        }
    }
    joined
}

fn push_text(parts: &mut Vec<Part>, literal: &mut String) {
    if !literal.is_empty() {
        parts.push(Part::Text(std::mem::take(literal).into_bytes()));
    }
}

enum Resolved {
    Text(String),
    Part(Part),
    /// The default of an environment variable that is not set.
    Default(Template),
}

fn variable(
    expression: &str,
    scope: Scope<'_>,
    env: &Env,
    depth: usize,
) -> Result<Resolved, String> {
    let (name, default) = match expression.split_once('|') {
        Some((name, default)) => (name.trim(), Some(default.trim())),
        None => (expression.trim(), None),
    };
    let default = default
        .map(|text| parts(text, scope, env, depth.saturating_add(1)))
        .transpose()?;
    let (function, name) = function_of(name)?;
    if let Some(key) = name.strip_prefix("env.") {
        return match (env.get(key), default) {
            (Some(value), _) if is_header_value(value.as_bytes()) => {
                Ok(Resolved::Text(match function {
                    None => value.clone(),
                    Some(function) => {
                        String::from_utf8_lossy(&function.apply(value.as_bytes())).into_owned()
                    }
                }))
            }
            (Some(_), _) => Err(format!(
                "${{{name}}}: the environment variable holds a control character"
            )),
            (None, Some(default)) => Ok(Resolved::Default(default)),
            (None, None) => Err(format!(
                "${{{name}}}: the environment variable is not set; add it to vm_config.environment_variables, or a default: ${{{name} | …}}"
            )),
        };
    }
    let variable = lookup(name, scope)?;
    let variable = match function {
        None => variable,
        Some(function) => Variable::Applied(function, Box::new(variable)),
    };
    Ok(Resolved::Part(Part::Variable { variable, default }))
}

/// Splits a function call into the function and its variable.
fn function_of(name: &str) -> Result<(Option<Function>, &str), String> {
    let Some((function, argument)) = name.split_once('(') else {
        return Ok((None, name));
    };
    let argument = argument.strip_suffix(')').ok_or_else(|| {
        format!("${{{name}}}: the parenthesis is not closed; a default stands outside: ${{url(request.query) | none}}")
    })?;
    match Function::named(function.trim()) {
        Some(function) => Ok((Some(function), argument.trim())),
        None => Err(format!(
            "${{{name}}}: \"{function}\" is not a function; one of: url, base64, base64url, lower, upper, sha256"
        )),
    }
}
