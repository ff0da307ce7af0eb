//! How much regular expressions may look through of one request: the work of all together is
//! bounded, whatever a client sends.

use super::{Request, TooManyReadings};
use crate::values::Pattern;

/// The most work of all regular expressions together, in bytes that a small one looks through: 70 ms
/// in a VM, where one needs some 70 ns for a byte.
const MAX_SEARCHED_BYTES: usize = 1024 * 1024;

impl Request {
    /// Takes from what regular expressions may look through of the request.
    ///
    /// # Errors
    /// [`TooManyReadings`] where nothing is left: the request is too long for so many patterns, or
    /// for such ones.
    pub(crate) fn search(&self, bytes: usize) -> Result<(), TooManyReadings> {
        let searched = self.searched.get().saturating_add(bytes);
        self.searched.set(searched);
        if searched > MAX_SEARCHED_BYTES {
            return Err(TooManyReadings);
        }
        Ok(())
    }

    /// Takes the work of looking for a pattern in a text of the request from what may be had.
    ///
    /// # Errors
    /// [`TooManyReadings`] where nothing is left: the request must not go on.
    pub fn pay_for(&self, pattern: &Pattern, text: &[u8]) -> Result<(), TooManyReadings> {
        match pattern.counted_work(text.len()) {
            0 => Ok(()),
            work => self.search(work),
        }
    }
}
