//! Header maps: read as one buffer, written back as the fewest edits.

use super::abi::{self, Map, Status};
use crate::headers::{Edit, Headers};

/// Reads all headers of a message, including pseudo-headers. Call it only in the callback for the
/// headers of that map or, for the request, while it is paused.
pub(crate) fn map(map: Map) -> Headers {
    Headers::from_host(abi::map(map).unwrap_or_default())
}

/// Writes the difference between the received headers and the current ones to the host. After an
/// edit of the request Envoy selects the route again.
pub(crate) fn write(map: Map, headers: &Headers) {
    headers.each_edit(|edit| carry_out(map, edit));
}

/// Applies one edit. Call it only in the callback for the headers of that map.
pub(crate) fn carry_out(map: Map, edit: Edit<'_>) {
    let done = match edit {
        Edit::Set(name, value) => abi::replace_map_value(map, name, value),
        Edit::Add(name, value) => abi::add_map_value(map, name, value),
        Edit::Remove(name) => abi::remove_map_value(map, name),
    };
    if let Err(status) = done {
        refused(status);
    }
}

#[cold]
fn refused(status: Status) {
    log::error!("the host refused to edit a header: {status:?}");
}

/// Encodes a header map as the ABI requires: the count, the sizes, then names and values, each
/// followed by a NUL.
pub(crate) fn serialize<'a>(
    pairs: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])> + Clone,
) -> Vec<u8> {
    let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    // The count, then two sizes and two NULs for each pair.
    let bytes = pairs.clone().fold(4_usize, |bytes, (name, value)| {
        let pair = name.len().saturating_add(value.len());
        bytes.saturating_add(pair).saturating_add(10)
    });
    let mut map = Vec::with_capacity(bytes);
    map.extend_from_slice(&size(pairs.len()));
    for (name, value) in pairs.clone() {
        map.extend_from_slice(&size(name.len()));
        map.extend_from_slice(&size(value.len()));
    }
    for (name, value) in pairs {
        map.extend_from_slice(name);
        map.push(0);
        map.extend_from_slice(value);
        map.push(0);
    }
    map
}
