//! Waits for a condition, instead of sleeping for as long as it might take.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How often a condition is checked.
const POLL: Duration = Duration::from_millis(10);

/// Calls `ask` until it returns a result or the timeout expires, at least once.
pub(crate) fn poll<T>(timeout: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        // Read before asking, so that the last call happens after the timeout.
        let is_last = start.elapsed() >= timeout;
        let answer = ask();
        if answer.is_some() || is_last {
            return answer;
        }
        thread::sleep(POLL);
    }
}

/// Waits until the condition is true.
///
/// # Panics
/// If it is not true in time.
#[track_caller]
pub fn until(what: &str, timeout: Duration, mut holds: impl FnMut() -> bool) {
    assert!(
        poll(timeout, || holds().then_some(())).is_some(),
        "not in {timeout:?}: {what}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_ends_the_waiting() {
        let mut asked = 0;
        let third = poll(Duration::from_secs(60), || {
            asked += 1;
            (asked == 3).then_some(asked)
        });
        assert_eq!(third, Some(3));
    }

    #[test]
    #[should_panic(expected = "not in 0ns: pigs fly")]
    fn a_condition_that_never_holds_fails() {
        until("pigs fly", Duration::ZERO, || false);
    }
}
