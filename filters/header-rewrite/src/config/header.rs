//! The checks of an operation on a header.

use super::Context;
use super::raw::{RawFromTo, RawName, RawNameValue, RawRemove, RawReplace};
use crate::operation::{FRAMING, HeaderOperation, NameSelector, Replacement};
use filter_kit::config::Invalid;
use filter_kit::template::{Scope, Template};
use filter_kit::values::{Anchoring, HeaderName, Pattern};

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
