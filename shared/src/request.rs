//! What a filter knows of a request.

use crate::headers::Headers;
use std::borrow::Cow;

pub use crate::reading::{authority, readings};

/// The head of a request, with what the host adds to it. Everything is bytes: a client chooses them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestHead {
    /// `:method`; methods are case-sensitive (RFC 9110, section 9.1).
    pub method: Vec<u8>,
    /// `:scheme`.
    pub scheme: Vec<u8>,
    /// `:authority`: the host as the client wrote it, with the port.
    pub authority: Vec<u8>,
    /// `:path`: path and query. `None` for CONNECT.
    pub target: Option<Vec<u8>>,
    /// All other headers; empty where [`Needs::headers`] did not ask for them.
    pub headers: Headers,
    /// The client's address without the port, as Envoy trusts it: after `use_remote_address` and
    /// `xff_num_trusted_hops`, never a raw `x-forwarded-for`.
    pub source_address: Option<Vec<u8>>,
    /// The name of the route that Envoy chose.
    pub route_name: Option<Vec<u8>>,
}

/// Which parts of a request a configuration reads. Each part costs a host call, so only these are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "a set of independent parts, not a state"
)]
pub struct Needs {
    /// [`RequestHead::method`]
    pub method: bool,
    /// [`RequestHead::scheme`]
    pub scheme: bool,
    /// [`RequestHead::authority`]
    pub authority: bool,
    /// [`RequestHead::target`]
    pub target: bool,
    /// [`RequestHead::headers`]: one call for all of them, which brings the four above too.
    pub headers: bool,
    /// [`RequestHead::source_address`]
    pub source_address: bool,
    /// [`RequestHead::route_name`]
    pub route_name: bool,
    /// Response headers, for templates of responses.
    pub response_headers: bool,
}

impl Needs {
    /// What either of the two needs.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            method: self.method || other.method,
            scheme: self.scheme || other.scheme,
            authority: self.authority || other.authority,
            target: self.target || other.target,
            headers: self.headers || other.headers,
            source_address: self.source_address || other.source_address,
            route_name: self.route_name || other.route_name,
            response_headers: self.response_headers || other.response_headers,
        }
    }

    /// What any of them needs.
    pub fn any(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().fold(Self::default(), Self::or)
    }
}

impl RequestHead {
    /// A request from all its headers, pseudo-headers among them, as Envoy lists them.
    #[must_use]
    pub fn from_pairs(pairs: Vec<(String, Vec<u8>)>) -> Self {
        let mut head = Self::default();
        let mut fields = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            match name.as_str() {
                ":method" => head.method = value,
                ":scheme" => head.scheme = value,
                ":authority" => head.authority = value,
                ":path" => head.target = Some(value),
                _ => fields.push((name, value)),
            }
        }
        head.headers = Headers::new(fields);
        head
    }

    /// The path without the query: empty for CONNECT, `*` for `OPTIONS *`.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        split_target(self.target.as_deref().unwrap_or_default()).0
    }

    /// The query without its question mark; `None` where there is no question mark.
    #[must_use]
    pub fn query(&self) -> Option<&[u8]> {
        split_target(self.target.as_deref().unwrap_or_default()).1
    }

    /// The host without port, as the client wrote it. An IPv6 address keeps its brackets.
    #[must_use]
    pub fn host(&self) -> &[u8] {
        strip_port(&self.authority)
    }

    /// The values of a query parameter, each decoded once, in order.
    pub fn query_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Vec<u8>> + 'a {
        query_pairs(self.query().unwrap_or_default())
            .filter(move |(n, _)| form_decode(n) == name.as_bytes())
            .map(|(_, v)| form_decode(v))
    }
}

/// The values of a cookie as sent, in order, over all `cookie` headers (RFC 6265, section 4.2).
pub fn cookie_values<'a>(
    headers: &'a Headers,
    name: &'a str,
) -> impl Iterator<Item = &'a [u8]> + 'a {
    headers
        .all("cookie")
        .flat_map(|value| value.split(|b| *b == b';'))
        .filter_map(move |pair| {
            let pair = pair.trim_ascii();
            let at = pair.iter().position(|b| *b == b'=')?;
            let (n, v) = pair.split_at_checked(at)?;
            (n.trim_ascii_end() == name.as_bytes()).then(|| unquote(v.get(1..).unwrap_or_default()))
        })
}

/// Path and query of a `:path`. A fragment, which Envoy refuses by default, belongs to neither.
#[must_use]
pub fn split_target(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    let target = target.split(|b| *b == b'#').next().unwrap_or_default();
    match target.iter().position(|b| *b == b'?') {
        None => (target, None),
        Some(at) => {
            let (path, query) = target.split_at_checked(at).unwrap_or((target, b""));
            (path, query.get(1..))
        }
    }
}

/// The raw pairs of a query, in order: `a=b&c` gives `(a, b)` and `(c, "")`. Empty pairs are left out.
pub fn query_pairs(query: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    query
        .split(|b| *b == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.iter().position(|b| *b == b'=') {
            None => (pair, &b""[..]),
            Some(at) => {
                let (name, value) = pair.split_at_checked(at).unwrap_or((pair, b""));
                (name, value.get(1..).unwrap_or_default())
            }
        })
}

/// Decodes `%41` once. What is not a valid triplet stays as it is.
#[must_use]
pub fn percent_decode(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'%') {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        match (byte, decode_triplet(tail)) {
            (b'%', Some((value, after))) => {
                decoded.push(value);
                rest = after;
            }
            _ => {
                decoded.push(byte);
                rest = tail;
            }
        }
    }
    Cow::Owned(decoded)
}

/// The byte of the two hexadecimal digits that follow a percent sign, and what comes after them.
pub(crate) fn decode_triplet(after_percent: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = after_percent.split_first_chunk::<2>()?;
    let [high, low] = digits.map(|d| char::from(d).to_digit(16));
    let value = high?.checked_mul(16)?.checked_add(low?)?;
    Some((u8::try_from(value).ok()?, rest))
}

/// Decodes a name or a value of a query once: `+` is a space, `%41` is `A`.
#[must_use]
pub fn form_decode(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|b| if *b == b'+' { b' ' } else { *b })
        .collect();
    percent_decode(&spaced).into_owned()
}

/// The host of an authority, without user information and port.
fn strip_port(authority: &[u8]) -> &[u8] {
    let host = authority.rsplit(|b| *b == b'@').next().unwrap_or_default();
    let end = match host.iter().rposition(|b| *b == b':') {
        Some(colon) if host.last() != Some(&b']') => {
            let port = host.get(colon..).unwrap_or_default();
            let bare_ipv6 =
                host.first() != Some(&b'[') && host.iter().filter(|b| **b == b':').count() > 1;
            let is_port = port.iter().skip(1).all(u8::is_ascii_digit);
            if is_port && !bare_ipv6 {
                colon
            } else {
                host.len()
            }
        }
        _ => host.len(),
    };
    host.get(..end).unwrap_or_default()
}

fn unquote(value: &[u8]) -> &[u8] {
    value
        .strip_prefix(b"\"")
        .and_then(|v| v.strip_suffix(b"\""))
        .unwrap_or(value)
}

/// The address of Envoy's `source.address` (`10.0.0.1:4711`, `[::1]:4711`), without port and brackets.
#[must_use]
pub fn address_without_port(address: &[u8]) -> &[u8] {
    let host = strip_port(address);
    host.strip_prefix(b"[")
        .and_then(|h| h.strip_suffix(b"]"))
        .unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request;
    use proptest::prelude::*;

    #[test]
    fn host_is_the_authority_without_port_and_user_information() {
        for (authority, host) in [
            ("api.example.com", "api.example.com"),
            ("api.example.com:8443", "api.example.com"),
            ("api.example.com:", "api.example.com"),
            ("[::1]:8080", "[::1]"),
            ("[::1]", "[::1]"),
            ("::1", "::1"),
            ("user@api.example.com:80", "api.example.com"),
            ("a:b", "a:b"),
            ("", ""),
        ] {
            let head = request("GET", "/").authority(authority).build();
            assert_eq!(head.host(), host.as_bytes(), "{authority}");
        }
    }

    #[test]
    fn the_address_loses_port_and_brackets() {
        for (address, bare) in [
            ("10.0.0.1:4711", "10.0.0.1"),
            ("10.0.0.1", "10.0.0.1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("@unix", "unix"),
        ] {
            assert_eq!(
                address_without_port(address.as_bytes()),
                bare.as_bytes(),
                "{address}"
            );
        }
    }

    #[test]
    fn path_and_query_split_at_the_first_question_mark() {
        for (target, path, query) in [
            ("/a?b=c?d", "/a", Some("b=c?d")),
            ("/a?", "/a", Some("")),
            ("/a", "/a", None),
            ("*", "*", None),
            ("/a#f?x", "/a", None),
        ] {
            let head = request("GET", target).build();
            assert_eq!(head.path(), path.as_bytes());
            assert_eq!(head.query(), query.map(str::as_bytes), "{target}");
        }
        let connect = RequestHead::default();
        assert_eq!((connect.path(), connect.query()), (&b""[..], None));
    }

    #[test]
    fn query_values_are_decoded_once_and_repeated_ones_all_seen() {
        let head = request("GET", "/?a=1&b=x%2541+y&a=&%61=3&c").build();
        let values = |n: &str| head.query_values(n).collect::<Vec<_>>();
        assert_eq!(values("a"), [b"1".to_vec(), b"".to_vec(), b"3".to_vec()]);
        assert_eq!(values("b"), [b"x%41 y".to_vec()]);
        assert_eq!(values("c"), [b"".to_vec()]);
        assert_eq!(values("d"), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn cookies_are_found_over_all_cookie_headers() {
        let head = request("GET", "/")
            .header("cookie", "a=1; session=x; b")
            .header("cookie", "session=\"y\"")
            .build();
        let values: Vec<_> = cookie_values(&head.headers, "session").collect();
        assert_eq!(values, [&b"x"[..], b"y"]);
    }

    proptest! {
        #[test]
        fn any_bytes_decode_without_panic(bytes: Vec<u8>) {
            let _ = percent_decode(&bytes);
            let _ = form_decode(&bytes);
            let _ = address_without_port(&bytes);
            let _ = query_pairs(&bytes).count();
            let head = RequestHead { target: Some(bytes.clone()), authority: bytes, ..RequestHead::default() };
            let _ = (head.path(), head.query(), head.host());
        }
    }
}
