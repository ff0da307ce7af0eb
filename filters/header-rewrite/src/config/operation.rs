//! The checks of an operation.

use super::header::Side;
use super::raw::{RawRequestOperation, RawResponseOperation};
use super::target::host;
use super::{Context, Preset};
use crate::operation::{HeaderOperation, RequestOperation, ResponseOperation, TargetOperation};
use filter_kit::config::{At, Invalid};
use filter_kit::template::{Scope, Template};
use filter_kit::values::HeaderName;

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
            operation.map(RequestOperation::Target).at(key)
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
                return Err(
                    Invalid::new("must not be empty; omit when to act on all responses")
                        .at("status")
                        .at("when"),
                );
            }
            when => when.map(|when| {
                when.status
                    .into_iter()
                    .map(|range| range.0)
                    .collect::<Vec<_>>()
            }),
        };
        let conditional = |operation| ResponseOperation::new(statuses.clone(), operation);
        Ok(operations.into_iter().map(conditional).collect())
    }
}

fn preset(preset: Preset) -> Result<Vec<HeaderOperation>, Invalid> {
    let set = |(name, value): &(&str, &str)| {
        let name = HeaderName::new(name)?;
        Ok(HeaderOperation::Set(name, Template::literal(value)))
    };
    preset.headers().iter().map(set).collect()
}
