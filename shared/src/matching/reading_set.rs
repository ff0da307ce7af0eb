//! The set of readings of a path that match.

use crate::request::MAX_READINGS;

/// A set of readings of one path.
///
/// Readings beyond those that the path has are in the set if the first one is. So a path with one
/// reading gives all or none, and the results of matches without path patterns combine with the
/// others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadingSet(u64);

impl ReadingSet {
    /// All readings.
    pub const ALL: Self = Self(u64::MAX);

    /// No reading.
    pub const NONE: Self = Self(0);

    /// Whether the set contains all readings.
    #[must_use]
    pub fn is_all(self) -> bool {
        self == Self::ALL
    }

    /// Whether the set contains no reading.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// Returns the readings that are in both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns the readings that are in at least one of the sets.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the readings of this set that are not in the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl FromIterator<bool> for ReadingSet {
    /// Collects the results for each reading, in order.
    fn from_iter<I: IntoIterator<Item = bool>>(readings: I) -> Self {
        let mut readings = readings.into_iter().take(MAX_READINGS);
        let first = readings.next().unwrap_or(false);
        let mut set = if first { u64::MAX } else { 0 };
        let mut bit = 1_u64;
        for matches in readings {
            bit = bit.wrapping_shl(1);
            set = if matches { set | bit } else { set & !bit };
        }
        Self(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_one_path_combine() {
        let set = |readings: &[bool]| readings.iter().copied().collect::<ReadingSet>();
        assert!(set(&[true]).is_all() && set(&[true, true]).is_all());
        assert!(set(&[false]).is_none() && set(&[false, false]).is_none());
        let (first, second) = (set(&[true, false]), set(&[false, true]));
        for some in [first, second] {
            assert!(!some.is_all() && !some.is_none());
        }
        assert!(first.or(second).is_all());
        assert!(first.and(second).is_none());
        assert!(ReadingSet::ALL.without(first).without(second).is_none());
        assert_eq!(ReadingSet::ALL.without(first), second);
    }

    #[test]
    fn as_many_readings_as_there_may_be_have_their_place() {
        let last = (0..MAX_READINGS).map(|n| n == MAX_READINGS - 1);
        let set: ReadingSet = last.collect();
        assert_eq!(set, ReadingSet(1 << 63));
    }
}
