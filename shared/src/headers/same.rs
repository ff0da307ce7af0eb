//! Comparisons that are cheap in a VM.

/// Whether two names are the same. Most names are compared by their two ends, which may overlap.
/// Not inlined into loops over fields, because it is not called for most fields.
#[must_use]
#[inline(never)]
pub fn is_same_name(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        0..4 => {
            let middle = a.len() / 2;
            a.first() == b.first() && a.last() == b.last() && a.get(middle) == b.get(middle)
        }
        4..8 => has_same_ends::<4>(a, b),
        8..=16 => has_same_ends::<8>(a, b),
        _ => is_same_long_name(a, b),
    }
}

#[inline(never)]
fn is_same_long_name(a: &[u8], b: &[u8]) -> bool {
    is_same(a, b)
}

fn has_same_ends<const N: usize>(a: &[u8], b: &[u8]) -> bool {
    match (
        a.last_chunk::<N>(),
        b.last_chunk(),
        a.first_chunk::<N>(),
        b.first_chunk(),
    ) {
        (Some(a_end), Some(b_end), Some(a), Some(b)) => a_end == b_end && a == b,
        _ => false,
    }
}

/// Whether two long texts are the same. Compares eight bytes at a time, in groups of four; the
/// function that `==` calls in a module compares byte by byte.
#[must_use]
pub fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<32>(), b.as_chunks::<32>());
    let mut difference = 0;
    for (a, b) in a.iter().zip(b) {
        if let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0) {
            difference |=
                differing(a0, b0) | differing(a1, b1) | differing(a2, b2) | differing(a3, b3);
        }
    }
    let ((a, a_rest), (b, b_rest)) = (a_rest.as_chunks::<8>(), b_rest.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        difference |= differing(a, b);
    }
    difference == 0 && a_rest.iter().zip(b_rest).all(|(a, b)| a == b)
}

/// Returns the bits that differ.
fn differing(a: &[u8; 8], b: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b)
}
