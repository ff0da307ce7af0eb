//! Values that begin with the prefix of a source, such as `Bearer `: the token after it, and
//! anything that a server may mistake for one.

use filter_kit::values::is_token;

/// Returns what follows the prefix, without surrounding white space; `None` if the prefix is
/// missing, or if nothing follows it. A space at the end of the prefix matches any white space (RFC
/// 9110, section 11.4).
pub(super) fn after_prefix<'v>(value: &'v [u8], prefix: &str) -> Option<&'v [u8]> {
    // The form that most clients send: exactly the prefix, and no additional white space.
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

/// Splits values that were joined by commas. A token contains no comma.
pub(super) fn parts(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',')
}

/// Whether a value, or one joined to it, begins like a token of a source with this prefix.
pub(super) fn holds_any(value: &[u8], prefix: &str) -> bool {
    holds(prefix)(value) || (value.contains(&b',') && parts(value).any(holds(prefix)))
}

/// Whether a part of a value begins like a token of a source with this prefix, or so that a server
/// may mistake it for one: some servers treat characters other than those of RFC 9110 as white
/// space, such as the byte 0xA0, or skip them.
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
