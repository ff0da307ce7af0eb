//! The entries of a neighbourhood: how many leases of a key a holder has.

/// The number of leases of a key that a holder has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) fingerprint: u64,
    pub(super) holder: u64,
    pub(super) count: u32,
}

/// Fingerprint, holder and count, in little-endian.
const ENTRY_BYTES: usize = 20;

/// Ignores an incomplete entry at the end, which belongs to another program under the same `vm_id`.
pub(super) fn decode(bytes: &[u8]) -> Vec<Entry> {
    bytes
        .chunks_exact(ENTRY_BYTES)
        .filter_map(|entry| {
            let (fingerprint, rest) = entry.split_first_chunk()?;
            let (holder, rest) = rest.split_first_chunk()?;
            Some(Entry {
                fingerprint: u64::from_le_bytes(*fingerprint),
                holder: u64::from_le_bytes(*holder),
                count: u32::from_le_bytes(*rest.first_chunk()?),
            })
        })
        .collect()
}

pub(super) fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entries.len().saturating_mul(ENTRY_BYTES));
    for entry in entries {
        bytes.extend_from_slice(&entry.fingerprint.to_le_bytes());
        bytes.extend_from_slice(&entry.holder.to_le_bytes());
        bytes.extend_from_slice(&entry.count.to_le_bytes());
    }
    bytes
}
