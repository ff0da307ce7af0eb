//! Shared data in memory, for native tests and for filters that need no host.

use super::{CasStore, Conflict, Expected, Stored, Version};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// An in-memory store that behaves like Envoy's shared data.
#[derive(Debug, Default)]
pub struct MemoryStore {
    values: RefCell<BTreeMap<String, Stored>>,
}

impl MemoryStore {
    /// Returns the number of keys ever written.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.values.borrow().len()
    }

    /// Returns the total size of all keys and values, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let values = self.values.borrow();
        values
            .iter()
            .map(|(key, stored)| key.len().saturating_add(stored.value.len()))
            .sum()
    }
}

impl CasStore for MemoryStore {
    fn load(&self, key: &str) -> Option<Stored> {
        self.values.borrow().get(key).cloned()
    }

    fn store(&self, key: &str, value: &[u8], expected: Expected) -> Result<(), Conflict> {
        let mut values = self.values.borrow_mut();
        let present = values.get(key).map(|stored| stored.version);
        let next = match (present, expected) {
            (None, Expected::Absent) => 1,
            (Some(version), Expected::Version(wanted)) if version == wanted => {
                version.0.checked_add(1).unwrap_or(1)
            }
            // The host ignores the version if the key does not exist.
            (None, Expected::Version(_)) => 1,
            _ => return Err(Conflict),
        };
        let stored = Stored {
            value: value.to_vec(),
            version: Version(next),
        };
        values.insert(key.to_owned(), stored);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_needs_the_version_that_stands_there() {
        let store = MemoryStore::default();
        assert_eq!(store.load("a"), None);
        assert_eq!(store.store("a", b"1", Expected::Absent), Ok(()));
        assert_eq!(store.store("a", b"2", Expected::Absent), Err(Conflict));
        let first = store.load("a").unwrap();
        assert_eq!(first.value, b"1");
        let stands = Expected::Version(first.version);
        assert_eq!(store.store("a", b"2", stands), Ok(()));
        assert_eq!(store.store("a", b"3", stands), Err(Conflict));
        assert_eq!(store.load("a").unwrap().value, b"2");
        assert_eq!((store.keys(), store.bytes()), (1, 2));
    }
}
