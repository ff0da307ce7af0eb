//! Operations as written, and their checks.

use super::{Context, Preset, StatusRange};
use crate::operation::{
    FRAMING, HeaderOperation, NameSelector, PathRewrite, QueryEdit, Replacement, RequestOperation,
    ResponseOperation, TargetOperation, is_authority,
};
use filter_kit::config::Invalid;
use filter_kit::matching::RawPath;
use filter_kit::template::{Scope, Template};
use filter_kit::values::{Anchoring, HeaderName, Pattern};
use serde::Deserialize;

/// Declares a struct of operations of which one is written: those on headers, which requests and responses share, and its own.
macro_rules! operations {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Default, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: Option<$type>,)*
            /// Replace all values of a header by one.
            pub set: Option<RawNameValue>,
            /// Add one more value of a header.
            pub add: Option<RawNameValue>,
            /// Set a header only where it is absent.
            pub default: Option<RawNameValue>,
            /// Remove headers by one of `name`, `prefix` and `regex`.
            pub remove: Option<RawRemove>,
            /// Move a header to another name; what that held before is gone. Nothing happens without the first.
            pub rename: Option<RawFromTo>,
            /// Copy a header to another name; what that held before is gone. Nothing happens without the first.
            pub copy: Option<RawFromTo>,
            /// Replace every occurrence of a regular expression in every value of a header.
            pub replace: Option<RawReplace>,
            /// Remove repeated values of a header, within comma-separated lists too; the first one stays.
            pub dedupe: Option<RawName>,
        }

        impl $name {
            fn header_operations(&mut self) -> Vec<RawHeaderOperation> {
                let mut written = Vec::new();
                written.extend(self.set.take().map(RawHeaderOperation::Set));
                written.extend(self.add.take().map(RawHeaderOperation::Add));
                written.extend(self.default.take().map(RawHeaderOperation::Default));
                written.extend(self.remove.take().map(RawHeaderOperation::Remove));
                written.extend(self.rename.take().map(RawHeaderOperation::Rename));
                written.extend(self.copy.take().map(RawHeaderOperation::Copy));
                written.extend(self.replace.take().map(RawHeaderOperation::Replace));
                written.extend(self.dedupe.take().map(RawHeaderOperation::Dedupe));
                written
            }
        }
    };
}

operations! {
    /// An operation on the request: exactly one of these keys.
    pub struct RawRequestOperation {
        /// Rewrite the path, by `prefix` (whole segments) or `regex`; the query stays. The result begins with one `/` and is in plain form.
        path: RawPathRewrite,
        /// Set or remove a query parameter.
        query: RawQueryEdit,
        /// Set the host (`:authority`).
        host: RawValue,
    }
}

operations! {
    /// An operation on the response: exactly one of these keys, and `when`.
    pub struct RawResponseOperation {
        /// Only for these responses; left out: for all.
        when: RawWhen,
        /// A set of headers, each set once.
        preset: Preset,
    }
}

/// A header and its value.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawNameValue {
    /// The header.
    pub name: String,
    /// The value, a template. Empty: an empty header.
    pub value: String,
}

/// A value.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawValue {
    /// The value, a template.
    pub value: String,
}

/// A header.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawName {
    /// The header.
    pub name: String,
}

/// Which headers to remove: exactly one of these keys.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawRemove {
    /// The header of this name.
    pub name: Option<String>,
    /// Headers whose name begins with this.
    pub prefix: Option<String>,
    /// Headers whose whole name matches this regular expression.
    pub regex: Option<String>,
}

/// Two headers.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawFromTo {
    /// The header to take the values from.
    pub from: String,
    /// The header to give them to.
    pub to: String,
}

/// A replacement in a header.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawReplace {
    /// The header.
    pub name: String,
    /// What to replace: a regular expression, found anywhere in the value.
    pub regex: String,
    /// What to put in its place: a template in which `${1}` is the first capture group, `${0}` all that was found.
    pub with: String,
}

/// A rewrite of the path: `prefix` or `regex`, and `with`.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawPathRewrite {
    /// Leading whole segments to replace.
    pub prefix: Option<String>,
    /// A regular expression to replace, found anywhere in the path.
    pub regex: Option<String>,
    /// What to put in its place: a template; with `regex`, `${1}` is the first capture group.
    pub with: String,
}

/// An edit of the query: exactly one of these keys.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawQueryEdit {
    /// Replace all values of a parameter by one; the value is a template, and is percent-encoded.
    pub set: Option<RawParameterValue>,
    /// Remove all values of a parameter.
    pub remove: Option<RawParameter>,
}

/// A query parameter and its value.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawParameterValue {
    /// The parameter, decoded.
    pub name: String,
    /// The value, a template.
    pub value: String,
}

/// A query parameter.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawParameter {
    /// The parameter, decoded.
    pub name: String,
}

/// A condition on the response.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawWhen {
    /// Statuses, any of: `503`, or a range as `500-599`.
    pub status: Vec<StatusRange>,
}

enum RawHeaderOperation {
    Set(RawNameValue),
    Add(RawNameValue),
    Default(RawNameValue),
    Remove(RawRemove),
    Rename(RawFromTo),
    Copy(RawFromTo),
    Replace(RawReplace),
    Dedupe(RawName),
}

const HEADER_OPERATIONS: &str = "set, add, default, remove, rename, copy, replace, dedupe";

impl RawRequestOperation {
    pub(super) fn build(
        mut self,
        context: Context<'_>,
        scope: Scope<'_>,
    ) -> Result<RequestOperation, Invalid> {
        let mut built = Vec::new();
        for operation in self.header_operations() {
            built.push(
                operation
                    .build(Side::Request, context, scope)
                    .map(RequestOperation::Header),
            );
        }
        let target = |operation: Result<TargetOperation, Invalid>, key: &str| {
            operation
                .map(RequestOperation::Target)
                .map_err(|e| e.at(key))
        };
        built.extend(
            self.path
                .map(|raw| target(raw.build(context, scope), "path")),
        );
        built.extend(
            self.query
                .map(|raw| target(raw.build(context, scope), "query")),
        );
        built.extend(
            self.host
                .map(|raw| target(host(&raw, context, scope), "host")),
        );
        match (built.pop(), built.is_empty()) {
            (Some(operation), true) => operation,
            _ => Err(Invalid::new(format!(
                "write exactly one of: {HEADER_OPERATIONS}, path, query, host"
            ))),
        }
    }
}

impl RawResponseOperation {
    /// A preset is several operations.
    pub(super) fn build(
        mut self,
        context: Context<'_>,
        scope: Scope<'_>,
    ) -> Result<Vec<ResponseOperation>, Invalid> {
        let mut built: Vec<Result<Vec<HeaderOperation>, Invalid>> = Vec::new();
        for operation in self.header_operations() {
            built.push(
                operation
                    .build(Side::Response, context, scope)
                    .map(|operation| vec![operation]),
            );
        }
        built.extend(self.preset.map(preset));
        let operations = match (built.pop(), built.is_empty()) {
            (Some(operations), true) => operations?,
            _ => {
                return Err(Invalid::new(format!(
                    "write exactly one of: {HEADER_OPERATIONS}, preset"
                )));
            }
        };
        let statuses = match self.when {
            Some(when) if when.status.is_empty() => {
                return Err(Invalid::new(
                    "an empty list never holds; leave when out to act on all responses",
                )
                .at("status")
                .at("when"));
            }
            when => when.map(|when| {
                when.status
                    .into_iter()
                    .map(|range| range.0)
                    .collect::<Vec<_>>()
            }),
        };
        let conditional = |operation| ResponseOperation {
            statuses: statuses.clone(),
            operation,
        };
        Ok(operations.into_iter().map(conditional).collect())
    }
}

fn preset(preset: Preset) -> Result<Vec<HeaderOperation>, Invalid> {
    let set = |(name, value): &(&str, &str)| {
        let name = HeaderName::new(name).map_err(|e| Invalid::new(e.to_string()))?;
        Ok(HeaderOperation::Set(name, Template::literal(value)))
    };
    preset.headers().iter().map(set).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Response,
}

impl RawHeaderOperation {
    fn build(
        self,
        side: Side,
        context: Context<'_>,
        scope: Scope<'_>,
    ) -> Result<HeaderOperation, Invalid> {
        let name = |text: &str, key: &str| context.header_name(text, side).map_err(|e| e.at(key));
        let value = |text: &str, scope, key: &str| {
            Template::parse(text, scope, context.env).map_err(|e| Invalid::new(e).at(key))
        };
        let pair =
            |raw: RawNameValue| Ok((name(&raw.name, "name")?, value(&raw.value, scope, "value")?));
        match self {
            Self::Set(raw) => pair(raw)
                .map(|(n, v)| HeaderOperation::Set(n, v))
                .map_err(|e: Invalid| e.at("set")),
            Self::Add(raw) => pair(raw)
                .map(|(n, v)| HeaderOperation::Add(n, v))
                .map_err(|e: Invalid| e.at("add")),
            Self::Default(raw) => pair(raw)
                .map(|(n, v)| HeaderOperation::Default(n, v))
                .map_err(|e: Invalid| e.at("default")),
            Self::Remove(raw) => remove(raw, side, context)
                .map(HeaderOperation::Remove)
                .map_err(|e| e.at("remove")),
            Self::Rename(raw) => {
                let build = || {
                    Ok((
                        context
                            .removable(&raw.from, side)
                            .map_err(|e| e.at("from"))?,
                        name(&raw.to, "to")?,
                    ))
                };
                build()
                    .map(|(from, to)| HeaderOperation::Rename { from, to })
                    .map_err(|e: Invalid| e.at("rename"))
            }
            Self::Copy(raw) => {
                // Reading is free: only what is written has to be an ordinary header.
                let from =
                    HeaderName::new(&raw.from).map_err(|e| Invalid::new(e.to_string()).at("from"));
                let build = || Ok((from?, name(&raw.to, "to")?));
                build()
                    .map(|(from, to)| HeaderOperation::Copy { from, to })
                    .map_err(|e: Invalid| e.at("copy"))
            }
            Self::Replace(raw) => {
                let build = || {
                    let pattern = Pattern::new(&raw.regex, Anchoring::Part)
                        .map_err(|e| Invalid::new(e).at("regex"))?;
                    let scope = Scope {
                        groups: Some(pattern.groups()),
                        ..scope
                    };
                    Ok(HeaderOperation::Replace {
                        name: name(&raw.name, "name")?,
                        replacement: Replacement::new(pattern, value(&raw.with, scope, "with")?),
                    })
                };
                build().map_err(|e: Invalid| e.at("replace"))
            }
            Self::Dedupe(raw) => name(&raw.name, "name")
                .map(HeaderOperation::Dedupe)
                .map_err(|e| e.at("dedupe")),
        }
    }
}

fn remove(raw: RawRemove, side: Side, context: Context<'_>) -> Result<NameSelector, Invalid> {
    let envoy = context.envoy_headers;
    match (raw.name, raw.prefix, raw.regex) {
        (Some(name), None, None) => context
            .removable(&name, side)
            .map(NameSelector::Name)
            .map_err(|e| e.at("name")),
        (None, Some(prefix), None) => match HeaderName::new(&prefix) {
            Ok(prefix) => Ok(NameSelector::Prefix {
                prefix: prefix.as_str().to_owned(),
                envoy,
            }),
            Err(error) => Err(Invalid::new(error.to_string()).at("prefix")),
        },
        (None, None, Some(regex)) => Pattern::new(&regex, Anchoring::Whole)
            .map(|pattern| NameSelector::Regex { pattern, envoy })
            .map_err(|e| Invalid::new(e).at("regex")),
        _ => Err(Invalid::new("write exactly one of: name, prefix, regex")),
    }
}

impl Context<'_> {
    /// A header that an operation may write.
    fn header_name(self, text: &str, side: Side) -> Result<HeaderName, Invalid> {
        if text.starts_with(':') || text.eq_ignore_ascii_case("host") {
            let instead = match side {
                Side::Request => "use the operations path, query and host",
                Side::Response => "the status of a response cannot be changed",
            };
            return Err(Invalid::new(format!(
                "\"{text}\" is not an ordinary header; {instead}"
            )));
        }
        let name = HeaderName::new(text).map_err(|e| Invalid::new(e.to_string()))?;
        if FRAMING.contains(&name.as_str()) {
            return Err(Invalid::new(format!(
                "\"{name}\" belongs to the connection or frames the message; only Envoy writes it"
            )));
        }
        if name.as_str().starts_with("x-envoy-") && !self.envoy_headers {
            return Err(Invalid::new(format!(
                "\"{name}\" steers Envoy's router; set allow_envoy_headers: true to write it"
            )));
        }
        Ok(name)
    }

    /// A header that an operation may take away.
    fn removable(self, text: &str, side: Side) -> Result<HeaderName, Invalid> {
        let name = self.header_name(text, side)?;
        if side == Side::Request && name.as_str() == "x-forwarded-proto" {
            return Err(Invalid::new(
                "\"x-forwarded-proto\" cannot go: without it Envoy finds no route; set it instead",
            ));
        }
        Ok(name)
    }
}

impl RawPathRewrite {
    fn build(self, context: Context<'_>, scope: Scope<'_>) -> Result<TargetOperation, Invalid> {
        let template = |groups| {
            let with = Template::parse(&self.with, Scope { groups, ..scope }, context.env)
                .map_err(|e| Invalid::new(e).at("with"))?;
            if self.with.contains(['?', '#']) {
                return Err(Invalid::new(format!(
                    "\"{}\" holds a ? or #; use the operation query",
                    self.with
                ))
                .at("with"));
            }
            Ok(with)
        };
        let rewrite = match (&self.prefix, &self.regex) {
            (Some(prefix), None) => {
                if !self.with.starts_with('/') {
                    return Err(
                        Invalid::new(format!("\"{}\" does not begin with /", self.with)).at("with"),
                    );
                }
                let raw = RawPath {
                    prefix: Some(prefix.clone()),
                    ..RawPath::default()
                };
                PathRewrite::Prefix {
                    prefix: raw.build()?,
                    with: template(None)?,
                }
            }
            (None, Some(regex)) => {
                let pattern = Pattern::new(regex, Anchoring::Part)
                    .map_err(|e| Invalid::new(e).at("regex"))?;
                let with = template(Some(pattern.groups()))?;
                PathRewrite::Regex(Replacement::new(pattern, with))
            }
            _ => return Err(Invalid::new("write exactly one of: prefix, regex")),
        };
        Ok(TargetOperation::Path(rewrite))
    }
}

impl RawQueryEdit {
    fn build(self, context: Context<'_>, scope: Scope<'_>) -> Result<TargetOperation, Invalid> {
        let edit = match (self.set, self.remove) {
            (Some(set), None) => {
                let value = Template::parse(&set.value, scope, context.env)
                    .map_err(|e| Invalid::new(e).at("value").at("set"))?;
                QueryEdit::Set(parameter(set.name).map_err(|e| e.at("set"))?, value)
            }
            (None, Some(remove)) => {
                QueryEdit::Remove(parameter(remove.name).map_err(|e| e.at("remove"))?)
            }
            _ => return Err(Invalid::new("write exactly one of: set, remove")),
        };
        Ok(TargetOperation::Query(edit))
    }
}

fn parameter(name: String) -> Result<String, Invalid> {
    if name.is_empty() {
        return Err(Invalid::new("a query parameter has a name").at("name"));
    }
    Ok(name)
}

fn host(
    raw: &RawValue,
    context: Context<'_>,
    scope: Scope<'_>,
) -> Result<TargetOperation, Invalid> {
    let template =
        Template::parse(&raw.value, scope, context.env).map_err(|e| Invalid::new(e).at("value"))?;
    if template
        .as_literal()
        .is_some_and(|host| !is_authority(host))
    {
        return Err(Invalid::new(format!(
            "\"{}\" is not a host; host or host:port is accepted",
            raw.value
        ))
        .at("value"));
    }
    Ok(TargetOperation::Host(template))
}
