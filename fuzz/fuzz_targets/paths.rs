//! Paths: what a server serves, alone or behind a proxy, is among the readings, so the rule of a
//! path applies to it. The input is a path or, depending on its first byte, steps that disguise
//! one.
#![no_main]

use catalog_fuzz::work;
use filter_kit::matching::{PathPattern, RawPath};
use filter_kit::request::{MAX_READINGS, Readings, is_plain};
use filter_kit::testing::servers::{disguise, misread, serve};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

/// Readings are computed once for each request.
const MAX_WORK: Duration = Duration::from_millis(500);

const PLACES: [&[u8]; 4] = [b"/admin", b"/admin/users", b"/v1/users:purge", b"/100%"];

fuzz_target!(|data: &[u8]| {
    let path = match data.split_first() {
        Some((b'/', _)) => data.to_vec(),
        Some((place, steps)) => {
            let (pairs, _) = steps.as_chunks::<2>();
            let steps: Vec<_> = pairs
                .iter()
                .take(12)
                .map(|[step, at]| (*step, *at))
                .collect();
            disguise(PLACES[usize::from(*place) % PLACES.len()], &steps)
        }
        None => return,
    };
    let work = work::least(MAX_WORK, || drop(Readings::of(&path)));
    assert!(work <= MAX_WORK, "{work:?} for {} bytes", path.len());
    if let Ok(readings) = Readings::of(&path) {
        assert!(readings.len() <= MAX_READINGS);
        let canonical = readings.canonical(&path);
        assert!(readings.iter(&path).any(|reading| reading == canonical));
        if is_plain(&path) {
            assert_eq!(readings.len(), 1);
        }
    }
    // Envoy rejects others, and the models are slow for long ones.
    if path.len() <= 256 && path.iter().all(u8::is_ascii_graphic) {
        for place in ["/admin", "/v1"] {
            let is_met = Readings::of(&path).map_or(true, |readings| {
                let prefix = pattern(place);
                readings.iter(&path).any(|reading| prefix.fits(reading))
            });
            let is_served = serve(&path, place.as_bytes());
            assert!(is_met || !is_served, "{place}: {}", path.escape_ascii());
        }
        assert_eq!(misread(&path), None);
    }
});

fn pattern(prefix: &str) -> PathPattern {
    let raw = RawPath {
        prefix: Some(prefix.to_owned()),
        ..RawPath::default()
    };
    raw.build().unwrap()
}
