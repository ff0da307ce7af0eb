//! What the log and access logs say of a request that is refused, or would be.
//!
//! One line of the log for each, at most ten a second for each filter and worker; those that are
//! left out are counted in the next line:
//!
//! ```text
//! jwt-auth: refused: reason=jwt_expired provider=corp kid=k1 method=GET host=api.example.com path=/admin request_id=5c9a… suppressed=12
//! ```
//!
//! For access logs, the reason and the fields stand in filter state:
//! `%FILTER_STATE(wasm.jwt_auth.reason:PLAIN)%`. Clients choose some values, so all are escaped and
//! cut.

use crate::host::{self, Map};
use crate::request::Request;
use crate::values::Mode;
use log::Level;
use std::borrow::Cow;
use std::cell::RefCell;
use std::time::Duration;

/// The most lines in a second, for each filter and worker.
const MAX_LINES_PER_SECOND: u32 = 10;

/// The longest path in a line, in bytes as sent.
const MAX_PATH_BYTES: usize = 256;

/// The longest of other values, in bytes as sent.
const MAX_VALUE_BYTES: usize = 128;

/// Room for most lines.
const LINE_BYTES: usize = 512;

/// Why a filter refuses a request, or would. See [`Request::explain`].
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
    /// The reason, by its name in the response-code details. `filter` is the filter's name, as
    /// `jwt-auth`. In report mode the line says that the request would be refused.
    #[must_use]
    pub fn new(filter: &'static str, mode: Mode, reason: &'a str) -> Self {
        Self {
            filter,
            mode,
            reason,
            fields: Vec::new(),
        }
    }

    /// What the log and filter state say beside the reason: a rule's number, a limit's name.
    #[must_use]
    pub fn field(self, name: &'static str, value: impl Into<Cow<'a, [u8]>>) -> Self {
        self.with(name, value.into(), true)
    }

    /// What the log alone says.
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

/// Writes filter state, and the line where there is one left. In a callback of the request's
/// stream.
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

/// A line, which is ASCII.
fn text(line: Vec<u8>) -> String {
    String::from_utf8(line).unwrap_or_default()
}

/// At debug, each decision has its line.
#[cold]
pub(crate) fn debug(filter: &str, what: &str, request: &Request) {
    let mut line = Vec::new();
    push_request(&mut line, request);
    log::debug!("{filter}: {what}:{}", text(line));
}

/// What would change in report mode, or another line that each request may cause.
#[cold]
pub(crate) fn report(filter: &'static str, what: impl FnOnce() -> String) {
    write_line(filter, Level::Info, host::now(), || {
        format!("report: {}", what())
    });
}

fn write_line(filter: &'static str, level: Level, now: Duration, line: impl FnOnce() -> String) {
    let Some(suppressed) = take_line(filter, now) else {
        return;
    };
    if !host::is_logged(level) {
        return;
    }
    let mut line = line();
    if suppressed > 0 {
        line.push_str(" suppressed=");
        line.push_str(&suppressed.to_string());
    }
    log::log!(level, "{filter}: {line}");
}

/// The lines of a filter in a second.
struct Budget {
    filter: &'static str,
    second: u64,
    lines: u32,
    suppressed: u64,
}

thread_local! {
    static BUDGETS: RefCell<Vec<Budget>> = const { RefCell::new(Vec::new()) };
}

/// Takes a line of the filter's; how many were left out since the last one. `None` where none is
/// left.
fn take_line(filter: &'static str, now: Duration) -> Option<u64> {
    BUDGETS.with_borrow_mut(|budgets| {
        if !budgets.iter().any(|budget| budget.filter == filter) {
            budgets.push(Budget {
                filter,
                second: u64::MAX,
                lines: 0,
                suppressed: 0,
            });
        }
        let budget = budgets.iter_mut().find(|budget| budget.filter == filter)?;
        if budget.second != now.as_secs() {
            budget.second = now.as_secs();
            budget.lines = 0;
            // Envoy's level may be changed while it runs.
            host::adopt_log_level();
        }
        if budget.lines >= MAX_LINES_PER_SECOND {
            budget.suppressed = budget.suppressed.saturating_add(1);
            return None;
        }
        budget.lines = budget.lines.saturating_add(1);
        Some(std::mem::take(&mut budget.suppressed))
    })
}

/// Which request it is: as it was sent, so of one that was edited what the host has.
fn push_request(line: &mut Vec<u8>, request: &Request) {
    let is_changed = request.is_changed();
    for (name, header, max) in [
        ("method", ":method", MAX_VALUE_BYTES),
        ("host", ":authority", MAX_VALUE_BYTES),
        ("path", ":path", MAX_PATH_BYTES),
        ("request_id", "x-request-id", MAX_VALUE_BYTES),
    ] {
        let value = if is_changed {
            host::map_value(Map::Request, header).map(Cow::Owned)
        } else {
            request.headers().first(header).map(Cow::Borrowed)
        };
        let Some(value) = value else { continue };
        let value = match header {
            ":path" => crate::request::split_target(&value).0,
            _ => &*value,
        };
        push(line, name, value, max);
    }
}

fn push(line: &mut Vec<u8>, name: &str, value: &[u8], max: usize) {
    for part in [" ", name, "="] {
        line.extend_from_slice(part.as_bytes());
    }
    let (value, signs) = escape(value, max);
    let is_quoted = signs & NEEDS_QUOTES != 0 || value.is_empty();
    let quote: &[u8] = if is_quoted { b"\"" } else { b"" };
    for part in [quote, &value, quote] {
        line.extend_from_slice(part);
    }
}

/// What a value holds, as bits.
type Signs = u8;

/// It stands in quotes.
const NEEDS_QUOTES: Signs = 1;
/// It is no printable ASCII, or has quotes itself.
const NEEDS_ESCAPES: Signs = 2;

/// What each byte means for the value that has it.
static SIGNS: [Signs; 256] = signs();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "at compile time, where a fault is an error"
)]
const fn signs() -> [Signs; 256] {
    let mut signs = [NEEDS_ESCAPES; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        signs[byte as usize] = match byte {
            b' ' | b'=' => NEEDS_QUOTES,
            b'"' | b'\'' | b'\\' => NEEDS_ESCAPES,
            _ => 0,
        };
        byte += 1;
    }
    signs
}

/// Printable ASCII, without quotes; mostly what is there.
fn escape(value: &[u8], max: usize) -> (Cow<'_, [u8]>, Signs) {
    let (head, rest) = value.split_at_checked(max).unwrap_or((value, b""));
    let of = |b: &u8| SIGNS.get(usize::from(*b)).copied();
    let mut signs = head.iter().filter_map(of).fold(0, |all, one| all | one);
    if rest.is_empty() && signs & NEEDS_ESCAPES == 0 {
        return (Cow::Borrowed(head), signs);
    }
    let mut escaped: Vec<u8> = head.escape_ascii().collect();
    if !rest.is_empty() {
        escaped.extend_from_slice(b"...");
    }
    if escaped.contains(&b'\\') {
        signs |= NEEDS_QUOTES;
    }
    (Cow::Owned(escaped), signs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ScriptedHost, request};

    const AT: Duration = Duration::from_secs(1_700_000_000);

    #[test]
    fn a_refusal_leaves_a_line_and_filter_state() {
        let host = ScriptedHost::install();
        let request = request("GET", "/admin users?token=secret")
            .header("x-request-id", "5c9a")
            .build();
        request.explain(
            &Explanation::new("jwt-auth", Mode::Report, "jwt_expired")
                .field("provider", &b"corp"[..])
                .field("kid", &b"a\nb"[..])
                .detail("age", &b"61s"[..]),
        );
        assert_eq!(
            host.log(),
            [
                "jwt-auth: would be refused: reason=jwt_expired provider=corp kid=\"a\\nb\" age=61s \
                 method=GET host=example.com path=\"/admin users\" request_id=5c9a"
            ]
        );
        for (name, value) in [
            ("jwt_auth.reason", Some("jwt_expired")),
            ("jwt_auth.provider", Some("corp")),
            ("jwt_auth.kid", Some("a\\nb")),
            ("jwt_auth.age", None),
        ] {
            assert_eq!(host.filter_state(name).as_deref(), value, "{name}");
        }
    }

    #[test]
    fn ten_lines_a_second_and_the_next_one_counts_the_others() {
        let host = ScriptedHost::install();
        let refuse = || {
            request("GET", "/")
                .build()
                .explain(&Explanation::new("cors", Mode::Enforce, "x"));
        };
        (0..25).for_each(|_| refuse());
        assert_eq!(host.log().len(), 10);
        host.set_now(AT + Duration::from_secs(1));
        refuse();
        let log = host.log();
        assert_eq!(log.len(), 11);
        assert!(log.last().unwrap().ends_with(" suppressed=15"), "{log:?}");
        // Another filter has lines of its own.
        request("GET", "/")
            .build()
            .explain(&Explanation::new("jwt-auth", Mode::Enforce, "x"));
        assert_eq!(host.log().len(), 12);
    }

    #[test]
    fn long_values_are_cut_and_a_path_as_it_was_sent() {
        let host = ScriptedHost::install();
        let long = format!("/{}", "x".repeat(9000));
        request("GET", &long)
            .build()
            .explain(&Explanation::new("cors", Mode::Enforce, "x"));
        let log = host.log();
        let line = log.first().unwrap();
        assert!(line.len() < 512 && line.contains("xxx..."), "{line}");
    }

    #[test]
    fn no_line_is_made_where_the_host_would_drop_it() {
        let host = ScriptedHost::install();
        host.set_log_level(Level::Warn);
        request("GET", "/")
            .build()
            .explain(&Explanation::new("cors", Mode::Enforce, "x"));
        assert!(host.log().is_empty());
        assert_eq!(host.filter_state("cors.reason").as_deref(), Some("x"));
    }
}
