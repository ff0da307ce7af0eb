//! Application servers and file servers.

use super::nginx::{Merge, nginx};
use super::text::{
    Solidus, merged, strictly_unquoted, turn_backslashes, unquote, unreserved_unquoted,
    without_dots, without_params,
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Backslash {
    Refuse,
    Turn,
}

/// `CoyoteAdapter.postParseRequest`: drops params, decodes (`UDecoder.convert`), normalizes
/// (`CoyoteAdapter.normalize`).
pub(super) fn tomcat(path: &[u8], solidus: Solidus, backslash: Backslash) -> Option<Vec<u8>> {
    let mut decoded = strictly_unquoted(&without_params(path), solidus)?;
    if backslash == Backslash::Turn {
        turn_backslashes(&mut decoded);
    }
    if decoded.first() != Some(&b'/') || decoded.contains(&b'\\') {
        return None;
    }
    without_dots(merged(&decoded))
}

/// `ap_process_request_internal`: decodes unreserved characters, merges slashes, resolves dots
/// (`ap_normalize_path`), and then decodes everything (`ap_unescape_url_ex`).
pub(super) fn apache(path: &[u8], solidus: Solidus) -> Option<Vec<u8>> {
    strictly_unquoted(&without_dots(merged(&unreserved_unquoted(path)))?, solidus)
}

/// Decodes once, treats `\` as a separator, and then resolves dots.
pub(super) fn windows(path: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = unquote(path);
    turn_backslashes(&mut decoded);
    without_dots(decoded)
}

/// PEP 3333: `PATH_INFO` is the decoded path.
pub(super) fn wsgi(path: &[u8]) -> Option<Vec<u8>> {
    Some(unquote(path))
}

/// `wsgiref`, whose request handler reduces leading slashes to one.
pub(super) fn wsgiref(path: &[u8]) -> Option<Vec<u8>> {
    let start = path.iter().take_while(|b| **b == b'/').count();
    wsgi(path.get(start.saturating_sub(1)..)?)
}

/// `SimpleHTTPRequestHandler.translate_path`: decodes once, then applies `posixpath.normpath`;
/// keeps a final slash as sent.
pub(super) fn http_server(path: &[u8]) -> Option<Vec<u8>> {
    let decoded = unquote(path);
    let mut kept: Vec<&[u8]> = Vec::new();
    for segment in decoded.split(|b| *b == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    let slash: &[u8] = if path.ends_with(b"/") && !kept.is_empty() {
        b"/"
    } else {
        b""
    };
    Some([b"/", &*kept.join(&b"/"[..]), slash].concat())
}

/// `UrlPathHelper.getRequestUri`: drops params, decodes, replaces `//` with `/`.
pub(super) fn spring(path: &[u8]) -> Option<Vec<u8>> {
    Some(merged(&unquote(&without_params(path))))
}

pub(super) fn spring_decoding_first(path: &[u8]) -> Option<Vec<u8>> {
    Some(merged(&without_params(&unquote(path))))
}

pub(super) fn decoding_twice(path: &[u8]) -> Option<Vec<u8>> {
    Some(unquote(&unquote(path)))
}

/// Merges slashes and resolves dot segments.
pub(super) fn resolved(path: Vec<u8>) -> Option<Vec<u8>> {
    without_dots(merged(&path))
}

pub(super) fn decoding_after_dots(path: &[u8]) -> Option<Vec<u8>> {
    nginx(path, Merge::Yes).map(|served| unquote(&served))
}
