//! Envoy's path normalization.

use super::text::{digits, find};

/// A normalization step of Envoy, in Envoy's order: `ConnectionManagerUtility::maybeNormalizePath`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Normalization {
    /// `path_with_escaped_slashes_action: UNESCAPE_AND_FORWARD`
    Unescape,
    /// `normalize_path`
    Rfc3986,
    /// `normalize_path` before 1.36.10, 1.37.6, 1.38.4 and 1.39.1, which keeps the params of dot
    /// segments.
    OlderRfc3986,
    /// `merge_slashes`
    Merge,
}

pub(super) fn envoy(path: &[u8], normalizations: &[Normalization]) -> Option<Vec<u8>> {
    // Envoy rejects these before it normalizes anything.
    if path.iter().any(|b| *b <= b' ' || *b >= 0x7f) {
        return None;
    }
    normalizations
        .iter()
        .try_fold(path.to_vec(), |path, step| match step {
            Normalization::Unescape => Some(envoy_unescaped(&path)),
            Normalization::Rfc3986 => canonical(&without_params_of_dots(&path)),
            Normalization::OlderRfc3986 => canonical(&path),
            Normalization::Merge => Some(envoy_merged(&path)),
        })
}

/// `PathUtil::unescapeSlashes`.
fn envoy_unescaped(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = path;
    while let Some((&byte, tail)) = rest.split_first() {
        let (slash, after) = match rest {
            [b'%', b'2', b'F' | b'f', after @ ..] => (b'/', after),
            [b'%', b'5', b'C' | b'c', after @ ..] => (b'\\', after),
            _ => (byte, tail),
        };
        out.push(slash);
        rest = after;
    }
    out
}

/// `PathTransformer::mergeSlashes`.
fn envoy_merged(path: &[u8]) -> Vec<u8> {
    if find(path, b"//").is_none() {
        return path.to_vec();
    }
    let segments: Vec<&[u8]> = path
        .split(|b| *b == b'/')
        .filter(|s| !s.is_empty())
        .collect();
    let prefix: &[u8] = if path.starts_with(b"/") { b"/" } else { b"" };
    let suffix: &[u8] = if path.ends_with(b"/") { b"/" } else { b"" };
    [prefix, &*segments.join(&b"/"[..]), suffix].concat()
}

/// Reads `..;x` as `..`: `strip_dotdot_segments_with_parameters`, which is on.
fn without_params_of_dots(path: &[u8]) -> Vec<u8> {
    let bare = |segment: &[u8]| match segment {
        [b'.', b';', ..] => b".".to_vec(),
        [b'.', b'.', b';', ..] => b"..".to_vec(),
        _ => segment.to_vec(),
    };
    let segments: Vec<_> = path.split(|b| *b == b'/').map(bare).collect();
    segments.join(&b'/')
}

/// `url::CanonicalizePath` of googleurl: decodes unreserved characters, replaces `\` with `/`,
/// resolves dot segments, and encodes characters that are not allowed in a path.
fn canonical(path: &[u8]) -> Option<Vec<u8>> {
    if find(path, b"%00").is_some() {
        return None;
    }
    let out = unreserved_unquoted(path)?;
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut segments = out.split(|b| matches!(b, b'/' | b'\\')).skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        if segment == b".." {
            kept.pop();
        }
        if !matches!(segment, b"." | b"..") {
            kept.push(segment);
        } else if last {
            kept.push(b"");
        }
    }
    let mut canonical = vec![b'/'];
    for byte in kept.join(&b'/') {
        if b"\"<>^`{|}".contains(&byte) {
            canonical.extend(format!("%{byte:02X}").bytes());
        } else {
            canonical.push(byte);
        }
    }
    Some(canonical)
}

/// If decoding would create a triplet with an existing `%`, that `%` becomes `%25`
/// (`CheckForNestedEscapes`).
fn unreserved_unquoted(path: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut lone_percent = None;
    let mut rest = path;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let triplet = tail.split_at_checked(2).filter(|_| byte == b'%');
        match triplet.and_then(|(two, after)| Some((digits(two)?, after))) {
            Some((value, after)) if value.is_ascii_alphanumeric() || b"-._~".contains(&value) => {
                out.push(value);
                rest = after;
                if let Some(at) = lone_percent {
                    let next = rest.first().copied();
                    let follow: Vec<u8> =
                        out.get(at..)?.iter().copied().skip(1).chain(next).collect();
                    if matches!(follow.len(), 2 | 3) && follow.get(..2).and_then(digits).is_some() {
                        let after_percent = at.checked_add(1)?;
                        out.splice(after_percent..after_percent, *b"25");
                        lone_percent = None;
                    }
                }
            }
            Some((_, after)) => {
                out.push(byte);
                out.extend(tail.iter().take(2));
                rest = after;
            }
            None => {
                if byte == b'%' {
                    lone_percent = Some(out.len());
                }
                out.push(byte);
            }
        }
    }
    Some(out)
}
