//! Values that begin with the prefix of a source, as `Bearer `: the token behind it, and what a
//! server may take for one.

use filter_kit::values::is_token;

/// What follows the prefix, without surrounding white space; `None` where there is no prefix, or
/// nothing after it. A space at the end of the prefix is any white space (RFC 9110, section 11.4).
pub(super) fn after_prefix<'v>(value: &'v [u8], prefix: &str) -> Option<&'v [u8]> {
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
pub(super) fn parts(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',')
}

/// Whether a value, or one that was joined to it, begins as a token of a source with this prefix
/// does.
pub(super) fn holds_any(value: &[u8], prefix: &str) -> bool {
    holds(prefix)(value) || (value.contains(&b',') && parts(value).any(holds(prefix)))
}

/// Whether a part of a value begins as a token of a source with this prefix does, or so that a server
/// may take it for one: to some, other characters than those of RFC 9110 are white space too, as the
/// byte 0xA0, or are skipped.
pub(super) fn holds(prefix: &str) -> impl Fn(&[u8]) -> bool {
    move |part| after_prefix(part, prefix).is_some() || begins_loosely(part, prefix)
}

fn begins_loosely(part: &[u8], prefix: &str) -> bool {
    let scheme = prefix.trim_ascii_end();
    let is_other = |b: &u8| !is_token(std::slice::from_ref(b));
    let start = part.iter().take_while(|b| is_other(b)).count();
    let Some((head, rest)) = part
        .get(start..)
        .and_then(|part| part.split_at_checked(scheme.len()))
    else {
        return false;
    };
    let is_apart = scheme.len() == prefix.len() || rest.first().is_some_and(is_other);
    let is_scheme = !scheme.is_empty() && head.eq_ignore_ascii_case(scheme.as_bytes());
    is_scheme && is_apart && !rest.iter().all(is_other)
}
