//! Headers in the form in which the host hands them over.

use super::{Field, Sizes, Span};

/// Where names and values stand in the host's buffer, and the sizes of the names; `None` where it
/// is not in that form.
pub(super) fn spans(bytes: &[u8]) -> Option<(Vec<Field>, Sizes)> {
    let count = u32::from_le_bytes(*bytes.first_chunk()?);
    let count = usize::try_from(count).ok()?;
    let sizes = bytes.get(4..)?.get(..count.checked_mul(8)?)?;
    // With room for what is added.
    let mut fields = Vec::with_capacity(count.checked_add(4)?);
    let mut known = Sizes::default();
    // Sums of at most as many 32-bit sizes as there are bytes are far from 64 bits. A start beyond
    // 32 bits is one beyond the buffer, for which there are no fields.
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
