//! Checks that the readings of a path cover every result of the servers.

use super::text::merged;
use super::{PROXIES, SERVERS};
use crate::request::Readings;

/// Returns the resources that all servers serve for a path, with the names of the servers.
pub(super) fn served_by_all(path: &[u8]) -> Vec<(String, Vec<u8>)> {
    let served = SERVERS
        .iter()
        .filter_map(|(name, server)| Some(((*name).to_owned(), server(path)?)));
    served.collect()
}

/// Finds a served resource that is not among the readings of a path, and describes it in a
/// sentence. `same` maps resources that no pattern can distinguish to the same text. A path with
/// too many readings is refused, so it misses none.
pub(super) fn unread(
    path: &[u8],
    served: Vec<(String, Vec<u8>)>,
    same: fn(&[u8]) -> Vec<u8>,
) -> Option<String> {
    let readings = Readings::of(path).ok()?;
    let readings: Vec<_> = readings.iter(path).map(same).collect();
    let (server, place) = served.into_iter().find(|(server, place)| {
        let is_read = readings.iter().any(|r| *r == same(place));
        !is_read && !readings.iter().any(|r| is_loosely(r, server, place))
    })?;
    let readings: Vec<_> = readings
        .iter()
        .map(|r| r.escape_ascii().to_string())
        .collect();
    Some(format!(
        "{server} serves {} for {}, which has the readings {readings:?}",
        place.escape_ascii(),
        path.escape_ascii(),
    ))
}

/// Two servers need no exact reading, because no pattern can distinguish the results.
fn is_loosely(reading: &[u8], server: &str, place: &[u8]) -> bool {
    // It drops a final slash. `exact` matches only one of the two, and the README says which.
    (server.ends_with("http.server") && reading.strip_suffix(b"/") == Some(place))
        // It merges leading slashes and keeps the others. No pattern contains two.
        || (server.ends_with("wsgiref") && merged(reading) == merged(place))
}

/// Finds a server, alone or behind one of the proxies, that serves a resource for a path which is
/// not among the readings of the path. Describes it in a sentence.
#[must_use]
pub fn misread(path: &[u8]) -> Option<String> {
    unread(path, served_by_all(path), <[u8]>::to_vec)
        .or_else(|| normalized_misread(path))
        .or_else(|| {
            // Envoy's `merge_slashes` turns `///` into `//`. No path pattern can distinguish the
            // two.
            let behind = PROXIES.iter().filter_map(|(proxy_name, proxy)| {
                let places = served_by_all(&proxy(path)?).into_iter();
                Some(places.map(move |(name, place)| (format!("{proxy_name}, then {name}"), place)))
            });
            unread(path, behind.flatten().collect(), merged)
        })
}

/// Like [`misread`], for the path as forwarded by a proxy.
fn normalized_misread(path: &[u8]) -> Option<String> {
    PROXIES.iter().find_map(|(_, proxy)| {
        let path = proxy(path)?;
        unread(&path, served_by_all(&path), <[u8]>::to_vec)
    })
}
