//! What the log and access logs say about a request that is refused, or would be in report mode.
//!
//! Each such request writes one log line, up to ten per second for each filter and worker.
//! Suppressed lines are counted in the next line:
//!
//! ```text
//! jwt-auth: refused: reason=jwt_expired provider=corp kid=k1 method=GET host=api.example.com path=/admin request_id=5c9a… suppressed=12
//! ```
//!
//! For access logs, the reason and the fields are written to filter state:
//! `%FILTER_STATE(wasm.jwt_auth.reason:PLAIN)%`. Clients choose some of the values, so all values
//! are escaped and truncated.

mod budget;
mod line;

use crate::host;
use crate::request::Request;
use crate::values::Mode;
use budget::write_line;
use line::{MAX_VALUE_BYTES, escape, push, push_request, text};
use log::Level;
use std::borrow::Cow;

/// Initial capacity of a line, enough for most.
const LINE_BYTES: usize = 512;

/// Why a filter refuses a request, or would in report mode. See [`Request::explain`].
#[derive(Debug, Clone)]
pub struct Explanation<'a> {
    filter: &'static str,
    mode: Mode,
    reason: &'a str,
    fields: Vec<Field<'a>>,
}

#[derive(Debug, Clone)]
struct Field<'a> {
    name: &'static str,
    value: Cow<'a, [u8]>,
    in_filter_state: bool,
}

impl<'a> Explanation<'a> {
    /// Creates an explanation. `filter` is the filter's name, such as `jwt-auth`; `reason` is the
    /// name used in the response-code details. In report mode the line says that the request would
    /// be refused.
    #[must_use]
    pub fn new(filter: &'static str, mode: Mode, reason: &'a str) -> Self {
        Self {
            filter,
            mode,
            reason,
            fields: Vec::new(),
        }
    }

    /// Adds a field to the log line and to filter state, such as the number of a rule or the name
    /// of a limit.
    #[must_use]
    pub fn field(self, name: &'static str, value: impl Into<Cow<'a, [u8]>>) -> Self {
        self.with(name, value.into(), true)
    }

    /// Adds a field to the log line only.
    #[must_use]
    pub fn detail(self, name: &'static str, value: impl Into<Cow<'a, [u8]>>) -> Self {
        self.with(name, value.into(), false)
    }

    fn with(mut self, name: &'static str, value: Cow<'a, [u8]>, in_filter_state: bool) -> Self {
        self.fields.push(Field {
            name,
            value,
            in_filter_state,
        });
        self
    }
}

/// Writes filter state, and a log line unless the limit per second is reached. Call it in a
/// callback of the request's stream.
#[cold]
pub(crate) fn explain(explanation: &Explanation<'_>, request: &Request) {
    let Explanation {
        filter,
        mode,
        reason,
        fields,
    } = explanation;
    let prefix = filter.replace('-', "_");
    let state = |name: &str, value: &[u8]| {
        let (value, _) = escape(value, MAX_VALUE_BYTES);
        host::set_filter_state(&[&prefix, ".", name].concat(), &value);
    };
    state("reason", reason.as_bytes());
    for field in fields.iter().filter(|field| field.in_filter_state) {
        state(field.name, &field.value);
    }
    write_line(filter, Level::Info, request.now(), || {
        let what = match mode {
            Mode::Enforce => "refused",
            Mode::Report => "would be refused",
        };
        let mut line = Vec::with_capacity(LINE_BYTES);
        for part in [what, ": reason=", reason] {
            line.extend_from_slice(part.as_bytes());
        }
        for field in fields {
            push(&mut line, field.name, &field.value, MAX_VALUE_BYTES);
        }
        push_request(&mut line, request);
        text(line)
    });
}

/// Logs a decision. At level debug, each decision has its line.
#[cold]
pub(crate) fn debug(filter: &str, what: &str, request: &Request) {
    let mut line = Vec::new();
    push_request(&mut line, request);
    log::debug!("{filter}: {what}:{}", text(line));
}

/// Logs what would change in report mode, or another line that any request may cause.
#[cold]
pub(crate) fn report(filter: &'static str, what: impl FnOnce() -> String) {
    write_line(filter, Level::Info, host::now(), || {
        format!("report: {}", what())
    });
}

#[cfg(test)]
mod tests;
