//! The checks of an operation on a header.

use super::Context;
use super::raw::{RawFromTo, RawName, RawNameValue, RawRemove, RawReplace};
use crate::operation::{FRAMING, HeaderOperation, NameSelector, Replacement, is_removable};
use filter_kit::config::{At, Invalid};
use filter_kit::template::{Scope, Template};
use filter_kit::values::{Anchoring, HeaderName, Pattern};

/// The keys of operations on headers, for messages.
pub(super) const HEADER_OPERATIONS: &str =
    "set, add, default, remove, rename, copy, replace, dedupe";

/// An operation on a header as written.
pub(super) enum RawHeaderOperation {
    Set(RawNameValue),
    Add(RawNameValue),
    Default(RawNameValue),
    Remove(RawRemove),
    Rename(RawFromTo),
    Copy(RawFromTo),
    Replace(RawReplace),
    Dedupe(RawName),
}

/// Which message an operation edits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Response,
}

impl RawHeaderOperation {
    pub(super) fn build(
        self,
        side: Side,
        context: Context<'_>,
        scope: Scope<'_>,
    ) -> Result<HeaderOperation, Invalid> {
        let key = self.key();
        self.build_below(side, context, scope).at(key)
    }

    fn key(&self) -> &'static str {
        match self {
            Self::Set(_) => "set",
            Self::Add(_) => "add",
            Self::Default(_) => "default",
            Self::Remove(_) => "remove",
            Self::Rename(_) => "rename",
            Self::Copy(_) => "copy",
            Self::Replace(_) => "replace",
            Self::Dedupe(_) => "dedupe",
        }
    }

    fn build_below(
        self,
        side: Side,
        context: Context<'_>,
        scope: Scope<'_>,
    ) -> Result<HeaderOperation, Invalid> {
        let name = |text: &str, key: &str| context.header_name(text, side).at(key);
        let value =
            |text: &str, scope, key: &str| Template::parse(text, scope, context.env).at(key);
        let pair = |raw: RawNameValue| -> Result<_, Invalid> {
            Ok((name(&raw.name, "name")?, value(&raw.value, scope, "value")?))
        };
        Ok(match self {
            Self::Set(raw) => pair(raw).map(|(n, v)| HeaderOperation::Set(n, v))?,
            Self::Add(raw) => pair(raw).map(|(n, v)| HeaderOperation::Add(n, v))?,
            Self::Default(raw) => pair(raw).map(|(n, v)| HeaderOperation::Default(n, v))?,
            Self::Remove(raw) => HeaderOperation::Remove(remove(raw, side, context)?),
            Self::Rename(raw) => HeaderOperation::Rename {
                from: context.removable(&raw.from, side).at("from")?,
                to: name(&raw.to, "to")?,
            },
            // Reading is free: only what is written has to be an ordinary header.
            Self::Copy(raw) => HeaderOperation::Copy {
                from: HeaderName::new(&raw.from).at("from")?,
                to: name(&raw.to, "to")?,
            },
            Self::Replace(raw) => {
                let pattern = Pattern::new(&raw.regex, Anchoring::Part).at("regex")?;
                let scope = Scope {
                    groups: Some(pattern.groups()),
                    ..scope
                };
                HeaderOperation::Replace {
                    name: name(&raw.name, "name")?,
                    replacement: Replacement::new(pattern, value(&raw.with, scope, "with")?),
                }
            }
            Self::Dedupe(raw) => HeaderOperation::Dedupe(name(&raw.name, "name")?),
        })
    }
}

fn remove(raw: RawRemove, side: Side, context: Context<'_>) -> Result<NameSelector, Invalid> {
    let envoy = context.envoy_headers;
    match (raw.name, raw.prefix, raw.regex) {
        (Some(name), None, None) => context
            .removable(&name, side)
            .map(NameSelector::Name)
            .at("name"),
        (None, Some(prefix), None) => match HeaderName::new(&prefix) {
            Ok(prefix) => Ok(NameSelector::Prefix {
                prefix: prefix.as_str().to_owned(),
                envoy,
            }),
            Err(error) => Err(Invalid::new(error.to_string()).at("prefix")),
        },
        (None, None, Some(regex)) => {
            // Names are in lower case, and compared without theirs.
            let of_any_case = match regex.bytes().any(|b| b.is_ascii_uppercase()) {
                true => format!("(?i){regex}"),
                false => regex,
            };
            Pattern::new(&of_any_case, Anchoring::Whole)
                .map(|pattern| NameSelector::Regex { pattern, envoy })
                .at("regex")
        }
        _ => Err(Invalid::new("write exactly one of: name, prefix, regex")),
    }
}

impl Context<'_> {
    /// A header that an operation may write.
    pub(super) fn header_name(self, text: &str, side: Side) -> Result<HeaderName, Invalid> {
        if text.starts_with(':') || text.eq_ignore_ascii_case("host") {
            let instead = match side {
                Side::Request => "use the operations path, query and host",
                Side::Response => "the status of a response cannot be changed",
            };
            return Err(Invalid::new(format!(
                "\"{text}\" is not an ordinary header; {instead}"
            )));
        }
        let name = HeaderName::new(text)?;
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
        if let Ok(name) = HeaderName::new(text)
            && is_removable(name.as_str().as_bytes())
        {
            return Ok(name);
        }
        let name = self.header_name(text, side)?;
        if side == Side::Request && name.as_str() == "x-forwarded-proto" {
            return Err(Invalid::new(
                "\"x-forwarded-proto\" must stay: without it Envoy finds no route; set it instead",
            ));
        }
        Ok(name)
    }
}
