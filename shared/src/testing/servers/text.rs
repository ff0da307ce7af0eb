//! Operations on paths that several models share.

/// Decodes once, without any checks: `urllib.parse.unquote_to_bytes`.
pub(super) fn unquote(path: &[u8]) -> Vec<u8> {
    let mut parts = path.split(|b| *b == b'%');
    let mut out = parts.next().unwrap_or_default().to_vec();
    for part in parts {
        match part
            .split_at_checked(2)
            .and_then(|(d, rest)| Some((digits(d)?, rest)))
        {
            Some((byte, rest)) => {
                out.push(byte);
                out.extend(rest);
            }
            None => {
                out.push(b'%');
                out.extend(part);
            }
        }
    }
    out
}

pub(super) fn digits(two: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(two).ok()?;
    let hexadecimal = text.bytes().all(|b| b.is_ascii_hexdigit());
    hexadecimal.then(|| u8::from_str_radix(text, 16).ok())?
}

pub(super) fn strictly_unquoted(path: &[u8], solidus: Solidus) -> Option<Vec<u8>> {
    let mut parts = path.split(|b| *b == b'%');
    let mut out = parts.next()?.to_vec();
    for part in parts {
        let (two, rest) = part.split_at_checked(2)?;
        match (digits(two)?, solidus) {
            (0, _) | (b'/', Solidus::Reject) => return None,
            (b'/', Solidus::PassThrough) => {
                out.push(b'%');
                out.extend(two);
            }
            (byte, _) => out.push(byte),
        }
        out.extend(rest);
    }
    Some(out)
}

pub(super) fn unreserved_unquoted(path: &[u8]) -> Vec<u8> {
    let mut parts = path.split(|b| *b == b'%');
    let mut out = parts.next().unwrap_or_default().to_vec();
    for part in parts {
        match part
            .split_at_checked(2)
            .and_then(|(two, rest)| Some((digits(two)?, rest)))
        {
            Some((byte, rest)) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                out.push(byte);
                out.extend(rest);
            }
            _ => {
                out.push(b'%');
                out.extend(part);
            }
        }
    }
    out
}

pub(super) fn turn_backslashes(path: &mut [u8]) {
    path.iter_mut()
        .filter(|b| **b == b'\\')
        .for_each(|b| *b = b'/');
}

pub(super) fn without_params(path: &[u8]) -> Vec<u8> {
    let segments = path.split(|b| *b == b'/');
    let names: Vec<&[u8]> = segments
        .map(|s| s.split(|b| *b == b';').next().unwrap_or_default())
        .collect();
    names.join(&b'/')
}

pub(super) fn merged(path: &[u8]) -> Vec<u8> {
    let mut out = path.to_vec();
    out.dedup_by(|a, b| (*a, *b) == (b'/', b'/'));
    out
}

/// Resolves dot segments; `None` for `..` above the root.
pub(super) fn without_dots(mut path: Vec<u8>) -> Option<Vec<u8>> {
    if path.ends_with(b"/.") || path.ends_with(b"/..") {
        path.push(b'/');
    }
    while let Some(at) = find(&path, b"/./") {
        path.drain(at..at.checked_add(2)?);
    }
    while let Some(at) = find(&path, b"/../") {
        let parent = path.get(..at)?.iter().rposition(|b| *b == b'/')?;
        path.drain(parent..at.checked_add(3)?);
    }
    Some(path)
}

pub(super) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|w| w == part)
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Solidus {
    Reject,
    Decode,
    PassThrough,
}
