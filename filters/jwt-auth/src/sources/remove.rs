//! Removes tokens from a request.

use super::prefix::holds_any;
use super::{Element, TokenSource, WEBSOCKET_PROTOCOL, is_parameter, protocols};
use filter_kit::request::Request;
use std::borrow::Cow;

/// Removes the tokens of these sources from a request, and changes nothing else.
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

/// Returns the WebSocket subprotocols that are not tokens, as one value; `None` if no token was
/// found.
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

/// Returns the target without these query parameters; `None` if it has none of them.
fn without_parameters(names: &[&str], request: &Request) -> Option<Vec<u8>> {
    let query = request.query().filter(|_| !names.is_empty())?;
    let is_named = |part: &[u8]| names.iter().any(|name| is_parameter(part, name));
    let pairs: Vec<&[u8]> = query.split(|b| *b == b'&').collect();
    let kept: Vec<Cow<'_, [u8]>> = pairs
        .iter()
        .filter(|pair| !is_named(pair))
        .map(|pair| without_parts(pair, is_named))
        .collect();
    if kept.len() == pairs.len() && kept.iter().all(|pair| matches!(pair, Cow::Borrowed(_))) {
        return None;
    }
    let mut target = request.path().to_vec();
    if !kept.is_empty() {
        target.push(b'?');
        target.extend(kept.join(&b'&'));
    }
    Some(target)
}

/// Returns a pair of a query without those of its parts after semicolons that are named.
fn without_parts(pair: &[u8], is_named: impl Fn(&[u8]) -> bool) -> Cow<'_, [u8]> {
    let mut parts = pair.split(|b| *b == b';');
    let first = parts.next();
    if !parts.clone().any(&is_named) {
        return Cow::Borrowed(pair);
    }
    let others = parts.filter(|part| !is_named(part));
    let kept: Vec<&[u8]> = first.into_iter().chain(others).collect();
    Cow::Owned(kept.join(&b';'))
}

/// Returns all cookies except these, as one value; `None` if the request has none of them.
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
