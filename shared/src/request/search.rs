//! Limits how much text regular expressions may search for one request. The limit applies to all of
//! them together, whatever a client sends.

use super::{Request, TooManyReadings};
use crate::values::Pattern;

/// Maximum work of all regular expressions together, in bytes searched by a small expression. Most
/// expressions take 4 ms for it in a VM. One whose DFA would be too large takes up to 0.5 s.
const MAX_SEARCHED_BYTES: usize = 1024 * 1024;

impl Request {
    /// Deducts work from the request's budget for regular expressions.
    ///
    /// # Errors
    /// [`TooManyReadings`] if the budget is exceeded: the request is too long for so many patterns,
    /// or for such expensive ones.
    pub(crate) fn search(&self, bytes: usize) -> Result<(), TooManyReadings> {
        let searched = self.searched.get().saturating_add(bytes);
        self.searched.set(searched);
        if searched > MAX_SEARCHED_BYTES {
            return Err(TooManyReadings);
        }
        Ok(())
    }

    /// Deducts the work of searching a text of the request for a pattern.
    ///
    /// # Errors
    /// [`TooManyReadings`] if the budget is exceeded. The request must not continue.
    pub fn pay_for(&self, pattern: &Pattern, text: &[u8]) -> Result<(), TooManyReadings> {
        match pattern.counted_work(text.len()) {
            0 => Ok(()),
            work => self.search(work),
        }
    }
}
