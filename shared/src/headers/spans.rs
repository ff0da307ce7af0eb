//! Parses headers in the form in which the host passes them.

use super::{Field, Sizes, Span};

/// Returns the positions of names and values in the host's buffer, and the sizes of the names;
/// `None` if the buffer is malformed.
pub(super) fn spans(bytes: &[u8]) -> Option<(Vec<Field>, Sizes)> {
    let count = u32::from_le_bytes(*bytes.first_chunk()?);
    let count = usize::try_from(count).ok()?;
    let sizes = bytes.get(4..)?.get(..count.checked_mul(8)?)?;
    // Leaves room for added fields.
    let mut fields = Vec::with_capacity(count.checked_add(4)?);
    let mut known = Sizes::default();
    // The sum of 32-bit sizes, at most as many as there are bytes, cannot overflow 64 bits. A start
    // beyond 32 bits is beyond the end of the buffer, where there are no fields.
    let mut start = u64::try_from(sizes.len()).ok()?.wrapping_add(4);
    fields.extend(sizes.as_chunks::<8>().0.iter().map(|pair| {
        let pair = u64::from_le_bytes(*pair);
        let (name_size, value_size) = (pair & u64::from(u32::MAX), pair >> 32);
        let value = start.wrapping_add(name_size).wrapping_add(1);
        let name = span(start, name_size);
        start = value.wrapping_add(value_size).wrapping_add(1);
        known.add(name.size);
        Field {
            name,
            value: span(value, value_size),
            present: true,
        }
    }));
    (usize::try_from(start).ok()? <= bytes.len()).then_some((fields, known))
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a size has 32 bits; a start beyond them is refused as a whole"
)]
fn span(start: u64, size: u64) -> Span {
    Span {
        start: start as u32,
        size: size as u32,
    }
}
