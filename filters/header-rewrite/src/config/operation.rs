//! The checks of an operation.

use super::Context;
use super::header::{HEADER_OPERATIONS, Side};
use super::preset::Preset;
use super::raw::{RawRequestOperation, RawResponseOperation, RawWhen};
use super::target::host;
use crate::operation::{RequestOperation, ResponseOperation, TargetOperation, When};
use filter_kit::config::{At, Invalid, each, not_empty_list};
use filter_kit::matching::RawHeaderMatch;
use filter_kit::template::Scope;

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
    ) -> Result<Preset, Invalid> {
        let when = match self.when.take() {
            Some(when) => when.build().at("when")?,
            None => When::default(),
        };
        let mut built: Vec<Result<Preset, Invalid>> = Vec::new();
        for operation in self.header_operations() {
            let operation = operation.build(Side::Response, context, scope);
            built.push(operation.map(|operation| Preset {
                operations: vec![ResponseOperation::new(when.clone(), operation)],
                nonce_header: None,
            }));
        }
        let preset = self.preset.take();
        built.extend(preset.map(|preset| preset.build(&when, context, scope).at("preset")));
        match (built.pop(), built.is_empty()) {
            (Some(operations), true) => operations,
            _ => Err(Invalid::new(format!(
                "write exactly one of: {HEADER_OPERATIONS}, preset"
            ))),
        }
    }
}

impl RawWhen {
    fn build(self) -> Result<When, Invalid> {
        if self.status.is_none() && self.headers.is_none() {
            return Err(Invalid::new("write at least one of: status, headers"));
        }
        if self.status.as_ref().is_some_and(Vec::is_empty) {
            return Err(
                Invalid::new("must not be empty; omit when to act on all responses").at("status"),
            );
        }
        let statuses = self.status.into_iter().flatten().map(|range| range.0);
        let headers = not_empty_list("headers", self.headers)?;
        Ok(When {
            statuses: statuses.collect(),
            headers: each(
                "headers",
                headers.into_iter().flatten(),
                RawHeaderMatch::build,
            )?,
            https: false,
        })
    }
}
