//! Names that a server may read as one.

/// Whether two different names are the same to a server that takes every character but letters and
/// digits for one.
#[must_use]
pub fn is_look_alike(name: &[u8], other: &[u8]) -> bool {
    name != other && is_spelling_of(name, other)
}

/// Whether a server that takes every character but letters and digits for one reads `name` as
/// `other`.
fn is_spelling_of(name: &[u8], other: &[u8]) -> bool {
    let same = |(a, b): (&u8, &u8)| {
        a.eq_ignore_ascii_case(b) || !(a.is_ascii_alphanumeric() || b.is_ascii_alphanumeric())
    };
    name.len() == other.len() && name.iter().zip(other).all(same)
}

/// The name as such a server has it, with `-` for every character but letters and digits. For
/// patterns of names.
#[must_use]
pub fn plain_name(name: &[u8]) -> Vec<u8> {
    name.iter()
        .map(|b| if b.is_ascii_alphanumeric() { *b } else { b'-' })
        .collect()
}
