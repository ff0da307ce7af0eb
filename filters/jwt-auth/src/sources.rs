//! Where tokens are in a request, and how they are taken out of it (RFC 6750, section 2).

use crate::reason::Reason;
use filter_kit::request::{Request, decode, form_decode};
use filter_kit::values::HeaderName;
use std::borrow::Cow;

/// The header that lists the protocols a WebSocket client offers (RFC 6455, section 11.3.4).
static WEBSOCKET_PROTOCOL: HeaderName = HeaderName::from_static("sec-websocket-protocol");

/// One place for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// A header whose value begins with `prefix`, compared without case, as schemes are (RFC 9110,
    /// section 11.1).
    Header {
        /// The header.
        name: HeaderName,
        /// The text before the token; may be empty.
        prefix: String,
    },
    /// A query parameter.
    Query(String),
    /// A cookie. Its value is decoded once.
    Cookie {
        /// The cookie.
        name: String,
        /// The text before the token; may be empty.
        prefix: String,
    },
    /// An element of the list of WebSocket protocols.
    WebSocketProtocol(Element),
}

/// Which element of a list is the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// The one that begins with this; the rest of it is the token.
    Prefix(String),
    /// The one that follows this one.
    After(String),
}

impl TokenSource {
    /// The header that carries the token, where it is one that may be set.
    #[must_use]
    pub fn header(&self) -> Option<&HeaderName> {
        match self {
            Self::Header { name, .. } => Some(name),
            Self::WebSocketProtocol(_) => Some(&WEBSOCKET_PROTOCOL),
            Self::Query(_) | Self::Cookie { .. } => None,
        }
    }

    /// The token in this place. `all` are the provider's sources, this one among them.
    fn token<'r>(
        &'r self,
        all: &[Self],
        request: &'r Request,
    ) -> Result<Option<Cow<'r, [u8]>>, Reason> {
        match self {
            Self::Header { name, prefix } => {
                let token = header_token(name, prefix, request)?;
                // Few providers have two sources on one header.
                let value = || request.headers().first(name.as_str());
                let is_of_other = all.len() > 1
                    && token.is_some()
                    && value().is_some_and(|value| is_of_longer_prefix(all, name, prefix, value));
                Ok(token.filter(|_| !is_of_other).map(Cow::Borrowed))
            }
            Self::Query(name) => Ok(only(request.query_values(name))?.map(Cow::Borrowed)),
            Self::Cookie { name, prefix } => {
                let value = only(request.cookie_values(name))?;
                Ok(value.and_then(|value| match decode(value) {
                    Cow::Borrowed(value) => after_prefix(value, prefix).map(Cow::Borrowed),
                    Cow::Owned(value) => {
                        after_prefix(&value, prefix).map(|token| Cow::Owned(token.to_vec()))
                    }
                }))
            }
            Self::WebSocketProtocol(element) => {
                let mut tokens = protocols(request).filter_map(element.reader());
                let token = tokens.next();
                match tokens.next() {
                    None => Ok(token.map(Cow::Borrowed)),
                    Some(_) => Err(Reason::Repeated),
                }
            }
        }
    }
}

impl Element {
    /// Takes the elements of a list in order, and gives what of each is a token.
    fn reader<'r>(&self) -> impl FnMut(&'r [u8]) -> Option<&'r [u8]> {
        let mut is_next = false;
        move |element| match self {
            Self::Prefix(prefix) => element
                .strip_prefix(prefix.as_bytes())
                .filter(|token| !token.is_empty()),
            Self::After(marker) => {
                let is_token = is_next;
                is_next = !is_token && element == marker.as_bytes();
                is_token.then_some(element)
            }
        }
    }
}

/// The WebSocket protocols that a client offers, in order. They have no quotes, and a server may
/// split the list at every comma: a quote must not hide a token.
fn protocols(request: &Request) -> impl Iterator<Item = &[u8]> {
    let values = request.headers().all(WEBSOCKET_PROTOCOL.as_str());
    let elements = values.flat_map(parts).map(<[u8]>::trim_ascii);
    elements.filter(|element| !element.is_empty())
}

fn header_token<'r>(
    name: &'r HeaderName,
    prefix: &str,
    request: &'r Request,
) -> Result<Option<&'r [u8]>, Reason> {
    let mut values = request.headers().all(name.as_str());
    let Some(first) = values.next() else {
        return Ok(None);
    };
    // Which of several values the upstream would read is open; Envoy joins some by commas.
    // `is_joined` looks at what follows a token, as no token that verifies has a comma.
    match (values.next(), after_prefix(first, prefix)) {
        (None, Some(token)) => Ok(Some(token)),
        (None, None) if holds_any(first, prefix) => Err(Reason::Repeated),
        (None, None) => Ok(None),
        (Some(second), _) => {
            let mut all = [first, second].into_iter().chain(values);
            if all.any(|value| holds_any(value, prefix)) {
                Err(Reason::Repeated)
            } else {
                Ok(None)
            }
        }
    }
}

/// Whether the value of a header is for another source, whose prefix is longer than this one.
fn is_of_longer_prefix(all: &[TokenSource], header: &HeaderName, than: &str, value: &[u8]) -> bool {
    all.iter().any(|other| match other {
        TokenSource::Header { name, prefix } => {
            prefix.len() > than.len() && name == header && after_prefix(value, prefix).is_some()
        }
        _ => false,
    })
}

/// The one value; an empty one counts as missing.
fn only<'v>(mut values: impl Iterator<Item = &'v [u8]>) -> Result<Option<&'v [u8]>, Reason> {
    let first = values.next();
    match values.next() {
        None => Ok(first.filter(|token| !token.is_empty())),
        Some(_) => Err(Reason::Repeated),
    }
}

/// What follows the prefix, without surrounding white space; `None` where there is no prefix, or
/// nothing after it. A space at the end of the prefix is any white space (RFC 9110, section 11.4).
fn after_prefix<'v>(value: &'v [u8], prefix: &str) -> Option<&'v [u8]> {
    // As most clients write it: to the letter, and without white space that does not belong there.
    if let Some(token) = value.strip_prefix(prefix.as_bytes())
        && let ([first, ..], [.., last]) = (token, token)
        && ![value.first().unwrap_or(first), first, last]
            .iter()
            .any(|b| b.is_ascii_whitespace())
    {
        return Some(token);
    }
    after_any_prefix(value, prefix)
}

#[inline(never)]
fn after_any_prefix<'v>(value: &'v [u8], prefix: &str) -> Option<&'v [u8]> {
    let scheme = prefix.trim_ascii_end();
    let (head, rest) = value.trim_ascii().split_at_checked(scheme.len())?;
    let token = rest.trim_ascii_start();
    let is_apart = scheme.len() == prefix.len() || token.len() < rest.len();
    let is_token = is_apart && !token.is_empty();
    (is_token && head.eq_ignore_ascii_case(scheme.as_bytes())).then_some(token)
}

/// The values that were joined by commas, if they were: a token has none.
fn parts(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',')
}

/// Whether what was taken for a token of one of these sources is several values that were joined by
/// commas.
#[must_use]
pub(crate) fn is_joined(sources: &[TokenSource], token: &[u8]) -> bool {
    sources.iter().any(|source| match source {
        TokenSource::Header { prefix, .. } => parts(token).skip(1).any(holds(prefix)),
        TokenSource::Query(_) | TokenSource::Cookie { .. } => false,
        // Its elements are taken apart before.
        TokenSource::WebSocketProtocol(_) => false,
    })
}

/// Whether a value, or one that was joined to it, begins as a token of a source with this prefix
/// does.
fn holds_any(value: &[u8], prefix: &str) -> bool {
    holds(prefix)(value) || (value.contains(&b',') && parts(value).any(holds(prefix)))
}

/// Whether a part of a value begins as a token of a source with this prefix does.
fn holds(prefix: &str) -> impl Fn(&[u8]) -> bool {
    move |part| after_prefix(part, prefix).is_some()
}

/// The tokens of a request in these places, in their order: the first, and others. The same token
/// in two places is one.
///
/// # Errors
/// [`Reason::Repeated`] where one place holds more than one value.
pub(crate) fn find<'r>(sources: &'r [TokenSource], request: &'r Request) -> Found<'r> {
    let mut first: Option<Cow<'_, [u8]>> = None;
    let mut others: Vec<Cow<'_, [u8]>> = Vec::new();
    for source in sources {
        let Some(token) = source.token(sources, request)? else {
            continue;
        };
        match &first {
            None => first = Some(token),
            Some(first) if *first == token || others.contains(&token) => {}
            Some(_) => others.push(token),
        }
    }
    Ok(first.map(|first| (first, others)))
}

/// The first token and the others; `None` where there is no token.
pub(crate) type Found<'r> = Result<Option<(Cow<'r, [u8]>, Vec<Cow<'r, [u8]>>)>, Reason>;

/// Takes the tokens in these places out of a request; nothing else of it changes.
pub(crate) fn remove<'s>(
    sources: impl IntoIterator<Item = &'s TokenSource>,
    request: &mut Request,
) {
    let (mut names, mut parameters, mut cookies) = (Vec::new(), Vec::new(), Vec::new());
    let mut elements = Vec::new();
    for source in sources {
        match source {
            TokenSource::Header { name, prefix } => {
                let mut values = request.headers().all(name.as_str());
                if values.any(|value| holds_any(value, prefix)) {
                    names.push(name.as_str());
                }
            }
            TokenSource::Query(name) => parameters.push(name.as_str()),
            TokenSource::Cookie { name, .. } => cookies.push(name.as_str()),
            TokenSource::WebSocketProtocol(element) => elements.push(element),
        }
    }
    if parameters.is_empty() && cookies.is_empty() && elements.is_empty() {
        for name in names {
            request.edit(|headers| headers.remove(name));
        }
        return;
    }
    let protocols = without_elements(&elements, request);
    let target = without_parameters(&parameters, request);
    let cookie = without_cookies(&cookies, request);
    if names.is_empty() && target.is_none() && cookie.is_none() && protocols.is_none() {
        return;
    }
    request.edit(|headers| {
        for name in names {
            headers.remove(name);
        }
        if let Some(target) = target {
            headers.set(":path", &target);
        }
        match cookie {
            Some(cookie) if cookie.is_empty() => headers.remove("cookie"),
            Some(cookie) => headers.set("cookie", &cookie),
            None => {}
        }
        match protocols {
            Some(others) if others.is_empty() => headers.remove(WEBSOCKET_PROTOCOL.as_str()),
            Some(others) => headers.set(WEBSOCKET_PROTOCOL.as_str(), &others),
            None => {}
        }
    });
}

/// The WebSocket protocols that are not tokens, in one value; `None` where all are left.
fn without_elements(elements: &[&Element], request: &Request) -> Option<Vec<u8>> {
    if elements.is_empty() {
        return None;
    }
    let mut readers: Vec<_> = elements.iter().map(|element| element.reader()).collect();
    let mut is_token = |element| {
        // Each reader has to see every element.
        let found = readers.iter_mut().filter_map(|read| read(element)).count();
        found > 0
    };
    let all: Vec<&[u8]> = protocols(request).collect();
    let kept: Vec<&[u8]> = all.iter().copied().filter(|e| !is_token(e)).collect();
    (kept.len() < all.len()).then(|| kept.join(&b", "[..]))
}

/// The target without these query parameters; `None` where it has none of them.
fn without_parameters(names: &[&str], request: &Request) -> Option<Vec<u8>> {
    let query = request.query().filter(|_| !names.is_empty())?;
    let pairs: Vec<&[u8]> = query.split(|b| *b == b'&').collect();
    let kept: Vec<&[u8]> = pairs
        .iter()
        .copied()
        .filter(|pair| {
            let name = pair.split(|b| *b == b'=').next().unwrap_or_default();
            !names.iter().any(|n| *form_decode(name) == *n.as_bytes())
        })
        .collect();
    if kept.len() == pairs.len() {
        return None;
    }
    let mut target = request.path().to_vec();
    if !kept.is_empty() {
        target.push(b'?');
        target.extend(kept.join(&b'&'));
    }
    Some(target)
}

/// All cookies without these, in one value; `None` where the request has none of them.
fn without_cookies(names: &[&str], request: &Request) -> Option<Vec<u8>> {
    if names.is_empty() {
        return None;
    }
    let all: Vec<&[u8]> = request
        .headers()
        .all("cookie")
        .flat_map(|value| value.split(|b| *b == b';'))
        .map(<[u8]>::trim_ascii)
        .collect();
    let kept: Vec<&[u8]> = all
        .iter()
        .copied()
        .filter(|pair| {
            let name = pair.split(|b| *b == b'=').next().unwrap_or_default();
            !names.iter().any(|n| name.trim_ascii_end() == n.as_bytes())
        })
        .collect();
    (kept.len() < all.len()).then(|| kept.join(&b"; "[..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use filter_kit::testing::request;

    fn bearer() -> TokenSource {
        TokenSource::Header {
            name: HeaderName::new("authorization").unwrap(),
            prefix: "Bearer ".into(),
        }
    }

    fn cookie(name: &str, prefix: &str) -> TokenSource {
        TokenSource::Cookie {
            name: name.into(),
            prefix: prefix.into(),
        }
    }

    fn found(sources: &[TokenSource], request: &Request) -> Result<Vec<String>, Reason> {
        let text = |token: &Cow<'_, [u8]>| String::from_utf8(token.to_vec()).unwrap();
        let tokens = find(sources, request)?;
        let tokens = tokens
            .iter()
            .flat_map(|(first, others)| std::iter::once(first).chain(others));
        Ok(tokens.map(text).collect())
    }

    fn sources() -> Vec<TokenSource> {
        let query = TokenSource::Query("access_token".into());
        vec![bearer(), query, cookie("session", "")]
    }

    #[test]
    fn a_header_holds_a_token_after_its_prefix() {
        for (values, expected) in [
            (&["Bearer a.b.c"][..], Ok(vec!["a.b.c"])),
            (&["bearer a.b.c"], Ok(vec!["a.b.c"])),
            (&["Bearer   a.b.c  "], Ok(vec!["a.b.c"])),
            (&["Bearer\ta.b.c"], Ok(vec!["a.b.c"])),
            (&["Bearer a, Bearer b"], Ok(vec!["a, Bearer b"])),
            (&["Basic a,bearer b"], Err(Reason::Repeated)),
            (&[",Bearer b"], Err(Reason::Repeated)),
            (&["Digest a=\"b\", c=d"], Ok(vec![])),
            (&["Bearer a, c"], Ok(vec!["a, c"])),
            (&["Basic a, Bearer b", "Basic c"], Err(Reason::Repeated)),
            (&["Bearer"], Ok(vec![])),
            (&["Bearer "], Ok(vec![])),
            (&["Bearera.b.c"], Ok(vec![])),
            (&["Basic a.b.c"], Ok(vec![])),
            (&["xBearer a.b.c"], Ok(vec![])),
            (&[""], Ok(vec![])),
            (&[], Ok(vec![])),
            (&["Basic a", "Basic b"], Ok(vec![])),
            (&["Bearer a", "Bearer a"], Err(Reason::Repeated)),
            (&["Basic a", "Bearer b"], Err(Reason::Repeated)),
        ] {
            let head = values
                .iter()
                .fold(request("GET", "/"), |r, v| r.header("authorization", *v))
                .build();
            let expected = expected.map(|t| t.iter().map(|t| (*t).to_owned()).collect());
            assert_eq!(found(&[bearer()], &head), expected, "{values:?}");
        }
    }

    #[test]
    fn values_that_were_joined_are_told_from_a_token() {
        for (token, joined) in [
            ("a.b.c", false),
            ("a.b.c, Bearer d.e.f", true),
            ("a.b.c,bearer\td", true),
            ("a.b.c, Basic d", false),
        ] {
            assert_eq!(is_joined(&sources(), token.as_bytes()), joined, "{token}");
        }
    }

    #[test]
    fn tokens_are_found_in_declared_places_only_and_once() {
        let sources = sources();
        let head = request("GET", "/?access_token=t1&x=t9")
            .header("authorization", "Bearer t2")
            .header("cookie", "a=1; session=t1")
            .header("x-token", "t9")
            .build();
        assert_eq!(found(&sources, &head), Ok(vec!["t2".into(), "t1".into()]));
        for target in [
            "/?access_token=a&access_token=a",
            "/?access_token=a&%61ccess_token=b",
        ] {
            let head = request("GET", target).build();
            assert_eq!(find(&sources, &head), Err(Reason::Repeated), "{target}");
        }
        let head = request("GET", "/")
            .header("cookie", "session=a")
            .header("cookie", "session=b")
            .build();
        assert_eq!(find(&sources, &head), Err(Reason::Repeated));
        let head = request("GET", "/?access_token=")
            .header("cookie", "session=")
            .build();
        assert_eq!(find(&sources, &head), Ok(None));
    }

    #[test]
    fn removal_takes_the_token_and_nothing_else() {
        for (target, cookie, target_after, cookie_after) in [
            ("/a?access_token=t", "session=t", "/a", None),
            (
                "/a?b=%20&access%5Ftoken=t&&c",
                "a=1;session=t; b=\"2\"",
                "/a?b=%20&&c",
                Some("a=1; b=\"2\""),
            ),
            ("/a?b=c", "a=1", "/a?b=c", Some("a=1")),
            ("/a", "", "/a", Some("")),
        ] {
            let mut request = request("GET", target).header("cookie", cookie).build();
            remove(&sources(), &mut request);
            assert_eq!(request.target(), Some(target_after.as_bytes()), "{target}");
            let cookie_now = request.headers().first("cookie");
            assert_eq!(cookie_now, cookie_after.map(str::as_bytes), "{cookie}");
        }
        for (value, stays) in [("Bearer t", false), ("Basic t", true)] {
            let mut request = request("GET", "/").header("authorization", value).build();
            remove(&sources(), &mut request);
            assert_eq!(
                request.headers().contains("authorization"),
                stays,
                "{value}"
            );
        }
    }

    #[test]
    fn of_several_prefixes_of_one_header_the_longest_that_fits_decides() {
        let header = |prefix: &str| TokenSource::Header {
            name: HeaderName::new("authorization").unwrap(),
            prefix: prefix.into(),
        };
        for sources in [
            [header("Bearer "), header(""), header("Bearer jwt:")],
            [header(""), header("Bearer jwt:"), header("Bearer ")],
        ] {
            for (value, token) in [
                ("Bearer a.b.c", "a.b.c"),
                ("a.b.c", "a.b.c"),
                ("Bearer jwt:a.b.c", "a.b.c"),
                ("Basic a", "Basic a"),
            ] {
                let head = request("GET", "/").header("authorization", value).build();
                assert_eq!(found(&sources, &head), Ok(vec![token.into()]), "{value}");
            }
        }
    }

    #[test]
    fn a_cookie_is_decoded_once_and_may_have_a_prefix() {
        for (prefix, cookies, expected) in [
            ("Bearer ", "session=Bearer%20a.b.c", Ok(vec!["a.b.c"])),
            ("Bearer ", "session=\"Bearer a.b.c\"", Ok(vec!["a.b.c"])),
            ("Bearer ", "session=Bearer%2520a.b.c", Ok(vec![])),
            ("Bearer ", "session=a.b.c", Ok(vec![])),
            ("", "session=a%2Eb.c", Ok(vec!["a.b.c"])),
            ("", "session=a; session=a", Err(Reason::Repeated)),
        ] {
            let head = request("GET", "/").header("cookie", cookies).build();
            let expected = expected.map(|t| t.iter().map(|t| (*t).to_owned()).collect());
            assert_eq!(
                found(&[cookie("session", prefix)], &head),
                expected,
                "{cookies}"
            );
        }
    }

    #[test]
    fn a_websocket_protocol_is_one_element_and_the_others_stay() {
        let prefix = || Element::Prefix("bearer.".into());
        let after = || Element::After("bearer".into());
        for (element, values, expected, left) in [
            (
                prefix(),
                &["chat, bearer.a.b.c"][..],
                Ok(vec!["a.b.c"]),
                Some("chat"),
            ),
            (
                prefix(),
                &["chat", "bearer.a", "v2"],
                Ok(vec!["a"]),
                Some("chat, v2"),
            ),
            (prefix(), &["bearer.a"], Ok(vec!["a"]), None),
            (
                prefix(),
                &["bearer., Bearer.a"],
                Ok(vec![]),
                Some("bearer., Bearer.a"),
            ),
            (
                prefix(),
                &["bearer.a,bearer.b"],
                Err(Reason::Repeated),
                None,
            ),
            (
                after(),
                &["bearer, a.b.c, chat"],
                Ok(vec!["a.b.c"]),
                Some("bearer, chat"),
            ),
            (
                after(),
                &["chat,bearer", "a.b.c"],
                Ok(vec!["a.b.c"]),
                Some("chat, bearer"),
            ),
            (after(), &["chat, bearer"], Ok(vec![]), Some("chat, bearer")),
            (
                after(),
                &["bearer, bearer, a"],
                Ok(vec!["bearer"]),
                Some("bearer, a"),
            ),
            (
                after(),
                &["bearer, a, bearer, b"],
                Err(Reason::Repeated),
                Some("bearer, bearer"),
            ),
            (
                prefix(),
                &["\"chat, bearer.a.b, v2"],
                Ok(vec!["a.b"]),
                Some("\"chat, v2"),
            ),
            (
                after(),
                &["\"chat\\\", bearer, a.b\""],
                Ok(vec!["a.b\""]),
                Some("\"chat\\\", bearer"),
            ),
            (after(), &[], Ok(vec![]), None),
        ] {
            let source = TokenSource::WebSocketProtocol(element);
            let mut head = values
                .iter()
                .fold(request("GET", "/"), |r, v| {
                    r.header("sec-websocket-protocol", *v)
                })
                .build();
            let expected = expected.map(|t| t.iter().map(|t| (*t).to_owned()).collect());
            assert_eq!(
                found(std::slice::from_ref(&source), &head),
                expected,
                "{values:?}"
            );
            remove([&source], &mut head);
            let now = head.headers().joined("sec-websocket-protocol", b", ");
            assert_eq!(now.as_deref(), left.map(str::as_bytes), "{values:?}");
        }
    }
}
