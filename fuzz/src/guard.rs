//! Requests that must not continue: those without a valid token.

use crate::play::Seen;
use crate::reference::percent_decoded;
use crate::tokens;
use filter_kit::testing::Answer;
use filter_kit::testing::servers::serve;

/// Checks that everything is guarded.
///
/// # Panics
/// If a request without a valid token continues.
pub fn all(seen: &Seen<'_>) {
    if matches!(seen.answer, Answer::Continued(_)) {
        assert!(has_good_token(seen), "no token: {:?}", seen.request);
    }
}

/// Checks that what is served as `/admin` is guarded.
///
/// # Panics
/// If a request without a valid token continues, and a server would serve it there.
pub fn admin(seen: &Seen<'_>) {
    if !matches!(seen.answer, Answer::Continued(_)) || has_good_token(seen) {
        return;
    }
    let path = seen.request.iter().find(|(name, _)| name == b":path");
    let Some((_, target)) = path else { return };
    let path = target.split(|b| *b == b'?').next().unwrap_or_default();
    // Envoy rejects other paths, including those with a fragment.
    if path.iter().all(|b| b.is_ascii_graphic() && *b != b'#') {
        let is_served = serve(path, b"/admin");
        assert!(!is_served, "{} is served", path.escape_ascii());
    }
}

/// Whether the request contains a valid token anywhere.
fn has_good_token(seen: &Seen<'_>) -> bool {
    let has = |text: &[u8]| {
        tokens::good().any(|token| {
            let mut windows = text.windows(token.len());
            windows.any(|window| window == token.as_bytes())
        })
    };
    let mut values = seen.request.iter().map(|(_, value)| value);
    values.any(|value| has(value) || has(&percent_decoded(value, true)))
}
