//! Finds origins that a pattern matches although its author does not own them.
//!
//! Anyone can register a domain. The owner is determined by the last two labels of a host, or by
//! the last three below a shared domain (`github.io`, `co.uk`). If a regular expression leaves a
//! choice in these labels, an attacker has the choice too: `https://.*example\.com` matches
//! `https://evilexample.com`.
//!
//! Such origins are found by reading the expression from its end ([`tail`]), and then verified with
//! the expression itself.

mod shared;
mod tail;

use super::{Host, OriginPattern, Wildcard};
use crate::origin::{Origin, default_port};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};
use shared::SHARED;
use std::net::Ipv4Addr;
use tail::{Tail, Tails};

/// Top-level names that no one can register (RFC 6761; RFC 6762; ICANN's `.internal`).
const PRIVATE: &[&str] = &["localhost", "local", "internal", "lan", "corp", "home"];

/// An origin that anyone can obtain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForeignOrigin {
    /// `null`.
    Null,
    /// This one, for example.
    Example(String),
    /// The expression has too many possible ends to examine.
    Unknown,
}

pub(super) fn of_pattern(pattern: &OriginPattern) -> Option<ForeignOrigin> {
    let example = match pattern {
        OriginPattern::Any => "https://evil.example".to_owned(),
        OriginPattern::Null => return Some(ForeignOrigin::Null),
        OriginPattern::Scheme(scheme) if default_port(scheme).is_some() => {
            format!("{scheme}://evil.example")
        }
        OriginPattern::Scheme(scheme) => format!("{scheme}://evil"),
        OriginPattern::Wildcard(Wildcard {
            scheme,
            host: Host::Below(parent),
            ..
        }) if SHARED
            .iter()
            .any(|shared| parent.strip_prefix('.') == Some(shared)) =>
        {
            format!("{scheme}://evil{parent}")
        }
        OriginPattern::Wildcard(_) | OriginPattern::Exact(_) => return None,
    };
    Some(ForeignOrigin::Example(example))
}

pub(super) fn of_regex(regex: &str, matches: impl Fn(&Origin) -> bool) -> Option<ForeignOrigin> {
    let Some(tails) = parse(regex).and_then(|hir| Tails::end().before(&hir)) else {
        return Some(ForeignOrigin::Unknown);
    };
    let chosen = tails.iter().filter(|tail| tail.is_chosen).map(Tail::text);
    let plain = ["https://evil.example", "http://evil.example"].map(Vec::from);
    let example = chosen
        .chain(plain)
        .filter_map(|text| Origin::parse(&text))
        .filter(|origin| matches(origin) && !is_private(origin))
        .map(|origin| origin.text().to_owned())
        // Prefer the example that shows the problem best.
        .min_by_key(|text| {
            let is_plain = text.ends_with("/evil.example") || text.ends_with(".evil.example");
            (
                !is_plain,
                !text.contains("evil"),
                !text.starts_with("https:"),
                text.len(),
            )
        })
        .map(ForeignOrigin::Example);
    example.or_else(|| matches(&Origin::Null).then_some(ForeignOrigin::Null))
}

/// Explains why an expression matches no origin, if there is an obvious reason.
pub(super) fn why_never(regex: &str, matches_null: bool) -> Option<&'static str> {
    let hir = parse(regex)?;
    let mut required = Vec::new();
    literals(&hir, &mut required);
    if required.iter().any(u8::is_ascii_uppercase) {
        return Some("origins are compared in lower case");
    }
    if has_path(&required) {
        return Some("an origin has no path, not even a slash at its end");
    }
    let default_ports: [(&[u8], &[u8]); 2] = [(b"https://", b":443"), (b"http://", b":80")];
    if default_ports
        .iter()
        .any(|(scheme, port)| required.starts_with(scheme) && required.ends_with(port))
    {
        return Some("an origin is compared without the default port of its scheme");
    }
    // Only `null` has no colon.
    (!matches_null && !tail::may_hold(&hir, b':'))
        .then_some("an origin begins with its scheme, as https://")
}

/// Whether one of these texts contains a slash that is not part of `://`.
fn has_path(required: &[u8]) -> bool {
    let before = |at: usize, by: usize| at.checked_sub(by).and_then(|at| required.get(at));
    required.iter().enumerate().any(|(at, byte)| {
        *byte == b'/'
            && !matches!(
                (before(at, 2), before(at, 1)),
                (_, None | Some(b':' | 0)) | (None | Some(b':' | 0), Some(b'/'))
            )
    })
}

/// Collects the texts that every match contains. A NUL stands for anything between them.
fn literals(hir: &Hir, required: &mut Vec<u8>) {
    match hir.kind() {
        HirKind::Literal(literal) => required.extend_from_slice(&literal.0),
        HirKind::Capture(capture) => literals(&capture.sub, required),
        HirKind::Concat(parts) => parts.iter().for_each(|part| literals(part, required)),
        HirKind::Look(_) | HirKind::Empty => {}
        HirKind::Class(_) | HirKind::Repetition(_) | HirKind::Alternation(_) => required.push(0),
    }
}

fn parse(regex: &str) -> Option<Hir> {
    let mut parser = ParserBuilder::new();
    let parser = parser.unicode(false).utf8(false);
    parser.build().parse(regex).ok()
}

/// Names and addresses of private networks cannot be registered.
fn is_private(origin: &Origin) -> bool {
    let Origin::Tuple(tuple) = origin else {
        return false;
    };
    let host = tuple.host();
    let address = host.parse::<Ipv4Addr>().ok();
    address.is_some_and(|a| a.is_private() || a.is_loopback())
        || host
            .rsplit('.')
            .next()
            .is_some_and(|name| PRIVATE.contains(&name))
}

#[cfg(test)]
mod tests;
