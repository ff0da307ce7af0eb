//! Sizes of header names.

/// The set of sizes of names, as bits. Most names that are looked up but missing have a size that
/// no other name has, so no field has to be looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sizes(u64);

impl Sizes {
    /// Adds the size of a name.
    pub fn add_name(&mut self, name: &[u8]) {
        self.add(size_of_name(name));
    }

    /// Whether the two sets may have a size in common.
    pub(super) fn meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn of(size: u32) -> Self {
        Self(1_u64.wrapping_shl(size))
    }

    pub(super) fn add(&mut self, size: u32) {
        self.0 |= Self::of(size).0;
    }

    /// Whether a name may have this size.
    pub(super) fn may_have(self, size: u32) -> bool {
        self.0 & Self::of(size).0 != 0
    }
}

pub(super) fn size_of_name(name: &[u8]) -> u32 {
    u32::try_from(name.len()).unwrap_or(u32::MAX)
}
