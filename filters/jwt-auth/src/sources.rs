//! Where tokens stand in a request, and how they are taken out of it (RFC 6750, section 2).

use crate::reason::Reason;
use filter_kit::headers::Edit;
use filter_kit::request::{RequestHead, cookie_values, form_decode, split_target};
use filter_kit::values::HeaderName;

/// One place for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// A header whose value begins with `prefix`, compared without case, as schemes are (RFC 9110, section 11.1).
    Header {
        /// The header.
        name: HeaderName,
        /// What stands before the token; may be empty.
        prefix: String,
    },
    /// A query parameter.
    Query(String),
    /// A cookie.
    Cookie(String),
}

impl TokenSource {
    /// The token that stands here.
    fn token(&self, head: &RequestHead) -> Result<Option<Vec<u8>>, Reason> {
        match self {
            Self::Header { name, prefix } => {
                let mut values = head.headers.all(name.as_str()).peekable();
                let Some(first) = values.next() else {
                    return Ok(None);
                };
                if values.peek().is_none() {
                    return Ok(after_prefix(first, prefix).map(<[u8]>::to_vec));
                }
                // Which of several values the upstream would read is anybody's guess.
                let holds_token = std::iter::once(first)
                    .chain(values)
                    .any(|value| after_prefix(value, prefix).is_some());
                if holds_token {
                    Err(Reason::Repeated)
                } else {
                    Ok(None)
                }
            }
            Self::Query(name) => only(head.query_values(name)),
            Self::Cookie(name) => only(cookie_values(&head.headers, name).map(<[u8]>::to_vec)),
        }
    }
}

/// The one value; an empty one is none.
fn only(mut values: impl Iterator<Item = Vec<u8>>) -> Result<Option<Vec<u8>>, Reason> {
    let first = values.next();
    match values.next() {
        None => Ok(first.filter(|token| !token.is_empty())),
        Some(_) => Err(Reason::Repeated),
    }
}

/// What follows the prefix, without surrounding white space; `None` where there is no prefix, or nothing after it.
fn after_prefix<'v>(value: &'v [u8], prefix: &str) -> Option<&'v [u8]> {
    let (head, rest) = value.trim_ascii().split_at_checked(prefix.len())?;
    let token = rest.trim_ascii_start();
    (head.eq_ignore_ascii_case(prefix.as_bytes()) && !token.is_empty()).then_some(token)
}

/// The tokens of a request that stand in these places, in their order. The same token in two places is one.
///
/// # Errors
/// [`Reason::Repeated`] where one place holds more than one value.
pub fn find(sources: &[TokenSource], head: &RequestHead) -> Result<Vec<Vec<u8>>, Reason> {
    let mut tokens: Vec<Vec<u8>> = Vec::new();
    for source in sources {
        if let Some(token) = source.token(head)?
            && !tokens.contains(&token)
        {
            tokens.push(token);
        }
    }
    Ok(tokens)
}

/// The edits that take the tokens in these places out of a request; nothing else of it changes.
pub fn remove<'s>(
    sources: impl IntoIterator<Item = &'s TokenSource>,
    head: &RequestHead,
) -> Vec<Edit> {
    let mut edits = Vec::new();
    let (mut parameters, mut cookies) = (Vec::new(), Vec::new());
    for source in sources {
        match source {
            TokenSource::Header { name, prefix } => {
                let held = head
                    .headers
                    .first(name.as_str())
                    .is_some_and(|value| after_prefix(value, prefix).is_some());
                let edit = Edit::Remove(name.as_str().to_owned());
                if held && !edits.contains(&edit) {
                    edits.push(edit);
                }
            }
            TokenSource::Query(name) => parameters.push(name.as_str()),
            TokenSource::Cookie(name) => cookies.push(name.as_str()),
        }
    }
    edits.extend(without_parameters(&parameters, head));
    edits.extend(without_cookies(&cookies, head));
    edits
}

fn without_parameters(names: &[&str], head: &RequestHead) -> Option<Edit> {
    let target = head.target.as_deref().filter(|_| !names.is_empty())?;
    let (path, query) = split_target(target);
    let query = query?;
    let pairs: Vec<&[u8]> = query.split(|b| *b == b'&').collect();
    let kept: Vec<&[u8]> = pairs
        .iter()
        .copied()
        .filter(|pair| {
            let name = pair.split(|b| *b == b'=').next().unwrap_or_default();
            !names.iter().any(|n| form_decode(name) == n.as_bytes())
        })
        .collect();
    if kept.len() == pairs.len() {
        return None;
    }
    let mut target = path.to_vec();
    if !kept.is_empty() {
        target.push(b'?');
        target.extend(kept.join(&b'&'));
    }
    Some(Edit::Set(":path".to_owned(), target))
}

fn without_cookies(names: &[&str], head: &RequestHead) -> Option<Edit> {
    if names.is_empty() {
        return None;
    }
    let all: Vec<&[u8]> = head
        .headers
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
    match kept.as_slice() {
        _ if kept.len() == all.len() => None,
        [] => Some(Edit::Remove("cookie".to_owned())),
        _ => Some(Edit::Set("cookie".to_owned(), kept.join(&b"; "[..]))),
    }
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

    fn sources() -> Vec<TokenSource> {
        let query = TokenSource::Query("access_token".into());
        vec![bearer(), query, TokenSource::Cookie("session".into())]
    }

    #[test]
    fn a_header_holds_a_token_after_its_prefix() {
        for (values, expected) in [
            (&["Bearer a.b.c"][..], Ok(vec!["a.b.c"])),
            (&["bearer a.b.c"], Ok(vec!["a.b.c"])),
            (&["Bearer   a.b.c  "], Ok(vec!["a.b.c"])),
            (&["Bearer a, Bearer b"], Ok(vec!["a, Bearer b"])),
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
            let found = find(&[bearer()], &head);
            let expected =
                expected.map(|t| t.iter().map(|t| t.as_bytes().to_vec()).collect::<Vec<_>>());
            assert_eq!(found, expected, "{values:?}");
        }
    }

    #[test]
    fn tokens_are_found_in_declared_places_only_and_once() {
        let head = request("GET", "/?access_token=t1&x=t9")
            .header("authorization", "Bearer t2")
            .header("cookie", "a=1; session=t1")
            .header("x-token", "t9")
            .build();
        assert_eq!(
            find(&sources(), &head),
            Ok(vec![b"t2".to_vec(), b"t1".to_vec()])
        );
        for target in [
            "/?access_token=a&access_token=a",
            "/?access_token=a&%61ccess_token=b",
        ] {
            let head = request("GET", target).build();
            assert_eq!(find(&sources(), &head), Err(Reason::Repeated), "{target}");
        }
        let head = request("GET", "/")
            .header("cookie", "session=a")
            .header("cookie", "session=b")
            .build();
        assert_eq!(find(&sources(), &head), Err(Reason::Repeated));
        let head = request("GET", "/?access_token=")
            .header("cookie", "session=")
            .build();
        assert_eq!(find(&sources(), &head), Ok(vec![]));
    }

    #[test]
    fn removal_takes_the_token_and_nothing_else() {
        for (target, cookie, expected) in [
            (
                "/a?access_token=t",
                "session=t",
                vec![
                    Edit::Set(":path".into(), b"/a".to_vec()),
                    Edit::Remove("cookie".into()),
                ],
            ),
            (
                "/a?b=%20&access%5Ftoken=t&&c",
                "a=1;session=t; b=\"2\"",
                vec![
                    Edit::Set(":path".into(), b"/a?b=%20&&c".to_vec()),
                    Edit::Set("cookie".into(), b"a=1; b=\"2\"".to_vec()),
                ],
            ),
            ("/a?b=c", "a=1", vec![]),
            ("/a", "", vec![]),
        ] {
            let head = request("GET", target).header("cookie", cookie).build();
            assert_eq!(remove(&sources(), &head), expected, "{target} {cookie}");
        }
        let head = request("GET", "/")
            .header("authorization", "Bearer t")
            .build();
        assert_eq!(
            remove(&sources(), &head),
            [Edit::Remove("authorization".into())]
        );
        let head = request("GET", "/")
            .header("authorization", "Basic t")
            .build();
        assert_eq!(remove(&sources(), &head), []);
    }
}
