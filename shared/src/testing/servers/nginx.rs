//! nginx, as a server and as a proxy.

use super::text::digits;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Merge {
    Yes,
    No,
}

/// `ngx_http_parse_complex_uri`: decodes, merges slashes and resolves dot segments in one pass.
pub(super) fn nginx(path: &[u8], merge: Merge) -> Option<Vec<u8>> {
    enum State {
        Usual,
        Slash,
        Dot,
        DotDot,
    }
    if path.first() != Some(&b'/') || path.iter().any(u8::is_ascii_control) {
        return None;
    }
    let mut out = Vec::with_capacity(path.len());
    let mut state = State::Usual;
    let mut rest = path;
    while let Some((&sent, tail)) = rest.split_first() {
        rest = tail;
        let mut byte = sent;
        if sent == b'%' {
            let (two, after) = tail.split_at_checked(2)?;
            byte = digits(two)?;
            rest = after;
            match byte {
                0 => return None,
                b'%' | b'#' | b'?' => {
                    out.push(byte);
                    state = State::Usual;
                    continue;
                }
                _ => {}
            }
        }
        state = match (state, byte) {
            (State::Slash, b'/') if merge == Merge::Yes => State::Slash,
            (State::Usual | State::Slash, b'/') => {
                out.push(byte);
                State::Slash
            }
            (State::Dot, b'/') => {
                out.pop();
                State::Slash
            }
            (State::DotDot, b'/') => {
                nginx_up(&mut out)?;
                State::Slash
            }
            (State::Slash, b'.') => {
                out.push(byte);
                State::Dot
            }
            (State::Dot, b'.') => {
                out.push(byte);
                State::DotDot
            }
            _ => {
                out.push(byte);
                State::Usual
            }
        };
    }
    match state {
        State::Dot => drop(out.pop()),
        State::DotDot => nginx_up(&mut out)?,
        State::Usual | State::Slash => {}
    }
    Some(out)
}

/// Removes `segment/..`; `None` above the root.
fn nginx_up(out: &mut Vec<u8>) -> Option<()> {
    let parent = out.strip_suffix(b"/..")?.iter().rposition(|b| *b == b'/')?;
    out.truncate(parent.checked_add(1)?);
    Some(())
}

/// `proxy_pass` with a URI: the path as nginx has parsed it, escaped again with `ngx_escape_uri`.
pub(super) fn nginx_proxy(path: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for byte in nginx(path, Merge::Yes)? {
        if byte <= b' ' || byte >= 0x7f || matches!(byte, b'%' | b'?' | b'#') {
            out.extend(format!("%{byte:02X}").bytes());
        } else {
            out.push(byte);
        }
    }
    Some(out)
}
