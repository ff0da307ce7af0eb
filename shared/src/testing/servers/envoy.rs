//! Envoy's normalization of paths.

use super::text::{find, unreserved_unquoted};

/// What Envoy does to a path, in its order: `ConnectionManagerUtility::maybeNormalizePath`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Normalization {
    /// `path_with_escaped_slashes_action: UNESCAPE_AND_FORWARD`
    Unescape,
    /// `normalize_path`
    Rfc3986,
    /// `merge_slashes`
    Merge,
}

pub(super) fn envoy(path: &[u8], normalizations: &[Normalization]) -> Option<Vec<u8>> {
    normalizations
        .iter()
        .try_fold(path.to_vec(), |path, step| match step {
            Normalization::Unescape => Some(envoy_unescaped(&path)),
            Normalization::Rfc3986 => canonical(&path),
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

/// `url::CanonicalizePath` of googleurl: unreserved characters decoded, `\` made `/`, dot segments resolved, what is no
/// character of a path encoded.
fn canonical(path: &[u8]) -> Option<Vec<u8>> {
    if find(path, b"%00").is_some() {
        return None;
    }
    let out = unreserved_unquoted(path);
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
        if byte <= b' ' || byte >= 0x7f || b"\"#<>?`{}".contains(&byte) {
            canonical.extend(format!("%{byte:02X}").bytes());
        } else {
            canonical.push(byte);
        }
    }
    Some(canonical)
}
