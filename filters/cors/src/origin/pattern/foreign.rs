//! Origins that a pattern matches and that its author does not own.
//!
//! Anyone can register a domain. What tells an owner are the last two labels of a host, or the last
//! three below a domain that many share (`github.io`, `co.uk`). Where a regular expression leaves a
//! choice in these, an attacker can choose too: `https://.*example\.com` matches
//! `https://evilexample.com`.
//!
//! That is found by reading the expression from its end ([`tail`]), and checked on the expression
//! itself.

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

/// An origin that anyone can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForeignOrigin {
    /// `null`.
    Null,
    /// This one, for example.
    Example(String),
    /// The expression has too many ends to look at.
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
    chosen
        .chain(plain)
        .filter_map(|text| Origin::parse(&text))
        .filter(|origin| matches(origin) && !is_private(origin))
        .map(|origin| origin.text().to_owned())
        // The one that shows best what is wrong.
        .min_by_key(|text| {
            let is_plain = text.ends_with("/evil.example") || text.ends_with(".evil.example");
            (
                !is_plain,
                !text.contains("evil"),
                !text.starts_with("https:"),
                text.len(),
            )
        })
        .map(ForeignOrigin::Example)
}

/// Why an expression matches no origin, where that shows at once.
pub(super) fn why_never(regex: &str) -> Option<&'static str> {
    let mut required = Vec::new();
    literals(&parse(regex)?, &mut required);
    if required.iter().any(u8::is_ascii_uppercase) {
        return Some("origins are compared in lower case");
    }
    (required.len() > 3 && required.ends_with(b"/") && !required.ends_with(b"://"))
        .then_some("an origin has no path, not even a slash at its end")
}

/// The texts that every match holds; a NUL stands for what is between them.
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

/// Names and addresses of private networks are not for sale.
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
