//! Header names that a server may treat as the same name.

/// Whether two names are different, but the same to a server that does not distinguish characters
/// other than letters and digits.
#[must_use]
pub fn is_look_alike(name: &[u8], other: &[u8]) -> bool {
    name != other && is_spelling_of(name, other)
}

/// Whether a server that does not distinguish characters other than letters and digits reads `name`
/// as `other`.
fn is_spelling_of(name: &[u8], other: &[u8]) -> bool {
    let same = |(a, b): (&u8, &u8)| {
        a.eq_ignore_ascii_case(b) || !(a.is_ascii_alphanumeric() || b.is_ascii_alphanumeric())
    };
    name.len() == other.len() && name.iter().zip(other).all(same)
}

/// Returns the name as such a server sees it, with `-` for every character other than letters and
/// digits. For patterns of names.
#[must_use]
pub fn plain_name(name: &[u8]) -> Vec<u8> {
    name.iter()
        .map(|b| if b.is_ascii_alphanumeric() { *b } else { b'-' })
        .collect()
}
