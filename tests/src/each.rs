//! Runs one check for many items, several at a time.

use std::{
    fmt::Display,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
    thread,
};

/// Checks every item, as many at a time as there are processors.
///
/// # Panics
/// At the end, with the names of those that failed; their reasons are printed before.
pub fn each<T: Sync, N: Display>(items: &[T], name: impl Fn(&T) -> N, check: impl Fn(&T) + Sync) {
    let left = Mutex::new(items.iter());
    let failed = Mutex::new(Vec::new());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(item) = next() {
                    if catch_unwind(AssertUnwindSafe(|| check(item))).is_err() {
                        failed
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(item);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    let names: Vec<_> = failed.iter().map(|item| name(item).to_string()).collect();
    assert!(names.is_empty(), "failed: {}", names.join(", "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "failed: 3")]
    fn every_item_is_checked_and_those_that_fail_are_named() {
        each(&[1, 2, 3, 4], |n| *n, |n| assert_ne!(*n, 3));
    }
}
