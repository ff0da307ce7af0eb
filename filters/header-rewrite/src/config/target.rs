//! The checks of an operation on path, query or host.

use super::Context;
use super::raw::{RawPathRewrite, RawQueryEdit, RawValue};
use crate::operation::{
    NewPrefix, PathRewrite, Place, QueryEdit, Replacement, TargetOperation, is_authority,
};
use filter_kit::config::{At, Invalid, not_empty};
use filter_kit::matching::RawPath;
use filter_kit::template::{Scope, Template};
use filter_kit::values::{Anchoring, Pattern};

impl RawPathRewrite {
    pub(super) fn build(
        self,
        context: Context<'_>,
        scope: Scope<'_>,
    ) -> Result<TargetOperation, Invalid> {
        let template = |groups| {
            let with =
                Template::parse(&self.with, Scope { groups, ..scope }, context.env).at("with")?;
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
                    with: place(template(None)?).at("with")?,
                }
            }
            (None, Some(regex)) => {
                let pattern = Pattern::new(regex, Anchoring::Part).at("regex")?;
                let with = template(Some(pattern.groups()))?;
                PathRewrite::Regex(Replacement::new(pattern, with))
            }
            _ => return Err(Invalid::new("write exactly one of: prefix, regex")),
        };
        Ok(TargetOperation::Path(Box::new(rewrite)))
    }
}

/// A beginning that is the same for every request is checked once.
fn place(with: Template) -> Result<Place, Invalid> {
    match with.as_literal() {
        None => Ok(Place::Template(with)),
        Some(text) => match NewPrefix::new(text) {
            Ok(prefix) => Ok(Place::Fixed(prefix)),
            Err(error) => Err(Invalid::new(error.reason())),
        },
    }
}

impl RawQueryEdit {
    pub(super) fn build(
        self,
        context: Context<'_>,
        scope: Scope<'_>,
    ) -> Result<TargetOperation, Invalid> {
        let edit = match (self.set, self.remove) {
            (Some(set), None) => {
                let value = Template::parse(&set.value, scope, context.env)
                    .at("value")
                    .at("set")?;
                QueryEdit::Set(not_empty("name", set.name).at("set")?, value)
            }
            (None, Some(remove)) => QueryEdit::Remove(not_empty("name", remove.name).at("remove")?),
            _ => return Err(Invalid::new("write exactly one of: set, remove")),
        };
        Ok(TargetOperation::Query(edit))
    }
}

pub(super) fn host(
    raw: &RawValue,
    context: Context<'_>,
    scope: Scope<'_>,
) -> Result<TargetOperation, Invalid> {
    let template = Template::parse(&raw.value, scope, context.env).at("value")?;
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
