//! The host's shared data, as a [`CasStore`].

use super::abi;
use crate::store::{CasStore, Conflict, Expected, Stored, Version};

/// A version that no key ever has. A write with it succeeds only if the key does not exist yet
/// (measured on 1.40: of six VMs that write at the same time, one succeeds).
const NEVER: u32 = u32::MAX;

/// State shared by all workers: Envoy's shared data, which exists once per `vm_id`. Give every
/// filter its own `vm_id`, or filters share keys. Usable in any callback.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SharedData;

impl CasStore for SharedData {
    fn load(&self, key: &str) -> Option<Stored> {
        let (value, version) = abi::shared_data(key.as_bytes())?;
        Some(Stored {
            value,
            version: Version(version),
        })
    }

    fn store(&self, key: &str, value: &[u8], expected: Expected) -> Result<(), Conflict> {
        let version = match expected {
            Expected::Absent => NEVER,
            Expected::Version(Version(version)) => version,
        };
        abi::set_shared_data(key.as_bytes(), value, version).map_err(|_| Conflict)
    }
}

/// Returns sixteen random bytes from the host.
#[must_use]
pub fn random_seed() -> [u8; 16] {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let half = || RandomState::new().build_hasher().finish().to_le_bytes();
    let mut seed = [0; 16];
    for (byte, random) in seed.iter_mut().zip(half().into_iter().chain(half())) {
        *byte = random;
    }
    seed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_seeds_differ() {
        assert_ne!(random_seed(), random_seed());
        let seed = random_seed();
        assert_ne!(seed.get(..8), seed.get(8..));
    }
}
