//! Conditions of an operation on a response.

use super::Exchange;
use filter_kit::matching::TextMatch;
use filter_kit::response::Response;
use filter_kit::values::HeaderName;
use std::ops::RangeInclusive;

/// The responses to which an operation applies. All parts must match.
#[derive(Debug, Clone, Default)]
pub struct When {
    /// Any of these statuses; empty matches every status.
    pub statuses: Vec<RangeInclusive<u16>>,
    /// All of these headers.
    pub headers: Vec<(HeaderName, TextMatch)>,
    /// Only over HTTPS.
    pub https: bool,
}

impl When {
    /// Returns the same condition, over HTTPS only.
    #[must_use]
    pub fn over_https(&self) -> Self {
        Self {
            https: true,
            ..self.clone()
        }
    }

    /// Whether it is met by every response.
    pub(super) fn is_always(&self) -> bool {
        self.statuses.is_empty() && self.headers.is_empty() && !self.https
    }

    #[inline(never)]
    pub(super) fn holds(&self, response: &Response, exchange: &mut Exchange<'_>) -> bool {
        (!self.https || exchange.kept.is_some_and(|kept| kept.is_https))
            && self.status_holds(response, exchange)
            && self
                .headers
                .iter()
                .all(|(name, matcher)| matcher.fits(response.headers().all(name.as_str())))
    }

    fn status_holds(&self, response: &Response, exchange: &mut Exchange<'_>) -> bool {
        let status = || status_of(response);
        self.statuses.is_empty()
            || exchange
                .status
                .get_or_insert_with(status)
                .is_some_and(|status| self.statuses.iter().any(|range| range.contains(&status)))
    }
}

/// Returns the status. Reads only the status if the headers have not been read yet.
fn status_of(response: &Response) -> Option<u16> {
    let status = response.value(":status")?;
    std::str::from_utf8(&status).ok()?.parse().ok()
}
