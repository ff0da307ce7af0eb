//! Shared by the unit tests: creates rules from JSON and applies them to messages.

use crate::config::Config;
use crate::decision::decide;
use crate::operation::{Exchange, Kept};
use crate::reason::{Refused, Skipped};
use crate::rules::Rules;
use filter_kit::config::{Env, load};
use filter_kit::headers::{Edit, Headers};
use filter_kit::request::Request;
use filter_kit::response::Response;
use filter_kit::testing::headers;

pub(crate) fn rules(json: &str) -> Rules {
    load::<Config>(json.as_bytes(), &Env::new()).unwrap().rules
}

/// Creates rules that apply these operations to every request.
pub(crate) fn on_requests(operations: &str) -> Rules {
    rules(&format!(r#"{{"rules": [{{"request": [{operations}]}}]}}"#))
}

/// Decides on a request and edits it.
pub(crate) fn edit(rules: &Rules, request: &mut Request) -> Result<Vec<Skipped>, Refused> {
    let decision = decide(rules, request);
    match decision.refused {
        Some(refused) => Err(refused),
        None => Ok(rules.edit_request(&decision.applied, request)?.skipped),
    }
}

/// Returns the edits of a response with these headers, after this request.
pub(crate) fn edit_response(
    rules: &Rules,
    mut request: Request,
    upstream: &[(&str, &str)],
) -> (Vec<String>, Vec<Skipped>) {
    let applied = decide(rules, &request).applied;
    let kept = Kept {
        sent: rules.snapshot(&applied, &request),
        is_https: true,
        nonce: None,
    };
    let _ = rules.edit_request(&applied, &mut request);
    let mut response = Response::of(headers(upstream));
    let skipped = rules.edit_response(&applied, &mut Exchange::new(Some(&kept)), &mut response);
    (difference(response.headers()), skipped)
}

/// Returns the edits that the host has to apply, one per line.
pub(crate) fn difference(headers: &Headers) -> Vec<String> {
    let line = |edit: Edit<'_>| match edit {
        Edit::Set(name, value) => format!("set {}: {}", text(name), text(value)),
        Edit::Add(name, value) => format!("add {}: {}", text(name), text(value)),
        Edit::Remove(name) => format!("remove {}", text(name)),
    };
    headers.difference().into_iter().map(line).collect()
}

/// Returns the headers, one per line, without pseudo-headers.
pub(crate) fn lines(headers: &Headers) -> Vec<String> {
    headers
        .iter()
        .filter(|(name, _)| !name.starts_with(b":"))
        .map(|(name, value)| format!("{}: {}", text(name), text(value)))
        .collect()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
