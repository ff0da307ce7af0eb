//! How servers select a virtual host.

use super::text::{find, unquote};
use std::net::Ipv6Addr;

/// `ngx_http_validate_host`: cuts at the first colon and drops one final dot.
pub(super) fn nginx_host(host: &[u8]) -> Option<Vec<u8>> {
    if host.iter().any(|b| *b <= b' ' || matches!(b, 0x7f | b'/')) || find(host, b"..").is_some() {
        return None;
    }
    let literal = host.first() == Some(&b'[');
    let end = match host
        .iter()
        .position(|b| *b == if literal { b']' } else { b':' })
    {
        Some(bracket) if literal => bracket.checked_add(1)?,
        Some(colon) => colon,
        None => host.len(),
    };
    let name = host.get(..end)?;
    let name = name.strip_suffix(b".").unwrap_or(name);
    (!name.is_empty()).then(|| name.to_ascii_lowercase())
}

/// `HttpParser.parseHost`: requires a well-formed host and a numeric port; keeps a final dot.
pub(super) fn tomcat_host(host: &[u8]) -> Option<Vec<u8>> {
    if let Some(rest) = host.strip_prefix(b"[") {
        let end = rest.iter().position(|b| *b == b']')?;
        let (address, port) = rest.split_at_checked(end)?;
        let _: Ipv6Addr = std::str::from_utf8(address).ok()?.parse().ok()?;
        let digits = port.get(1..)?;
        let digits = digits.strip_prefix(b":").unwrap_or(digits);
        return digits
            .iter()
            .all(u8::is_ascii_digit)
            .then(|| [b"[", address, b"]"].concat().to_ascii_lowercase());
    }
    let mut parts = host.splitn(2, |b| *b == b':');
    let name = parts.next()?;
    let labels = name.strip_suffix(b".").unwrap_or(name);
    let well_formed = labels.split(|b| *b == b'.').all(|label| {
        let known = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        !label.is_empty() && label.iter().all(known)
    });
    let port_is_digits = parts
        .next()
        .unwrap_or_default()
        .iter()
        .all(u8::is_ascii_digit);
    (well_formed && port_is_digits).then(|| name.to_ascii_lowercase())
}

/// `ConnectionManagerUtility::maybeNormalizeHost`, then an exact domain of a route with
/// `ignore_port_in_host_matching`: everything after the last colon is the port.
pub(super) fn envoy_host(host: &[u8], strip_port: bool, strip_dot: bool) -> Option<Vec<u8>> {
    let without_port = |host: &[u8]| {
        let colon = host.iter().rposition(|b| *b == b':');
        let bracket = host.iter().rposition(|b| *b == b']');
        let end = colon.filter(|colon| bracket.is_none_or(|b| b < *colon));
        host.get(..end.unwrap_or(host.len()))
            .unwrap_or_default()
            .to_vec()
    };
    let mut name = host.to_vec();
    if strip_dot {
        let bare = without_port(&name);
        if let Some(bare) = bare.strip_suffix(b".") {
            let port = name.get(bare.len().checked_add(1)?..)?;
            name = [bare, port].concat();
        }
    }
    if strip_port {
        name = without_port(&name);
    }
    Some(without_port(&name).to_ascii_lowercase())
}

pub(super) fn first_colon_host(host: &[u8]) -> Option<Vec<u8>> {
    let name = host.split(|b| *b == b':').next()?.trim_ascii();
    Some(name.strip_suffix(b".").unwrap_or(name).to_ascii_lowercase())
}

/// A lenient URI library that parses the host with `http://` prepended: the part after the
/// userinfo, decoded, up to the port or the path.
pub(super) fn uri_host(host: &[u8]) -> Option<Vec<u8>> {
    let authority = host
        .split(|b| matches!(b, b'/' | b'?' | b'#' | b'\\'))
        .next()?;
    let after_userinfo = authority.rsplit(|b| *b == b'@').next()?;
    first_colon_host(&unquote(after_userinfo))
}
